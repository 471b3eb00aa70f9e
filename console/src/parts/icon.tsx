// Signs, drawn with lines on 24 × 24. They are never the only thing that says something.
const LINES = {
  alert: "M12 3 2 20h20zM12 10v4m0 3v.01",
  bell: "M6 16V10a6 6 0 0 1 12 0v6l2 2H4zm4 4.500a2.200 2.200 0 0 0 4 0",
  book: "M4 5a2 2 0 0 1 2-2h14v18H6a2 2 0 0 1-2-2zm0 12h16M9 8h6",
  check: "m5 12.5 4.5 4.5L19 7.5",
  clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18m0 4v5l3.5 2",
  code: "m8 7-5 5 5 5m8-10 5 5-5 5",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  cross: "m6 6 12 12M18 6 6 18",
  down: "m6 9 6 6 6-6",
  download: "M12 4v11m-5-4 5 5 5-5M5 20h14",
  file: "M14 3H6v18h12V7zv4h4",
  group: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7m-6.5 9a6.5 6.5 0 0 1 13 0m0-16a3.5 3.5 0 0 1 0 7m2.5 2.5a6.5 6.5 0 0 1 3.5 6.5",
  info: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18m0 8v5m0-8.500v.01",
  key: "M15 3a6 6 0 1 0 0 12 6 6 0 0 0 0-12m-4.5 10.500L3 21m3-3 3 3",
  left: "m15 6-6 6 6 6",
  list: "M8 6h13M8 12h13M8 18h13M3.5 6h.01M3.5 12h.01M3.5 18h.01",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  out: "M9 4H5v16h4m6-4 4-4-4-4m4 4H10",
  play: "M7 4.500v15l12-7.500z",
  plus: "M12 5v14M5 12h14",
  repeat: "M4 12a8 8 0 0 1 14-5.300L20 9m0-5v5h-5m5 3a8 8 0 0 1-14 5.300L4 15m0 5v-5h5",
  right: "m9 6 6 6-6 6",
  run: "M12 3a9 9 0 1 0 9 9",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13m5 11.500L21 21",
  stop: "M6 6h12v12H6z",
  stopped: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M9 9h6v6H9z",
  timeline: "M3 6h8M9 12h9M6 18h14",
  trash: "M4 7h16M9 7V4h6v3m-9 0 1 13h10l1-13",
  up: "m6 15 6-6 6 6",
  upload: "M12 16V5m-5 4 5-5 5 5M5 20h14",
  user: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8m-7.5 9a7.5 7.5 0 0 1 15 0",
} as const;

export type IconName = keyof typeof LINES;

export function Icon({ name, className = "" }: { name: IconName; className?: string }) {
  return <svg className={`icon ${className}`} viewBox="0 0 24 24" aria-hidden="true"><path d={LINES[name]} /></svg>;
}
