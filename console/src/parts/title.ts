// The title of the browser's tab: where one is, or what has happened since one last did something there.
import { useEffect } from "react";

const NOTICED = ["focus", "pointerdown", "keydown"];

let place = "";
const news = new Map<string, string>();

export function useTitle(title: string) {
  useEffect(() => {
    place = title;
    draw();
  }, [title]);
}

/** Says it in place of the title, until somebody is there. */
export function announce(about: string, text: string) {
  news.set(about, text);
  NOTICED.forEach((each) => addEventListener(each, forgetNews, true));
  draw();
}

export function forgetNews() {
  news.clear();
  NOTICED.forEach((each) => removeEventListener(each, forgetNews, true));
  draw();
}

function draw() {
  const [first] = news.values();
  const shown = news.size > 1 ? `${news.size} processes have ended` : first;
  document.title = `${shown ? `• ${shown}` : place} · Procession`;
}
