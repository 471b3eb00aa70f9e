// Tables in text, by RFC 4180: a cell in quotes may have commas, newlines and doubled quotes in it.
const CELL = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|\r|$)/y;

export function rowsOf(text: string, most: number): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  CELL.lastIndex = 0;
  while (rows.length < most && CELL.lastIndex < text.length) {
    const found = CELL.exec(text);
    if (!found) break; // a quote where none may be: what came before is shown
    row.push(found[1]?.replaceAll('""', '"') ?? found[2] ?? "");
    if (found[3] === ",") continue;
    rows.push(row);
    row = [];
  }
  return rows;
}
