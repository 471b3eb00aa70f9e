// One process.
import { useState } from "react";
import { Refusal, wordsOf } from "#api/operation.ts";
import { Output } from "../output/output.tsx";
import { Icon } from "#parts/icon.tsx";
import { Empty, Loading, Problem } from "#parts/states.tsx";
import { hasEnded, StatusSign } from "#parts/status.tsx";
import { useTitle } from "#parts/title.ts";
import { Elsewhere, ElsewhereButton } from "../../deliveries/elsewhere.tsx";
import { TellMe, Telling } from "../../endings/tell-me.tsx";
import { Link } from "../../router.tsx";
import { Actions } from "./actions.tsx";
import { Facts } from "./facts.tsx";
import { Files } from "./files.tsx";
import { Outcome } from "./outcome.tsx";
import "./process.css";
import { Stopping } from "./stopping.tsx";
import { Progress, Told } from "./told.tsx";
import { useWatched } from "./watched.ts";

const isWrongAddress = (error: Error) => error instanceof Refusal && ["NOT_FOUND", "BAD_INPUT"].includes(error.code);

export function ProcessPage({ id }: { id: string }) {
  const { process, error, isDeleted, again } = useWatched(id);
  const [isElsewhere, setElsewhere] = useState(false);
  useTitle(process ? `${process.scriptName} ${id.slice(0, 8)}` : "Process");
  if (isDeleted) return <Empty title="This process was deleted">Its output and files are gone. <Link to="/processes">Look at the others</Link>.</Empty>;
  if (!process && error && !isWrongAddress(error)) return <Problem error={error} retry={again} />;
  if (!process && error) return <Empty title={wordsOf(error)}>Is the address whole? <Link to="/processes">Look for it in the list</Link>.</Empty>;
  if (!process) return <Loading what="the process" />;
  const isOver = hasEnded(process.status);
  return (
    <>
      <div className="title process-title">
        <Link to="/processes" className="back" aria-label="All processes"><Icon name="left" /></Link>
        <h1>{process.scriptName} <code>{id.slice(0, 8)}</code></h1>
        <StatusSign of={process} />
        {!isOver && <TellMe id={id} />}
        <ElsewhereButton isOver={isOver} isOpen={isElsewhere} open={setElsewhere} />
        <Actions process={process} />
      </div>
      {error && <Problem error={error} retry={again} />}
      <Outcome process={process} />
      {!isOver && <Telling id={id} />}
      {isElsewhere && <Elsewhere key={id} id={id} isOver={isOver} />}
      <Progress process={process} />
      <Stopping process={process} />
      <div className="process">
        <Output key={id} id={id} />
        <aside>
          <Told process={process} />
          <Facts process={process} />
          <Files process={process} />
        </aside>
      </div>
    </>
  );
}
