// What stands around each page: the way to the others, and who is signed in.
import { Menu } from "@base-ui/react/menu";
import { type ReactNode, useEffect, useLayoutEffect, useRef } from "react";
import { Icon, type IconName } from "./parts/icon.tsx";
import { tellProblem } from "./parts/toast.tsx";
import { go, Link, usePath } from "./router.tsx";
import { signOut, useViewer } from "./session.ts";

type Place = { to: string; name: string; icon: IconName; forAdmins?: true };

const PLACES: Place[] = [
  { to: "/processes", name: "Processes", icon: "list" },
  { to: "/start", name: "Start", icon: "play" },
  { to: "/timeline", name: "Timeline", icon: "timeline" },
  { to: "/users", name: "Users", icon: "user", forAdmins: true },
  { to: "/groups", name: "Groups", icon: "group", forAdmins: true },
  { to: "/audit", name: "Audit", icon: "book", forAdmins: true },
];

export function Frame({ children }: { children: ReactNode }) {
  const path = usePath();
  const main = useFocusAfterMove(path);
  usePlaceKept();
  return (
    <>
      <a className="skip" href="#main">To the content</a>
      <header className="top">
        <Link to="/processes" className="brand" aria-label="Procession, all processes"><Mark />Procession</Link>
        <Places path={path} />
        <Account />
      </header>
      <main id="main" ref={main} tabIndex={-1}>{children}</main>
    </>
  );
}

/** After a move to another page, keyboard and screen reader begin at its content. */
function useFocusAfterMove(path: string) {
  const main = useRef<HTMLElement>(null);
  const before = useRef(path);
  useEffect(() => {
    if (before.current !== path) main.current?.focus({ preventScroll: true });
    before.current = path;
  }, [path]);
  return main;
}

/** Where the page was scrolled to, and the keyboard was, when its session ended: it is hidden then behind one that is short. */
function usePlaceKept() {
  const kept = useRef<{ scroll: number; focused: Element | null }>(null);
  useLayoutEffect(() => {
    if (kept.current) {
      scrollTo(0, kept.current.scroll);
      if (kept.current.focused instanceof HTMLElement) kept.current.focused.focus({ preventScroll: true });
    }
    return () => void (kept.current = { scroll: scrollY, focused: document.activeElement });
  }, []);
}

function Places({ path }: { path: string }) {
  const { isAdmin } = useViewer();
  return (
    <nav aria-label="Pages">
      {PLACES.filter((place) => isAdmin || !place.forAdmins).map(({ to, name, icon }) => {
        const isHere = path.startsWith(to) || (path === "/" && to === "/processes");
        return (
          <Link key={to} to={to} aria-current={isHere ? "page" : undefined}>
            <Icon name={icon} /><span>{name}</span>
          </Link>
        );
      })}
    </nav>
  );
}

function Account() {
  const { name, isAdmin } = useViewer();
  return (
    <Menu.Root>
      <Menu.Trigger className="quiet account" aria-label={`Account of ${name}`}>
        <Icon name="user" /><span>{name}</span><Icon name="down" />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner className="floating" align="end" sideOffset={4}>
          <Menu.Popup className="menu">
            <p>Signed in as <b>{name}</b>{isAdmin && ", an administrator"}</p>
            <Menu.Item className="item" onClick={() => go("/account")}><Icon name="key" />Tokens, sessions, password</Menu.Item>
            <Menu.Item className="item" render={<a href="/graphql" />}><Icon name="code" />GraphiQL</Menu.Item>
            <Menu.Item className="item" onClick={() => void signOut().catch(tellProblem)}><Icon name="out" />Sign out</Menu.Item>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}

export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" />
      <path d="m8 9 6 7-6 7m7-14 6 7-6 7m8-14v14" />
    </svg>
  );
}
