// A start on its way to the server: first its files, then what is to be done with them.
import { useEffect, useRef, useState } from "react";
import { ask, Unreachable } from "#api/endpoint.ts";
import { Refusal, SignedOut, wordsOf } from "#api/operation.ts";
import { Start } from "./start.graphql.ts";
import { type Progress, Transfer } from "./transfer.ts";
import type { Given } from "./values.ts";

export type Sending = {
  /** How far the files are; null while nothing is sent. */
  progress: Progress | null;
  problem: string | null;
  fields: Record<string, string[]>;
};

type Wanted = { script: string; given: Given[]; startTime: string | null };

const STILL: Sending = { progress: null, problem: null, fields: {} };

export function useSending(done: (id: string) => void) {
  const [sending, setSending] = useState(STILL);
  const transfer = useRef<Transfer>(undefined);
  const isBusy = useRef(false); // at once, while `sending` is drawn later: somebody may press twice
  const start = async (wanted: Wanted) => {
    if (isBusy.current) return;
    isBusy.current = true;
    const files = wanted.given.flatMap(({ file }) => file ?? []);
    transfer.current = new Transfer(wanted.script, files, (progress) => setSending({ ...STILL, progress }));
    setSending({ ...STILL, progress: { share: 0, isPaused: false, waits: null } });
    try {
      done(await startNow(wanted, transfer.current));
    } catch (error) {
      isBusy.current = false;
      setSending(error instanceof SignedOut ? STILL : { ...STILL, problem: wordsIn(error), fields: error instanceof Refusal ? error.fields : {} });
    }
  };
  // Who has left goes on by choosing the file again; whose session has ended, by “Resume”. What is on its way no more has no pause.
  useEffect(() => () => void (isBusy.current && transfer.current?.pause()), []);
  const tell = (fields: Record<string, string[]>) => setSending({ ...STILL, problem: "Something is missing.", fields });
  const to = (act: "pause" | "resume" | "cancel") => () => transfer.current?.[act]();
  return { sending, start, tell, pause: to("pause"), resume: to("resume"), cancel: to("cancel") };
}

/** Without files a start is not asked for again: it may have been the answer that was lost. */
const wordsIn = (error: unknown) => `${wordsOf(error)}${error instanceof Unreachable ? " Look among the processes before you start it again." : ""}`;

/** Who names uploads is not answered with a second process, so the start itself may be asked for again, too. */
async function startNow({ script, given, startTime }: Wanted, transfer: Transfer): Promise<string> {
  const uploads = await transfer.send();
  transfer.starting();
  const parameters = given.map(({ name, value, file }) => (file ? { name, upload: uploads.shift() ?? "" } : { name, value: value ?? "" }));
  const variables = { script, parameters, startTime };
  const startOnce = (signal?: AbortSignal) => ask(Start, variables, signal);
  const { startProcess } = await (given.some(({ file }) => file) ? transfer.insist(startOnce) : startOnce());
  transfer.forget();
  return startProcess.id;
}
