// What stands where there is nothing to show: yet, at all, or because of an error.
import type { ReactNode } from "react";
import { wordsOf } from "#api/operation.ts";
import { Icon } from "./icon.tsx";

export function Loading({ what }: { what: string }) {
  return <p className="state" role="status"><span className="spinner" aria-hidden="true" />Loading {what}…</p>;
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return <div className="state empty"><h2>{title}</h2>{children && <p>{children}</p>}</div>;
}

type Failed = { error: unknown; retry?: () => void; words?: string };

export function Problem({ error, retry, words = "Try again" }: Failed) {
  return (
    <div className="state problem" role="alert">
      <p><Icon name="alert" />{wordsOf(error)}</p>
      {retry && <button type="button" onClick={retry}>{words}</button>}
    </div>
  );
}
