const UNITS = ["bytes", "kB", "MB", "GB", "TB"];

/** A number of bytes for people: `1.2 MB`. */
export function size(bytes: number): string {
  const step = Math.min(UNITS.length - 1, bytes < 1000 ? 0 : Math.floor(Math.log10(bytes) / 3));
  const number = bytes / 1000 ** step;
  return `${step && number < 100 ? number.toFixed(1) : Math.round(number)} ${bytes === 1 ? "byte" : UNITS[step]}`;
}
