// The form that asks for a token, above whatever the page shows.
import { useEffect, useId, useRef, useState, type FormEvent } from "react";

type Props = { reason: string; signIn(token: string): Promise<void> };

export function SignIn({ reason, signIn }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [isBusy, setBusy] = useState(false);
  const id = useId();
  useEffect(() => {
    if (!dialog.current?.open) dialog.current?.showModal();
  }, []);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const token = String(new FormData(event.currentTarget).get("token")).trim();
    if (token === "") return;
    setBusy(true);
    await signIn(token);
    setBusy(false);
  };
  return (
    <dialog ref={dialog} className="sign-in" aria-labelledby={`${id}-title`} onCancel={(event) => event.preventDefault()}>
      <form onSubmit={submit}>
        <h1 id={`${id}-title`}>Sign in to Procession</h1>
        <label htmlFor={`${id}-token`}>Access token</label>
        <input id={`${id}-token`} name="token" type="password" required autoFocus spellCheck={false}
          autoComplete="current-password" placeholder="psn_…" aria-describedby={`${id}-hint ${id}-reason`}
          aria-invalid={reason !== ""} />
        <p id={`${id}-hint`} className="sign-in-hint">
          It is kept in this browser tab until you sign out or close it, and sent to this server only.
        </p>
        <p id={`${id}-reason`} className="sign-in-reason" role="alert">{reason}</p>
        <button type="submit" disabled={isBusy}>{isBusy ? "Signing in …" : "Sign in"}</button>
      </form>
    </dialog>
  );
}
