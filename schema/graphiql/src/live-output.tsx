// The text of a running subscription as one console, below GraphiQL's answer, which shows only the latest event.
import { useEffect, useRef } from "react";
import { create } from "zustand";

type Log = { title: string; text: string; isOpen: boolean; ending: string };
type Part = { text?: unknown; lines?: unknown; lastSeq?: unknown; status?: unknown; exitCode?: unknown };

const LONGEST_TEXT = 500_000;
const EMPTY: Log = { title: "", text: "", isOpen: false, ending: "" };

const useLog = create<Log>(() => EMPTY);

export const startLog = (title: string) => useLog.setState({ ...EMPTY, title, isOpen: true });
export const stopLog = () => useLog.setState({ isOpen: false });
const forgetLog = () => useLog.setState(EMPTY);

/**
 * Takes from an event what is output: a field with `text` or `lines`; one with `status` is the end.
 * Gives the number of the last line shown so far, or null if the event had none.
 */
export function showEvent(event: Record<string, unknown> | null | undefined): number | null {
  let lastSeq: number | null = null;
  for (const field of Object.values(event ?? {})) {
    if (field === null || typeof field !== "object") continue;
    const part = field as Part;
    const text = textOf(part);
    if (text !== null) append(text);
    else if (typeof part.status === "string") end(part.status, part.exitCode);
    if (text !== null && typeof part.lastSeq === "number") lastSeq = part.lastSeq;
  }
  return lastSeq;
}

function textOf({ text, lines }: Part): string | null {
  if (typeof text === "string") return text;
  if (!Array.isArray(lines) || !lines.every((line) => typeof line?.text === "string")) return null;
  return lines.map((line) => line.text).join("\n");
}

function append(text: string) {
  const line = text === "" || text.endsWith("\n") ? text : `${text}\n`;
  // Without a title: closed by hand while the output went on.
  useLog.setState((log) => (log.title === "" ? log : { text: (log.text + line).slice(-LONGEST_TEXT) }));
}

function end(status: string, exitCode: unknown) {
  const code = typeof exitCode === "number" ? `, exit code ${exitCode}` : "";
  useLog.setState({ ending: `${status}${code}` });
}

export function LiveOutput() {
  const { title, text, isOpen, ending } = useLog();
  const console_ = useRef<HTMLPreElement>(null);
  const follows = useRef(true);
  useEffect(() => {
    const box = console_.current;
    if (box && follows.current) box.scrollTop = box.scrollHeight;
  }, [text]);
  if (text === "") return null;
  return (
    <section className="live-output" aria-label="Live output">
      <header>
        <h2>{title}</h2>
        <span role="status">{ending || (isOpen ? "following" : "ended")}</span>
        <button type="button" aria-label="Close the live output" onClick={forgetLog}>Close</button>
      </header>
      <pre ref={console_} role="log" aria-label="Output" tabIndex={0} onScroll={({ currentTarget: box }) => {
        follows.current = box.scrollHeight - box.scrollTop - box.clientHeight < 8;
      }}>{text}</pre>
    </section>
  );
}
