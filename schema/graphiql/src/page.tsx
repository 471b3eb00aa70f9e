import { StrictMode, useCallback, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { askViewer } from "./endpoint";
import { Explorer } from "./explorer";
import {
  askSession, beginSession, endSession, keepToken, readToken, startAfresh, takeTokenFromAddress, type Provider, type Token,
  type Viewer,
} from "./session";
import { SignIn } from "./sign-in";
import "./workers";
import "./page.css";

type Session = { token: Token; viewer: Viewer };

const given = takeTokenFromAddress() ?? readToken();

function Page() {
  const [session, setSession] = useState<Session | null>(null);
  const [isAsking, setAsking] = useState(false);
  const [reason, setReason] = useState("");
  const [provider, setProvider] = useState<Provider>();

  const askAgain = useCallback((error: unknown) => {
    setReason(error instanceof Error ? error.message : String(error));
    setAsking(true);
  }, []);
  const signIn = useCallback(async (token: Token) => {
    try {
      const viewer = await askViewer(token);
      keepToken(token);
      setSession({ token, viewer });
      setAsking(false);
      setReason("");
    } catch (error) {
      askAgain(error);
    }
  }, [askAgain]);
  const signInByPassword = async (name: string, password: string) => {
    try {
      await beginSession(name, password);
      await signIn(null);
    } catch (error) {
      askAgain(error);
    }
  };
  const onRefused = useCallback(() => {
    setReason("You are no longer signed in. Sign in again to go on; what you typed is still here.");
    setAsking(true);
  }, []);

  useEffect(() => {
    const begin = async () => {
      const { viewer, openid, problem = "" } = await askSession();
      setProvider(openid);
      if (given !== null) return;
      if (viewer) return signIn(null);
      setReason(problem);
      setAsking(true);
    };
    begin().catch(askAgain);
    if (given !== null) void signIn(given);
    const followLink = () => {
      const token = takeTokenFromAddress();
      if (token !== null) void signIn(token);
    };
    addEventListener("hashchange", followLink);
    return () => removeEventListener("hashchange", followLink);
  }, [askAgain, signIn]);

  return (
    <>
      <Banner session={session} />
      <main>
        {session ? <Explorer token={session.token} onRefused={onRefused} /> : !isAsking && <p role="status">Signing in …</p>}
      </main>
      {isAsking && <SignIn reason={reason} signIn={signIn} signInByPassword={signInByPassword} provider={provider} />}
    </>
  );
}

function Banner({ session }: { session: Session | null }) {
  return (
    <header className="banner">
      <strong>Procession</strong>
      <a href={LICENCES} target="_blank">Licences</a>
      {session && (
        <>
          <button type="button" onClick={restoreExamples}>Restore the examples</button>
          <span className="banner-viewer">
            Signed in as <b>{session.viewer.name}</b>{session.viewer.isAdmin && " (administrator)"} ·{" "}
            <button type="button" onClick={() => void signOut(session)}>sign out</button>
          </span>
        </>
      )}
    </header>
  );
}

async function signOut({ token }: Session) {
  if (token === null) await endSession();
  startAfresh(null);
}

function restoreExamples() {
  if (confirm("Close all tabs and open the examples again?")) startAfresh(readToken());
}

createRoot(document.getElementById("page")!).render(<StrictMode><Page /></StrictMode>);
