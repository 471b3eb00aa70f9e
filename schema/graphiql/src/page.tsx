import { StrictMode, useCallback, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { askViewer } from "./endpoint";
import { Explorer } from "./explorer";
import { keepToken, readToken, startAfresh, takeTokenFromAddress, type Viewer } from "./session";
import { SignIn } from "./sign-in";
import "./workers";
import "./page.css";

type Session = { token: string; viewer: Viewer };

const given = takeTokenFromAddress() ?? readToken();

function Page() {
  const [session, setSession] = useState<Session | null>(null);
  const [isAsking, setAsking] = useState(given === null);
  const [reason, setReason] = useState("");

  const signIn = useCallback(async (token: string) => {
    try {
      const viewer = await askViewer(token);
      keepToken(token);
      setSession({ token, viewer });
      setAsking(false);
      setReason("");
    } catch (error) {
      setReason(error instanceof Error ? error.message : String(error));
      setAsking(true);
    }
  }, []);
  const onRefused = useCallback(() => {
    setReason("The server no longer accepts your token. Sign in again to go on; what you typed is still here.");
    setAsking(true);
  }, []);

  useEffect(() => {
    if (given !== null) void signIn(given);
    const followLink = () => {
      const token = takeTokenFromAddress();
      if (token !== null) void signIn(token);
    };
    addEventListener("hashchange", followLink);
    return () => removeEventListener("hashchange", followLink);
  }, [signIn]);

  return (
    <>
      <Banner viewer={session?.viewer ?? null} />
      <main>
        {session ? <Explorer token={session.token} onRefused={onRefused} /> : !isAsking && <p role="status">Signing in …</p>}
      </main>
      {isAsking && <SignIn reason={reason} signIn={signIn} />}
    </>
  );
}

function Banner({ viewer }: { viewer: Viewer | null }) {
  return (
    <header className="banner">
      <strong>Procession</strong>
      <a href={LICENCES} target="_blank">Licences</a>
      {viewer && (
        <>
          <button type="button" onClick={restoreExamples}>Restore the examples</button>
          <span className="banner-viewer">
            Signed in as <b>{viewer.name}</b>{viewer.isAdmin && " (administrator)"} ·{" "}
            <button type="button" onClick={() => startAfresh(null)}>sign out</button>
          </span>
        </>
      )}
    </header>
  );
}

function restoreExamples() {
  if (confirm("Close all tabs and open the examples again?")) startAfresh(readToken());
}

createRoot(document.getElementById("page")!).render(<StrictMode><Page /></StrictMode>);
