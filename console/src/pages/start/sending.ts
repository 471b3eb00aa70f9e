// A start on its way to the server.
import { useRef, useState } from "react";
import { ask, send } from "#api/endpoint.ts";
import { Refusal, wordsOf } from "#api/operation.ts";
import { Start, type StartMutation } from "./start.graphql.ts";
import type { Given } from "./values.ts";

export type Sending = {
  /** The share of the files that has arrived; null while nothing is sent. */
  share: number | null;
  problem: string | null;
  fields: Record<string, string[]>;
};

type Wanted = { script: string; given: Given[]; startTime: string | null };

const STILL: Sending = { share: null, problem: null, fields: {} };

export function useSending(done: (id: string) => void) {
  const [sending, setSending] = useState(STILL);
  const control = useRef<AbortController>(undefined);
  const start = async (wanted: Wanted) => {
    control.current = new AbortController();
    setSending({ ...STILL, share: 0 });
    try {
      const onProgress = (share: number) => setSending({ ...STILL, share });
      const { startProcess } = await startNow(wanted, onProgress, control.current.signal);
      done(startProcess.id);
    } catch (error) {
      setSending({ ...STILL, problem: wordsOf(error), fields: error instanceof Refusal ? error.fields : {} });
    }
  };
  const tell = (fields: Record<string, string[]>) => setSending({ ...STILL, problem: "Something is missing.", fields });
  return { sending, start, tell, cancel: () => control.current?.abort() };
}

function startNow({ script, given, startTime }: Wanted, onProgress: (share: number) => void, signal: AbortSignal): Promise<StartMutation> {
  const files = new Map<string, File>();
  const parameters = given.map(({ name, value, file }, index) => {
    if (!file) return { name, value: value ?? "" };
    files.set(`variables.parameters.${index}.file`, file);
    return { name, file: null };
  });
  const variables = { script, parameters, startTime };
  return files.size ? send<StartMutation>({ operation: Start, variables, files }, onProgress, signal) : ask(Start, variables, signal);
}
