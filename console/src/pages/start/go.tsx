// The button that starts, and what becomes of the files meanwhile.
import { Icon } from "#parts/icon.tsx";
import type { Progress } from "./transfer.ts";

type Going = { progress: Progress | null; hasFiles: boolean; isLater: boolean; pause(): void; resume(): void; cancel(): void };

export function Go({ progress, hasFiles, isLater, pause, resume, cancel }: Going) {
  if (progress === null) {
    return <div className="buttons"><button type="submit" className="primary"><Icon name="play" />{isLater ? "Schedule" : "Start"}</button></div>;
  }
  const { share, isPaused, waits } = progress;
  const percent = Math.floor(share * 100);
  if (!hasFiles || (percent === 100 && !waits && !isPaused)) return <div className="buttons" role="status"><span>Starting…</span></div>;
  return (
    <div className="buttons" role="status">
      <progress max={1} value={share} aria-label="Sending" />
      <span>{isPaused ? `Paused at ${percent} %` : (waits ?? `Sending, ${percent} %`)}</span>
      {isPaused ? <button type="button" onClick={resume}>Resume</button> : <button type="button" onClick={pause}>Pause</button>}
      <button type="button" onClick={cancel}>Cancel</button>
    </div>
  );
}
