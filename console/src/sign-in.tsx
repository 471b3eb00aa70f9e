// The page for who is not signed in. What the address says is kept for afterwards.
import { type FormEvent, useState } from "react";
import { wordsOf } from "#api/operation.ts";
import { Mark } from "./frame.tsx";
import { useTitle } from "./parts/title.ts";
import { goToProvider, signInByPassword, signInByToken, useSession } from "./session.ts";

export function SignIn() {
  const { provider, problem } = useSession();
  const [byToken, setByToken] = useState(false);
  useTitle("Sign in");
  return (
    <main className="sign-in">
      <h1><Mark />Procession</h1>
      {problem && <p role="alert" className="problem">{problem}</p>}
      {provider && <button type="button" className="primary wide" onClick={goToProvider}>Sign in with {provider.label}</button>}
      {byToken ? <ByToken /> : <ByPassword />}
      <button type="button" className="link" onClick={() => setByToken(!byToken)}>
        {byToken ? "Sign in with a name and a password" : "Sign in with a token"}
      </button>
      <p className="faint">
        No account? Ask an administrator. On the server itself <code>procession token create NAME</code> makes a token.
      </p>
    </main>
  );
}

/** Does what a form is for, and keeps what went wrong with it. */
function useSending(act: (form: FormData) => Promise<void>) {
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);
  const send = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    setBusy(true);
    setProblem("");
    act(new FormData(event.currentTarget))
      .catch((error: unknown) => setProblem(`${wordsOf(error)}.`.replace(/\.\.$/, ".")))
      .finally(() => setBusy(false));
  };
  return { send, problem, isBusy };
}

function ByPassword() {
  const { send, problem, isBusy } = useSending((form) => signInByPassword(String(form.get("name")), String(form.get("password"))));
  return (
    <form onSubmit={send}>
      <label>Name<input name="name" autoComplete="username" required autoFocus spellCheck={false} autoCapitalize="off" /></label>
      <label>Password<input name="password" type="password" autoComplete="current-password" required /></label>
      {problem && <p role="alert" className="problem">{problem}</p>}
      <button type="submit" className="primary wide" disabled={isBusy}>Sign in</button>
    </form>
  );
}

function ByToken() {
  const { send, problem, isBusy } = useSending((form) => signInByToken(String(form.get("token")).trim()));
  return (
    <form onSubmit={send}>
      <label>Token<input name="token" type="password" autoComplete="off" required autoFocus placeholder="psn_…" /></label>
      {problem && <p role="alert" className="problem">{problem}</p>}
      <button type="submit" className="primary wide" disabled={isBusy}>Sign in</button>
    </form>
  );
}
