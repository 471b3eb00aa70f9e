// Light or dark: as the system has it, unless somebody says otherwise.
export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const KEY = "procession.theme";

export function readTheme(): Theme {
  const kept = localStorage.getItem(KEY);
  return THEMES.find((each) => each === kept) ?? "system";
}

export function applyTheme(theme: Theme = readTheme()) {
  localStorage.setItem(KEY, theme);
  document.documentElement.dataset.theme = theme;
}
