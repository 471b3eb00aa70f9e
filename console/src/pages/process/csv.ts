// Tables in text, by RFC 4180: a cell in quotes may have commas, newlines and doubled quotes in it.
const CELL = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|\r|$)/y;

/** As many rows as are wanted, and whether they were read to their end. */
export function rowsOf(text: string, most: number): { rows: string[][]; isRead: boolean } {
  const rows: string[][] = [];
  let row: string[] = [];
  let isRead = true;
  CELL.lastIndex = 0;
  while (rows.length < most && CELL.lastIndex < text.length) {
    const found = CELL.exec(text);
    if (!found) {
      isRead = false; // a quote where none may be, or one without its end: what came before is shown
      break;
    }
    row.push(found[1]?.replaceAll('""', '"') ?? found[2] ?? "");
    if (found[3] === ",") continue;
    rows.push(row);
    row = [];
  }
  if (row.length) rows.push(row);
  return { rows, isRead };
}
