// What happens while it is stopped, step by step, as the lines of Procession itself tell it.
import { useEffect, useState } from "react";
import { ask } from "#api/endpoint.ts";
import { clock } from "#parts/time.tsx";
import { type OneFragment, Steps, type StepsQuery } from "./process.graphql.ts";

const EVERY_MS = 700;
const OURS = "[procession] ";

type Step = NonNullable<StepsQuery["process"]>["output"]["lines"][number];

export function Stopping({ process: { id, status, stopRequestedAt } }: { process: OneFragment }) {
  const isOn = status === "RUNNING" && stopRequestedAt !== null;
  const steps = useSteps(id, isOn);
  if (!isOn) return null;
  return (
    <section className="outcome stopping" aria-live="polite">
      <b>Stopping</b>
      <ol>
        <li><time>{clock(stopRequestedAt)}</time> Somebody asked for its end</li>
        {steps.map(({ seq, time, text }) => <li key={seq}><time>{clock(time)}</time> {text.slice(OURS.length)}</li>)}
        <li className="faint"><span className="spinner" aria-hidden="true" />Waiting until nothing of it is left</li>
      </ol>
    </section>
  );
}

function useSteps(id: string, isOn: boolean): Step[] {
  const [steps, setSteps] = useState<Step[]>([]);
  useEffect(() => {
    if (!isOn) return;
    const look = () => ask(Steps, { id }).then(({ process }) => setSteps(process?.output.lines.filter(({ text }) => text.startsWith(OURS)) ?? []), () => {});
    void look();
    const timer = setInterval(look, EVERY_MS);
    return () => clearInterval(timer);
  }, [id, isOn]);
  return steps;
}
