// The status of a process: sign, colour and word.
import { Icon, type IconName } from "./icon.tsx";

export const STATUSES = ["SCHEDULED", "RUNNING", "COMPLETED", "FAILED", "STOPPED"] as const;
export type Status = (typeof STATUSES)[number];

const SHOWN: Record<Status, { word: string; icon: IconName }> = {
  SCHEDULED: { word: "Scheduled", icon: "clock" },
  RUNNING: { word: "Running", icon: "run" },
  COMPLETED: { word: "Completed", icon: "check" },
  FAILED: { word: "Failed", icon: "cross" },
  STOPPED: { word: "Stopped", icon: "stopped" },
};

export const wordOf = (status: Status) => SHOWN[status].word;
export const hasEnded = (status: Status) => status !== "SCHEDULED" && status !== "RUNNING";

/** Rounded down: what is not done is not 100 %. */
export const percent = (fraction: number) => `${Math.floor(fraction * 100)} %`;

type Shown = {
  status: Status;
  stopRequestedAt?: string | null;
  waitsFor?: "TIME" | "WORKER" | "TURN" | null;
  progress?: { fraction: number | null } | null;
};

const WAITING = { TIME: "waits for its time", WORKER: "waits for a worker", TURN: "waits for its turn" };

export function StatusSign({ of: { status, stopRequestedAt, waitsFor, progress } }: { of: Shown }) {
  const isStopping = status === "RUNNING" && Boolean(stopRequestedAt);
  const share = status === "RUNNING" ? progress?.fraction ?? null : null;
  const word = isStopping ? "Stopping" : SHOWN[status].word;
  return (
    <span className={`status ${status.toLowerCase()}`} title={waitsFor ? WAITING[waitsFor] : undefined}>
      <Icon name={SHOWN[status].icon} />{word}{share !== null && ` ${percent(share)}`}
    </span>
  );
}
