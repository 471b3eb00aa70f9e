// The form that asks who one is, above whatever the page shows.
import { useEffect, useId, useRef, useState, type FormEvent } from "react";
import { goToProvider, type Provider } from "./session";

type Props = {
  reason: string;
  provider?: Provider | undefined;
  signIn(token: string): Promise<void>;
  signInByPassword(name: string, password: string): Promise<void>;
};

export function SignIn({ reason, provider, signIn, signInByPassword }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [isBusy, setBusy] = useState(false);
  const id = useId();
  useEffect(() => {
    if (!dialog.current?.open) dialog.current?.showModal();
  }, []);
  const submit = (act: (form: FormData) => Promise<void>) => async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    setBusy(true);
    await act(new FormData(event.currentTarget));
    setBusy(false);
  };
  const byPassword = submit((form) => signInByPassword(String(form.get("name")).trim(), String(form.get("password"))));
  const byToken = submit((form) => signIn(String(form.get("token")).trim()));
  const label = isBusy ? "Signing in …" : "Sign in";
  return (
    <dialog ref={dialog} className="sign-in" aria-labelledby={`${id}-title`} onCancel={(event) => event.preventDefault()}>
      <h1 id={`${id}-title`}>Sign in to Procession</h1>
      {provider && (
        <p>
          <button type="button" onClick={goToProvider}>Sign in with {provider.label}</button>
        </p>
      )}
      <form onSubmit={byPassword}>
        <label htmlFor={`${id}-name`}>Name</label>
        <input id={`${id}-name`} name="name" required autoFocus spellCheck={false} autoCapitalize="none"
          autoComplete="username" aria-describedby={`${id}-reason`} />
        <label htmlFor={`${id}-password`}>Password</label>
        <input id={`${id}-password`} name="password" type="password" required autoComplete="current-password" />
        <button type="submit" disabled={isBusy}>{label}</button>
      </form>
      <form onSubmit={byToken}>
        <label htmlFor={`${id}-token`}>or: Access token</label>
        <input id={`${id}-token`} name="token" type="password" required spellCheck={false} pattern=".*\S.*"
          autoComplete="off" placeholder="psn_…" aria-describedby={`${id}-hint ${id}-reason`} />
        <p id={`${id}-hint`} className="sign-in-hint">
          It is kept in this browser tab until you sign out or close it, and sent to this server only.
        </p>
        <button type="submit" disabled={isBusy}>{label}</button>
      </form>
      <p id={`${id}-reason`} className="sign-in-reason" role="alert">{reason}</p>
    </dialog>
  );
}
