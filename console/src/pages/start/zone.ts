// Times on the wall of a zone, as moments.

export const ZONES = ["UTC", ...Intl.supportedValuesOf("timeZone")];

/** The moment at which a clock in that zone shows this: `2030-01-31T18:00`. Null where it is no time, or one that the clocks leave out. */
export function momentIn(zone: string, wall: string): string | null {
  const asUtc = Date.parse(`${wall}Z`);
  if (Number.isNaN(asUtc)) return null;
  // The offset at that time is known only near that time: look twice, for the days on which clocks change.
  const first = asUtc - offsetAt(zone, asUtc);
  const moment = asUtc - offsetAt(zone, first);
  return moment + offsetAt(zone, moment) === asUtc ? new Date(moment).toISOString() : null;
}

/** How many milliseconds the clocks of that zone are ahead of UTC then. */
function offsetAt(zone: string, moment: number): number {
  const whole = Math.floor(moment / 1000) * 1000;
  const options = { timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" } as const;
  const parts = new Intl.DateTimeFormat("en-US", options).formatToParts(whole);
  const [year, month, day, hour, minute, second] = ["year", "month", "day", "hour", "minute", "second"].map((type) => Number(parts.find((each) => each.type === type)?.value)) as [number, number, number, number, number, number];
  return Date.UTC(year, month - 1, day, hour, minute, second) - whole;
}
