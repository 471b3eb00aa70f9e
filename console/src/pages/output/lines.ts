// Lines of one output, as far as they are here: those that were looked at last, however many there are.

import { type Pen, penAfter, PLAIN } from "./ansi.ts";

export type Line = { text: string; time?: string };

export const BLOCK = 1000; // lines that are asked for together
const OURS = "[procession] "; // with which the lines begin that are not the script's
const MOST_BLOCKS = 64; // kept
const MOST_CHARACTERS = 32_000_000; // kept
const FEWEST_BLOCKS = 4; // kept, however long their lines are: what is drawn is of no more

/** Blocks of lines by their number; what was looked at longest ago is forgotten first. */
export class Lines {
  /** The number of the last line that is known to exist. */
  count = 0;
  isComplete = false;
  /** Grows with each change, for who has to draw them. */
  version = 0;
  #blocks = new Map<number, (Line | undefined)[]>();
  #sizes = new Map<number, number>(); // characters of each block
  #pens = new Map<number, Pen[]>(); // with which each line of a block begins
  #watchers = new Set<() => void>();

  get(seq: number): Line | undefined {
    return this.#blocks.get(blockOf(seq))?.[(seq - 1) % BLOCK];
  }

  /** Colours go on from line to line, from the beginning of the block before; what is not here leaves none. */
  penOf(seq: number): Pen {
    const block = blockOf(seq);
    const pens = this.#pens.get(block) ?? [this.#penFor(block)];
    this.#pens.set(block, pens);
    for (let next = block * BLOCK + pens.length; next < seq; next += 1) pens.push(this.#after(next, pens.at(-1)!));
    return pens[(seq - 1) % BLOCK]!;
  }

  /** Stores lines that follow one another. */
  put(first: number, lines: readonly Line[]) {
    lines.forEach((line, index) => this.#set(first + index, line));
    this.#forgetPens(first, first + lines.length - 1);
    this.count = Math.max(this.count, first + lines.length - 1);
    this.#forget();
    this.changed();
  }

  grow(count: number, isComplete = this.isComplete) {
    this.count = Math.max(this.count, count);
    this.isComplete = isComplete;
    this.changed();
  }

  changed() {
    this.version += 1;
    this.#watchers.forEach((each) => each());
  }

  watch = (act: () => void) => {
    this.#watchers.add(act);
    return () => void this.#watchers.delete(act);
  };

  /** The blocks from one line to another of which lines are missing, or their times. */
  missing(from: number, to: number, timed: boolean): number[] {
    const last = Math.min(to, this.count);
    const found = new Set<number>();
    for (let seq = Math.max(1, from); seq <= last; seq += 1) {
      const line = this.get(seq);
      if (!line || (timed && line.time === undefined)) found.add(blockOf(seq));
    }
    return [...found];
  }

  /** That these lines are looked at. */
  touch(from: number, to: number) {
    for (let key = blockOf(from); key <= blockOf(to); key += 1) if (this.#blocks.has(key)) this.#block(key);
  }

  #set(seq: number, line: Line) {
    const key = blockOf(seq);
    const block = this.#block(key);
    const place = (seq - 1) % BLOCK;
    this.#sizes.set(key, (this.#sizes.get(key) ?? 0) + line.text.length - (block[place]?.text.length ?? 0));
    block[place] = line;
  }

  #block(key: number): (Line | undefined)[] {
    const found = this.#blocks.get(key) ?? [];
    this.#blocks.delete(key);
    this.#blocks.set(key, found);
    return found;
  }

  #penFor(block: number): Pen {
    let pen = PLAIN;
    for (let seq = Math.max(0, block - 1) * BLOCK + 1; seq <= block * BLOCK; seq += 1) pen = this.#after(seq, pen);
    return pen;
  }

  #after(seq: number, pen: Pen): Pen {
    const text = this.get(seq)?.text;
    if (text === undefined) return PLAIN;
    return isOurs(text) ? pen : penAfter(text, pen);
  }

  /** Those that follow from these lines: none, where lines are but added at the end. */
  #forgetPens(first: number, last: number) {
    for (let block = blockOf(first); block <= blockOf(last) + 1; block += 1) {
      const known = this.#pens.get(block)?.length ?? 0;
      if (known > first - block * BLOCK) this.#pens.delete(block);
    }
  }

  /** A map remembers in which order its keys were set. */
  #forget() {
    let characters = [...this.#sizes.values()].reduce((sum, each) => sum + each, 0);
    for (const key of this.#blocks.keys()) {
      const { size } = this.#blocks;
      if (size <= FEWEST_BLOCKS || (size <= MOST_BLOCKS && characters <= MOST_CHARACTERS)) return;
      characters -= this.#sizes.get(key) ?? 0;
      this.#blocks.delete(key);
      this.#sizes.delete(key);
      this.#pens.delete(key);
    }
  }
}

export const isOurs = (text: string) => text.startsWith(OURS);
export const blockOf = (seq: number) => Math.floor((seq - 1) / BLOCK);
