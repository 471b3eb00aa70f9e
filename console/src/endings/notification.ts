// Notifications of the browser, and why there may be none.
import { useSyncExternalStore } from "react";

export type Way = NotificationPermission | "insecure" | "none";

/** Null: notifications are shown. Otherwise what is done instead, and what can be done about it. */
export const WORDS: Record<Way, string | null> = {
  granted: null,
  default: "You have not let this page show notifications.",
  denied: "This browser shows no notifications of this page. Its settings for this site can allow them.",
  insecure: "Browsers show notifications only of pages that come by HTTPS or from the same machine.",
  none: "This browser has no notifications.",
};

const watchers = new Set<() => void>();

function wayNow(): Way {
  if (!isSecureContext) return "insecure";
  return "Notification" in globalThis ? Notification.permission : "none";
}

export function useWay(): Way {
  return useSyncExternalStore((act) => (watchers.add(act), () => void watchers.delete(act)), wayNow);
}

/** Only where somebody has just asked for it: browsers hold it against a page otherwise. */
export async function askPermission() {
  if (wayNow() !== "default") return;
  await Notification.requestPermission();
  watchers.forEach((each) => each());
}

/** `tag`: another one with the same takes its place. A click leads to the address. */
export function notify(title: string, body: string, tag: string, address: string) {
  if (wayNow() !== "granted") return;
  try {
    new Notification(title, { body, tag }).onclick = () => lead(address);
  } catch {
    // Browsers of phones show only those of service workers, and say so only here. The page tells it all the same.
  }
}

/** To the page in front, if it is that; else to one of its own, so that nothing half filled in is lost. */
function lead(address: string) {
  if (location.pathname === address) focus();
  else open(address, address);
}
