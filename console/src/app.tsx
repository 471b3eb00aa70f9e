// The frame of all pages, and which of them an address stands for.
import { Activity, type ComponentType, lazy, Suspense } from "react";
import { useCut } from "#api/socket.ts";
import { Endings } from "./endings/endings.tsx";
import { Frame } from "./frame.tsx";
import { Broken } from "./parts/broken.tsx";
import { Empty, Loading } from "./parts/states.tsx";
import { Toasts } from "./parts/toast.tsx";
import { ListPage } from "./pages/processes/list.tsx";
import { Link, usePath } from "./router.tsx";
import { useSession } from "./session.ts";
import { SignIn } from "./sign-in.tsx";

type Page = ComponentType<{ id: string }>;
type Route = { at: RegExp; page: Page; forAdmins?: true };

const later = <N extends string>(load: () => Promise<Record<N, Page>>, name: N) =>
  lazy(async () => ({ default: (await load())[name] }));

const ROUTES: Route[] = [
  { at: /^\/(?:processes\/?)?$/, page: ListPage },
  { at: /^\/processes\/([\w-]+)$/, page: later(() => import("./pages/process/page.tsx"), "ProcessPage") },
  { at: /^\/start\/?$/, page: later(() => import("./pages/start/scripts.tsx"), "ScriptsPage") },
  { at: /^\/start\/([^/]+)$/, page: later(() => import("./pages/start/form.tsx"), "StartPage") },
  { at: /^\/timeline\/?$/, page: later(() => import("./pages/timeline/page.tsx"), "TimelinePage") },
  { at: /^\/account\/?$/, page: later(() => import("./pages/account/page.tsx"), "AccountPage") },
  { at: /^\/users\/?$/, page: later(() => import("./pages/users/list.tsx"), "UsersPage"), forAdmins: true },
  { at: /^\/users\/([^/]+)$/, page: later(() => import("./pages/users/user.tsx"), "UserPage"), forAdmins: true },
  { at: /^\/groups\/?$/, page: later(() => import("./pages/groups/page.tsx"), "GroupsPage"), forAdmins: true },
  { at: /^\/audit\/?$/, page: later(() => import("./pages/audit/page.tsx"), "AuditPage"), forAdmins: true },
];

export function App() {
  const { viewer, before } = useSession();
  const whose = viewer ?? before;
  const path = usePath();
  if (viewer === undefined) return <Loading what="Procession" />;
  return (
    <>
      {whose && (
        <Activity key={whose.id} mode={viewer ? "visible" : "hidden"}>
          <Frame>
            <Suspense fallback={<Loading what="the page" />}>
              <Broken key={path}><Routed path={path} isAdmin={whose.isAdmin} /></Broken>
            </Suspense>
            <Endings />
            <Cut />
            <Toasts />
          </Frame>
        </Activity>
      )}
      {viewer === null && <SignIn />}
    </>
  );
}

function Routed({ path, isAdmin }: { path: string; isAdmin: boolean }) {
  const found = ROUTES.find(({ at }) => at.test(path));
  if (!found) {
    return (
      <Empty title="There is nothing at this address">
        Look for it in the <Link to="/">list of processes</Link>.
      </Empty>
    );
  }
  if (found.forAdmins && !isAdmin) {
    return <Empty title="Only administrators may see this">Ask one of them, or sign in as somebody else.</Empty>;
  }
  return <found.page id={decodeURIComponent(found.at.exec(path)?.[1] ?? "")} />;
}

/** Tells that what is shown may be old, for as long as it may. */
function Cut() {
  const cut = useCut();
  return <div role="status" className="cut">{cut && "The live connection is cut. Connecting again…"}</div>;
}
