import { memo } from "react";
import { type Pen, type Piece, piecesOf, PLAIN } from "./ansi.ts";
import { isOurs } from "./lines.ts";

const STAMP = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 });

type Shown = { seq: number; text: string | undefined; pen: Pen; time: string | undefined; isTimed: boolean; isMarked: boolean; sought: RegExp | null };

/** One line. Its number is its address. */
export const Row = memo(function Row({ seq, text, pen, time, isTimed, isMarked, sought }: Shown) {
  return (
    <div className={isMarked ? "line marked" : "line"}>
      <a href={`#L${seq}`} tabIndex={-1} data-line={seq} aria-label={`Line ${seq}`}>{seq}</a>
      {isTimed && <time title={time && `${time.replace("T", " ").replace("Z", "")} UTC`}>{time ? STAMP.format(new Date(time)) : "…"}</time>}
      <span className={text === undefined ? "text missing" : isOurs(text) ? "text system" : "text"}>
        {text === undefined ? "…" : lit(piecesOf(text, isOurs(text) ? PLAIN : pen), sought).map((piece, index) => {
          const style = piece.color || piece.background ? { color: piece.color, background: piece.background } : undefined;
          const shown = piece.isLit ? <mark>{piece.text}</mark> : piece.text;
          return <span key={index} className={piece.classes || undefined} style={style}>{shown}</span>;
        })}
      </span>
    </div>
  );
});

const MOST_LIT = 1000; // finds in a line, the first: a browser stands still over very many

type Lit = Piece & { isLit?: boolean };

/** The pieces, cut where what is sought begins and ends: it may reach over several of them. */
function lit(pieces: Piece[], sought: RegExp | null): Lit[] {
  if (!sought) return pieces;
  const text = pieces.map((piece) => piece.text).join("");
  const ends = [...text.matchAll(sought)].slice(0, MOST_LIT).filter(([found]) => found).flatMap(({ index, 0: found }) => [index, index + found.length]);
  if (!ends.length) return pieces;
  let place = 0;
  return pieces.flatMap((piece) => {
    const start = place;
    place += piece.text.length;
    const cuts = [start, ...ends.filter((each) => each > start && each < place), place];
    return cuts.slice(1).map((to, index) => {
      const from = cuts[index]!;
      return { ...piece, text: text.slice(from, to), isLit: ends.filter((each) => each <= from).length % 2 === 1 };
    });
  });
}
