// Being told of the end of a process outside of the browser: what was asked for, and the form that asks.
import { useEffect, useState } from "react";
import { useAnswer } from "#api/answer.ts";
import { Icon } from "#parts/icon.tsx";
import { Loading, Problem } from "#parts/states.tsx";
import { Own } from "./deliveries.graphql.ts";
import "./deliveries.css";
import { Rows } from "./rows.tsx";
import { Secret } from "./secret.tsx";
import { Wish } from "./wish.tsx";

const PANEL = "elsewhere";
const EVERY_MS = 2_000;

export function ElsewhereButton({ isOver, isOpen, open }: { isOver: boolean; isOpen: boolean; open(next: boolean): void }) {
  return (
    <button type="button" aria-expanded={isOpen} aria-controls={PANEL} onClick={() => open(!isOpen)}>
      <Icon name="out" />{isOver ? "Told elsewhere…" : "Tell me elsewhere…"}
    </button>
  );
}

export function Elsewhere({ id, isOver }: { id: string; isOver: boolean }) {
  const { answer, error, reload } = useAnswer(Own, { processId: id });
  const [made, setMade] = useState<{ id: string; secret: string } | null>(null);
  const rows = answer?.deliveries;
  useFresh(isOver, rows?.some(({ state }) => state === "PENDING") ?? true, reload);
  const isKept = made && rows?.some((row) => row.id === made.id);
  return (
    <section id={PANEL} className="sheet elsewhere" aria-labelledby="told-elsewhere">
      <h2 id="told-elsewhere">Told elsewhere</h2>
      {error && <Problem error={error} retry={reload} />}
      {!rows && !error && <Loading what="what you asked for" />}
      {rows && <Rows rows={rows} isOver={isOver} reload={reload} />}
      <Secret text={isKept ? made.secret : null} />
      {!isOver && <Wish id={id} asked={(delivery, secret) => (setMade(secret === null ? made : { id: delivery, secret }), reload())} />}
    </section>
  );
}

/** Looks again and again once the process has ended, as long as something is still to be delivered. */
function useFresh(isOver: boolean, isPending: boolean, reload: () => void) {
  useEffect(() => {
    if (!isOver || !isPending) return;
    const timer = setInterval(reload, EVERY_MS);
    return () => clearInterval(timer);
  }, [isOver, isPending, reload]);
}
