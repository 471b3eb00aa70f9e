// Lines of one output, as far as they are here: those that were looked at last, however many there are.

export type Line = { text: string; time?: string };

export const BLOCK = 1000; // lines that are asked for together
const MOST_BLOCKS = 64; // kept

/** Blocks of lines by their number; what is used least is forgotten first. */
export class Lines {
  /** The number of the last line that is known to exist. */
  count = 0;
  isComplete = false;
  /** Grows with each change, for who has to draw them. */
  version = 0;
  #blocks = new Map<number, (Line | undefined)[]>();
  #watchers = new Set<() => void>();

  get(seq: number): Line | undefined {
    return this.#blocks.get(blockOf(seq))?.[(seq - 1) % BLOCK];
  }

  /** Stores lines that follow one another. */
  put(first: number, lines: readonly Line[]) {
    lines.forEach((line, index) => this.#block(first + index)[(first + index - 1) % BLOCK] = line);
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

  #block(seq: number): (Line | undefined)[] {
    const key = blockOf(seq);
    const found = this.#blocks.get(key) ?? [];
    this.#blocks.delete(key);
    this.#blocks.set(key, found);
    return found;
  }

  /** A map remembers in which order its keys were set. */
  #forget() {
    for (const key of this.#blocks.keys()) {
      if (this.#blocks.size <= MOST_BLOCKS) return;
      this.#blocks.delete(key);
    }
  }
}

export const blockOf = (seq: number) => Math.floor((seq - 1) / BLOCK);
