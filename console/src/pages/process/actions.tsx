import { useState } from "react";
import { ask } from "#api/endpoint.ts";
import { Confirm } from "#parts/confirm.tsx";
import { Icon } from "#parts/icon.tsx";
import { hasEnded } from "#parts/status.tsx";
import { tell } from "#parts/toast.tsx";
import { go, Link } from "../../router.tsx";
import { useViewer } from "../../session.ts";
import { DeleteOne, type OneFragment, StopOne } from "./process.graphql.ts";

/** What the viewer may do with it; the server has the last word. */
export function Actions({ process: { id, scriptName, user, status, script, stopRequestedAt } }: { process: OneFragment }) {
  const viewer = useViewer();
  const [asked, setAsked] = useState<"stop" | "delete" | null>(null);
  const mayEnd = viewer.isAdmin || viewer.id === user.id;
  const close = () => setAsked(null);
  const remove = async () => {
    await ask(DeleteOne, { id });
    tell(`${scriptName} ${id.slice(0, 8)} is deleted.`);
    go("/processes");
  };
  return (
    <div className="buttons">
      {script?.canStart && <Link className="button" to={`/start/${encodeURIComponent(scriptName)}?again=${id}`}><Icon name="repeat" />Start again</Link>}
      {mayEnd && !hasEnded(status) && (
        <button type="button" disabled={Boolean(stopRequestedAt)} onClick={() => setAsked("stop")}><Icon name="stop" />Stop</button>
      )}
      {mayEnd && <button type="button" className="danger" onClick={() => setAsked("delete")}><Icon name="trash" />Delete</button>}
      <Confirm title={`Stop ${scriptName}?`} act="Stop" isOpen={asked === "stop"} close={close} go={() => ask(StopOne, { id })}>
        <p>It is asked to end (SIGTERM) and, if it does not within the time its manifest grants, made to (SIGKILL). Its output stays.</p>
      </Confirm>
      <Confirm title={`Delete ${scriptName} ${id.slice(0, 8)}?`} act="Delete" isOpen={asked === "delete"} close={close} go={remove}>
        <p>{hasEnded(status) ? "Its" : "It is stopped, and its"} output and files are removed for good.</p>
      </Confirm>
    </div>
  );
}
