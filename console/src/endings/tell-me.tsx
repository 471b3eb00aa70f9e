// The switch with which somebody awaits the end of a process.
import { Icon } from "#parts/icon.tsx";
import { useViewer } from "../session.ts";
import { awaitEnd, forget, useAwaited } from "./awaited.ts";
import { askPermission, useWay, WORDS } from "./notification.ts";

const WISH = "Tell me in this browser when it ends";

/** What to offer to somebody who has just started it. */
export const offer = (id: string, viewer: string) => ({ words: WISH, take: () => begin(id, viewer) });

function begin(id: string, viewer: string) {
  awaitEnd(id, viewer);
  void askPermission();
}

export function TellMe({ id }: { id: string }) {
  const { id: viewer } = useViewer();
  const isAwaited = useAwaited(viewer).includes(id);
  const change = () => (isAwaited ? forget(id, viewer) : begin(id, viewer));
  return <button type="button" aria-pressed={isAwaited} onClick={change}><Icon name="bell" />{WISH}</button>;
}

/** How it will be told, where that is not as one may expect. */
export function Telling({ id }: { id: string }) {
  const { id: viewer } = useViewer();
  const isAwaited = useAwaited(viewer).includes(id);
  const words = WORDS[useWay()];
  return <div role="status" className="telling">{isAwaited && words && <p className="outcome"><Icon name="bell" />{words} The end is told in the title of each tab of the console, and on its page.</p>}</div>;
}
