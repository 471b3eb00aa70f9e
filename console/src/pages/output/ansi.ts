// What control sequences do to a line: colours and weight are shown, the rest is left out.

export type Piece = { text: string; classes: string; color?: string; background?: string };

/** How is written from somewhere on. It is not changed but replaced, so that lines can share it. */
export type Pen = { classes: ReadonlySet<string>; fore?: string; back?: string; color?: string; background?: string };

export const PLAIN: Pen = { classes: new Set() };

// SGR; then CSI, OSC (links, titles) and single escapes; then other control characters but tabs.
const SEQUENCE = /\x1b\[([\d;:]*)m|\x1b\[[\d;:?<=>]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]*[0-~]|[\x00-\x08\x0b-\x1f\x7f]/g;
const WEIGHTS: Record<number, string> = { 1: "bold", 2: "dim", 3: "italic", 4: "underlined", 7: "inverse", 9: "struck" };
const ENDS: Record<number, string[]> = { 22: ["bold", "dim"], 23: ["italic"], 24: ["underlined"], 27: ["inverse"], 29: ["struck"] };

const COLOURS = [38, 48, 58]; // of the text, behind it, of its underline

/** A line as it looks when it is begun with this pen. */
export function piecesOf(line: string, pen: Pen): Piece[] {
  const pieces: Piece[] = [];
  let place = 0;
  let used = pen;
  const add = (text: string) => text && pieces.push(drawn(text, used));
  for (const found of line.matchAll(SEQUENCE)) {
    add(line.slice(place, found.index));
    place = found.index + found[0].length;
    used = after(found, used);
  }
  add(line.slice(place));
  return pieces;
}

/** With what the next line begins. */
export function penAfter(line: string, pen: Pen): Pen {
  if (!line.includes("\x1b[")) return pen;
  return [...line.matchAll(SEQUENCE)].reduce((used, found) => after(found, used), pen);
}

const after = ({ 1: codes }: RegExpExecArray, pen: Pen) => (codes === undefined ? pen : turned(pen, codes.split(";")));

export const plain = (line: string) => line.replace(SEQUENCE, "");

function drawn(text: string, { classes, fore, back, color, background }: Pen): Piece {
  const names = [...classes, fore, back].filter(Boolean).join(" ");
  return { text, classes: names, ...(color && { color }), ...(background && { background }) };
}

/** A pen in the making. */
type Made = { -readonly [K in keyof Pen]: K extends "classes" ? Set<string> : Pen[K] };

function turned(before: Pen, codes: string[]): Pen {
  const pen: Made = { ...before, classes: new Set(before.classes) };
  for (let index = 0; index < codes.length; index += 1) {
    const [code = 0, ...values] = codes[index]!.split(":").map(Number);
    if (COLOURS.includes(code) && values.length) extended(pen, code, values[0] === 2 && values.length > 4 ? [2, ...values.slice(2)] : values);
    else if (COLOURS.includes(code)) index += extended(pen, code, codes.slice(index + 1).map(Number));
    else turnOnce(pen, code === 4 && values[0] === 0 ? 24 : code); // kinds of underlines: none, and those that are one
  }
  return pen;
}

function turnOnce(pen: Made, code: number) {
  const weight = WEIGHTS[code];
  if (code === 0) Object.assign(pen, { classes: new Set(), fore: undefined, back: undefined, color: undefined, background: undefined });
  else if (weight) pen.classes.add(weight);
  else if (ENDS[code]) ENDS[code].forEach((each) => pen.classes.delete(each));
  else if (within(code, 30, 37)) ink(pen, true, code - 30);
  else if (within(code, 90, 97)) ink(pen, true, code - 82);
  else if (within(code, 40, 47)) ink(pen, false, code - 40);
  else if (within(code, 100, 107)) ink(pen, false, code - 92);
  else if (code === 39) Object.assign(pen, { fore: undefined, color: undefined });
  else if (code === 49) Object.assign(pen, { back: undefined, background: undefined });
}

const within = (code: number, first: number, last: number) => code >= first && code <= last;

function ink(pen: Made, isFore: boolean, number: number) {
  Object.assign(pen, isFore ? { fore: `c${number}`, color: undefined } : { back: `b${number}`, background: undefined });
}

/** `5;N`, or `2;R;G;B`. Answers how many codes it took. */
function extended(pen: Made, code: number, [kind, ...values]: number[]): number {
  const [red = 0, green = 0, blue = 0] = values;
  const isFore = code === 38;
  if (code === 58) return kind === 2 ? 4 : 2; // underlines have the colour of their text
  if (kind === 2) paint(pen, isFore, [red, green, blue]);
  else if (kind === 5 && red < 16) ink(pen, isFore, red);
  else if (kind === 5) paint(pen, isFore, ofTable(red));
  return kind === 2 ? 4 : 2;
}

function paint(pen: Made, isFore: boolean, rgb: number[]) {
  const value = `rgb(${rgb.join(" ")})`;
  Object.assign(pen, isFore ? { fore: undefined, color: value } : { back: undefined, background: value });
}

/** The colours 16 to 255: a cube of six steps, then greys. */
function ofTable(number: number): number[] {
  if (number >= 232) return Array<number>(3).fill(8 + (number - 232) * 10);
  const step = (size: number) => Math.floor((number - 16) / size) % 6;
  return [36, 6, 1].map((size) => (step(size) ? 55 + step(size) * 40 : 0));
}
