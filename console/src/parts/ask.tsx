// A small form in a dialog.
import { Dialog } from "@base-ui/react/dialog";
import { type FormEvent, type ReactNode, useState } from "react";
import { fieldWordsOf } from "#api/operation.ts";

export type Asked = { title: string; act: string; isOpen: boolean; close(): void; send(form: FormData): Promise<unknown>; children: ReactNode };

/** What is wrong with a field stands below; the server's names of fields mean nothing to who fills it in. */
export function Ask({ title, act, isOpen, close, send, children }: Asked) {
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    setBusy(true);
    setProblem("");
    send(new FormData(event.currentTarget)).then(close, (error: unknown) => setProblem(fieldWordsOf(error))).finally(() => setBusy(false));
  };
  return (
    <Dialog.Root open={isOpen} onOpenChange={(open) => !open && (setProblem(""), close())}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog">
          <Dialog.Title>{title}</Dialog.Title>
          <form className="asked" onSubmit={submit}>
            {children}
            {problem && <p role="alert" className="problem">{problem}</p>}
            <div className="buttons">
              <Dialog.Close>Cancel</Dialog.Close>
              <button type="submit" className="primary" disabled={isBusy}>{act}</button>
            </div>
          </form>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

type Named = { label: string; name: string; type?: string; help?: string; optional?: boolean; value?: string };

export function TextField({ label, name, type = "text", help, optional = false, value }: Named) {
  return (
    <label>{label}
      <input name={name} type={type} required={!optional} defaultValue={value} autoComplete={type === "password" ? "new-password" : "off"} spellCheck={false} />
      {help && <small className="faint">{help}</small>}
    </label>
  );
}
