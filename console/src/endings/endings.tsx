// Tells of the ends that are awaited, while any page is open: one of the tabs listens, for all of them.
import { useCallback, useEffect, useRef, useState } from "react";
import { Refusal } from "#api/operation.ts";
import { listen } from "#api/socket.ts";
import { hasEnded, type Status } from "#parts/status.tsx";
import { announce } from "#parts/title.ts";
import { tell } from "#parts/toast.tsx";
import { useViewer } from "../session.ts";
import { forget, useAwaited } from "./awaited.ts";
import { Ending, type EndingSubscription } from "./endings.graphql.ts";
import { notify } from "./notification.ts";

type Ended = NonNullable<EndingSubscription["processChanges"]["process"]>;

const HOW: Partial<Record<Status, string>> = { COMPLETED: "has completed", FAILED: "has failed", STOPPED: "was stopped" };
const addressOf = (id: string) => `/processes/${id}`;
const wordsOf = ({ scriptName, status }: Ended) => `${scriptName} ${HOW[status]}`;

export function Endings() {
  const { id: viewer } = useViewer();
  const name = `procession.endings.${viewer}`;
  const awaited = useAwaited(viewer);
  const tellOthers = useOthers(name);
  const isListener = useListener(name);
  const done = useCallback((ended: Ended) => {
    notify(wordsOf(ended), ended.reason ?? `Process ${ended.id.slice(0, 8)}`, ended.id, addressOf(ended.id));
    show(ended);
    tellOthers(ended);
    forget(ended.id, viewer);
  }, [tellOthers, viewer]);
  return isListener && awaited.map((id) => <Awaited key={id} id={id} viewer={viewer} done={done} />);
}

/** Its present state comes first: what has ended while no page was open is told now. */
function Awaited({ id, viewer, done }: { id: string; viewer: string; done(ended: Ended): void }) {
  useEffect(() => listen(Ending, { id }, {
    next: ({ processChanges: { process } }) => {
      if (!process) forget(id, viewer);
      else if (hasEnded(process.status)) done(process);
    },
    fail: (error) => {
      if (error instanceof Refusal && error.code === "NOT_FOUND") forget(id, viewer);
    },
  }), [id, viewer, done]);
  return null;
}

function show(ended: Ended) {
  const { id, status, reason } = ended;
  tell([wordsOf(ended), reason].filter(Boolean).join(": "), status === "FAILED", { about: id, to: addressOf(id) });
  announce(id, wordsOf(ended));
}

/** Shows what another tab tells of; answers how to tell the others. */
function useOthers(name: string): (ended: Ended) => void {
  const channel = useRef<BroadcastChannel>(undefined);
  useEffect(() => {
    const opened = new BroadcastChannel(name);
    opened.onmessage = ({ data }) => show(data as Ended);
    channel.current = opened;
    return () => opened.close();
  }, [name]);
  return useCallback((ended: Ended) => channel.current?.postMessage(ended), []);
}

/** Whether this tab is the one that listens. Without locks, which insecure pages do not have, each does. */
function useListener(name: string): boolean {
  const [isListener, setListener] = useState(!navigator.locks);
  useEffect(() => {
    if (!navigator.locks) return;
    const control = new AbortController();
    const { signal } = control;
    const hold = () => {
      setListener(true);
      return new Promise<void>((leave) => signal.addEventListener("abort", () => leave()));
    };
    navigator.locks.request(name, { signal }, hold).catch(() => {}); // gone before its turn
    return () => {
      setListener(false);
      control.abort();
    };
  }, [name]);
  return isListener;
}
