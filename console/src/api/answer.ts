// Answers for components.
import { useCallback, useEffect, useRef, useState } from "react";
import { ask } from "./endpoint";
import { type Operation, SignedOut } from "./operation";

export type Answered<A> = {
  /** The newest answer; while another one is asked for, that before. */
  answer: A | undefined;
  error: Error | undefined;
  isLoading: boolean;
  reload(): void;
  /** Puts another in place of the answer, when something is known without asking. */
  replace(change: (answer: A) => A): void;
};

export function useAnswer<A, V>(operation: Operation<A, V>, variables: V): Answered<A> {
  const key = JSON.stringify(variables);
  const [state, setState] = useState<{ answer?: A; error?: Error; isLoading: boolean }>({ isLoading: true });
  const [round, setRound] = useState(0);
  const latest = useRef(variables);
  latest.current = variables;

  useEffect(() => {
    const control = new AbortController();
    setState((before) => ({ ...before, isLoading: true }));
    ask(operation, latest.current, control.signal).then(
      (answer) => setState({ answer, isLoading: false }),
      (error: Error) => {
        if (control.signal.aborted || error instanceof SignedOut) return; // it is asked again once somebody is signed in
        setState((before) => ({ ...before, error, isLoading: false }));
      },
    );
    return () => control.abort();
  }, [operation, key, round]);

  const reload = useCallback(() => setRound((before) => before + 1), []);
  const replace = useCallback(
    (change: (answer: A) => A) => setState((before) => (before.answer ? { ...before, answer: change(before.answer) } : before)),
    [],
  );
  return { answer: state.answer, error: state.error, isLoading: state.isLoading, reload, replace };
}
