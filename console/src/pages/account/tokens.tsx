// Tokens and sessions of a user.
import { Dialog } from "@base-ui/react/dialog";
import { useState } from "react";
import { ask } from "#api/endpoint.ts";
import { Ask, TextField } from "#parts/ask.tsx";
import { copy } from "#parts/clipboard.ts";
import { Confirm } from "#parts/confirm.tsx";
import { Icon } from "#parts/icon.tsx";
import { Time } from "#parts/time.tsx";
import { CreateToken, type KeysFragment, RevokeToken, type TokenRowFragment, type TokenScope } from "./account.graphql.ts";

const SCOPES: Record<TokenScope, string> = {
  READ: "Look at scripts and processes",
  START: "Also start, stop and delete",
  ADMIN: "Everything that its user may",
};
const LIVES: [string, number | null][] = [["30 days", 30], ["90 days", 90], ["a year", 365], ["for ever", null]];
const DAY_MS = 86_400_000;

type Shown = { of: KeysFragment; reload(): void };

export function Tokens({ of: { id, name, tokens }, reload }: Shown) {
  const [isAsked, setAsked] = useState(false);
  const [made, setMade] = useState<string | null>(null);
  const create = async (form: FormData) => {
    const days = LIVES[Number(form.get("life"))]![1];
    const expiresAt = days === null ? null : new Date(Date.now() + days * DAY_MS).toISOString();
    const { createToken } = await ask(CreateToken, { name: String(form.get("name")), scope: form.get("scope") as TokenScope, expiresAt, userId: id });
    setMade(createToken.text);
    reload();
  };
  return (
    <section className="sheet" aria-labelledby="tokens">
      <div className="head">
        <h2 id="tokens">Tokens</h2>
        <button type="button" onClick={() => setAsked(true)}><Icon name="plus" />New token</button>
      </div>
      <p className="faint">Programs sign in with them, as {name}.</p>
      <Rows rows={living(tokens)} word="Revoke" reload={reload} />
      <Ask title="New token" act="Create" isOpen={isAsked} close={() => setAsked(false)} send={create}>
        <TextField label="What it is for" name="name" />
        <label>What it is good for
          <select name="scope">{Object.entries(SCOPES).map(([scope, words]) => <option key={scope} value={scope}>{words}</option>)}</select>
        </label>
        <label>How long
          <select name="life">{LIVES.map(([words], index) => <option key={words} value={index}>{words}</option>)}</select>
        </label>
      </Ask>
      <Made text={made} close={() => setMade(null)} />
    </section>
  );
}

function Made({ text, close }: { text: string | null; close(): void }) {
  return (
    <Dialog.Root open={text !== null} onOpenChange={(open) => !open && close()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog">
          <Dialog.Title>Copy it now</Dialog.Title>
          <Dialog.Description>The token is shown only this once.</Dialog.Description>
          <input readOnly aria-label="The token" value={text ?? ""} onFocus={({ target }) => target.select()} />
          <div className="buttons">
            <button type="button" className="primary" onClick={() => copy(text ?? "", "The token is copied.")}><Icon name="copy" />Copy</button>
            <Dialog.Close>Done</Dialog.Close>
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

export function Sessions({ of: { sessions }, reload }: Shown) {
  return (
    <section className="sheet" aria-labelledby="sessions">
      <div className="head"><h2 id="sessions">Sessions</h2></div>
      <p className="faint">Browsers that are signed in.</p>
      <Rows rows={living(sessions)} word="End" reload={reload} />
    </section>
  );
}

const living = (rows: TokenRowFragment[]) => rows.filter(({ revokedAt, expiresAt }) => !revokedAt && (!expiresAt || Date.parse(expiresAt) > Date.now()));

function Rows({ rows, word, reload }: { rows: TokenRowFragment[]; word: string; reload(): void }) {
  const [asked, setAsked] = useState<TokenRowFragment | null>(null);
  if (!rows.length) return <p className="faint">There are none.</p>;
  const end = async () => {
    await ask(RevokeToken, { id: asked!.id });
    reload();
  };
  return (
    <div className="scrolls" tabIndex={0} role="group" aria-label={`To ${word.toLowerCase()}`}>
      <table>
        <thead><tr><th scope="col">For</th><th scope="col">Good for</th><th scope="col">Used</th><th scope="col">Ends</th><td /></tr></thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.id}>
              <td>{row.agent ? <>{browserOf(row.agent)} <span className="faint">{row.address}</span></> : row.name}</td>
              <td>{row.scope}</td>
              <td>{row.lastUsedAt ? <Time at={row.lastUsedAt} /> : <span className="faint">never</span>}</td>
              <td>{row.expiresAt ? <Time at={row.expiresAt} /> : <span className="faint">never</span>}</td>
              <td className="acts"><button type="button" className="danger small" aria-label={`${word} ${row.name}`} onClick={() => setAsked(row)}>{word}</button></td>
            </tr>
          ))}
        </tbody>
      </table>
      <Confirm title={`${word} ${asked?.name ?? ""}?`} act={word} isOpen={asked !== null} close={() => setAsked(null)} go={end}>
        <p>Whoever uses it is refused from now on.</p>
      </Confirm>
    </div>
  );
}

/** The name of a browser in what it says of itself. */
const browserOf = (agent: string) => /(Edg|Firefox|OPR|Chrome|Safari|curl|python-httpx)\w*\/[\d.]+/.exec(agent)?.[0].replace(/\.[\d.]+$/, "") ?? agent.slice(0, 40);
