// Asks before something that cannot be undone.
import { AlertDialog } from "@base-ui/react/alert-dialog";
import { type ReactNode, useState } from "react";
import { tellProblem } from "./toast.tsx";

type Question = {
  title: string;
  /** What will be. */
  children: ReactNode;
  /** The word on the button that does it. */
  act: string;
  isOpen: boolean;
  close(): void;
  go(): Promise<unknown>;
};

export function Confirm({ title, children, act, isOpen, close, go }: Question) {
  const [isBusy, setBusy] = useState(false);
  const proceed = () => {
    setBusy(true);
    go().then(close, tellProblem).finally(() => setBusy(false));
  };
  return (
    <AlertDialog.Root open={isOpen} onOpenChange={(open) => !open && close()}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className="backdrop" />
        <AlertDialog.Popup className="dialog">
          <AlertDialog.Title>{title}</AlertDialog.Title>
          <AlertDialog.Description render={<div />}>{children}</AlertDialog.Description>
          <div className="buttons">
            <AlertDialog.Close>Cancel</AlertDialog.Close>
            <button type="button" className="danger" disabled={isBusy} onClick={proceed}>{act}</button>
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
