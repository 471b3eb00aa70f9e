// Where a screen stands in an output of any length. Browsers limit how high an element may be, to less than ten million lines:
// so a small movement of the scroll bar moves by as much, and a large one to as large a share of the whole.

export const ROW = 19; // pixels of a line that is not wrapped
const HIGHEST = 6_000_000; // pixels
const MARGIN = 400; // pixels that are kept free at both ends of the bar while there is more
const NEARLY = 0.99995;

/** The line at the upper edge, and how much of it is above; or the end, whatever comes. */
export type Place = { seq: number; offset: number } | "end";
export type Top = Exclude<Place, "end">;

/** `row`: how high a line is, on average where they are wrapped. */
export const heightOf = (count: number, row: number) => Math.min(count * row, HIGHEST);
export const isScaled = (count: number, row: number) => count * row > HIGHEST;

/** So many pixels further; `tall` tells how high a line is. */
export function moved({ seq, offset }: Top, pixels: number, count: number, tall: (seq: number) => number): Top {
  let line = seq;
  let rest = offset + pixels;
  while (rest < 0 && line > 1) rest += tall(--line);
  while (line < count && rest >= tall(line)) rest -= tall(line++);
  return { seq: line, offset: Math.max(0, rest) };
}

/** Where this much of the scroll bar leads. */
export function placeAt(share: number, count: number, screen: number, row: number): Place {
  if (share >= NEARLY) return "end";
  const lines = Math.max(0, count - screen / row) * share;
  return { seq: 1 + Math.floor(lines), offset: Math.round((lines % 1) * row) };
}

/** Where the scroll bar belongs. */
export function barAt(place: Place, count: number, screen: number, row: number): number {
  const longest = Math.max(0, heightOf(count, row) - screen);
  if (place === "end") return longest;
  const share = Math.min(1, (place.seq - 1 + place.offset / row) / Math.max(1, count - screen / row));
  const bar = share * longest;
  const isExact = row === ROW && !isScaled(count, row); // of wrapped lines, how high those are that are not drawn is not known
  if (isExact || (place.seq === 1 && place.offset === 0)) return bar;
  return Math.min(Math.max(bar, MARGIN), longest - MARGIN);
}
