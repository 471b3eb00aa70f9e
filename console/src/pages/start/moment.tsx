import { exact, ZONE } from "#parts/time.tsx";
import { momentIn, ZONES } from "./zone.ts";

/** `wall` empty: at once. */
export type Later = { isLater: boolean; wall: string; zone: string };
export const AT_ONCE: Later = { isLater: false, wall: "", zone: ZONE };

export const momentOf = ({ isLater, wall, zone }: Later) => (isLater && wall ? momentIn(zone, wall) : null);

/** What is wrong with it; the server checks all the rest. */
export function wrongIn(later: Later): Record<string, string[]> {
  if (!later.isLater || momentOf(later) !== null) return {};
  return { startTime: [later.wall ? "There is no such time that day." : "Give a date and a time."] };
}

export function StartTime({ later, change, problem }: { later: Later; change(later: Later): void; problem?: string | undefined }) {
  const moment = momentOf(later);
  return (
    <fieldset className="field moment">
      <legend>Start</legend>
      <label className="choice"><input type="radio" name="when" checked={!later.isLater} onChange={() => change({ ...later, isLater: false })} />At once</label>
      <label className="choice"><input type="radio" name="when" checked={later.isLater} onChange={() => change({ ...later, isLater: true })} />At a time</label>
      {later.isLater && (
        <div className="row">
          <input
            type="datetime-local" name="startTime" aria-label="Start time" required value={later.wall} aria-invalid={Boolean(problem)}
            aria-describedby="start-time-problem" onChange={({ target }) => change({ ...later, wall: target.value })}
          />
          <select aria-label="Time zone" value={later.zone} onChange={({ target }) => change({ ...later, zone: target.value })}>
            {[...new Set([ZONE, ...ZONES])].map((each) => <option key={each}>{each}</option>)}
          </select>
        </div>
      )}
      {moment && <p className="help">{exact(moment)}</p>}
      <p className="wrong" id="start-time-problem">{problem}</p>
    </fieldset>
  );
}
