// How it went, in words, where that was not well.
import { Icon } from "#parts/icon.tsx";
import { duration, Time, useNow } from "#parts/time.tsx";
import type { OneFragment } from "./process.graphql.ts";

// What a reason begins with, and what to do about it.
const ADVICE: [RegExp, string][] = [
  [/^Exit code/, "The script itself says that it failed. The last lines of its output usually tell why."],
  [/^Ended by SIGKILL/, "Something killed it at once; often the system does so when memory runs out. Ask who looks after the machine."],
  [/^Ended by SIGXCPU|^Ended by SIGXFSZ/, "Its manifest grants it no more. Give it less to do, or have the manifest changed."],
  [/^Ended by SIG/, "A signal ended it: it crashed, or something on its machine ended it."],
  [/time limit/i, "It took longer than its manifest allows. Give it less to do, or have the limit raised."],
  [/was lost|is gone|left at/, "It is not known how far it came. Look at what it did before you start it again."],
  [/^No worker knows/, "Its script is not installed where workers run."],
  [/supervisor|restarted|container/i, "It was cut off from outside, not by its own fault. Look at what it did before you start it again."],
];
const WAITS = {
  TIME: "It waits for its start time.",
  WORKER: "It waits for a worker: all that know its script are busy, or none is running.",
  TURN: "It waits for its turn: of this script no more may run at once.",
};

export function Outcome({ process: { status, reason, waitsFor, startTime } }: { process: OneFragment }) {
  if (status === "SCHEDULED" && waitsFor) {
    return <p className="outcome"><Icon name="clock" />{WAITS[waitsFor]}{waitsFor === "TIME" && <Until at={startTime} />}</p>;
  }
  if (status === "STOPPED") return <p className="outcome stopped"><Icon name="stopped" />{reason ?? "Somebody stopped it."}</p>;
  if (status !== "FAILED") return null;
  const advice = ADVICE.find(([said]) => said.test(reason ?? ""))?.[1] ?? "The last lines of its output may tell more.";
  return <p className="outcome failed"><Icon name="alert" /><b>{reason ?? "It failed."}</b> {advice}</p>;
}

function Until({ at }: { at: string }) {
  return <> It begins at <Time at={at} long />, in {duration(Date.parse(at) - useNow())}.</>;
}
