// What is one's own.
import { type FormEvent, useState } from "react";
import { useAnswer } from "#api/answer.ts";
import { ask } from "#api/endpoint.ts";
import { fieldWordsOf } from "#api/operation.ts";
import licences from "../../licences.txt?url";
import { Loading, Problem } from "#parts/states.tsx";
import { useTitle } from "#parts/title.ts";
import { tell } from "#parts/toast.tsx";
import { applyTheme, readTheme, type Theme, THEMES } from "../../theme.ts";
import { ChangePassword, Own } from "./account.graphql.ts";
import { Sessions, Tokens } from "./tokens.tsx";

export function AccountPage() {
  useTitle("Account");
  const { answer, error, reload } = useAnswer(Own, {});
  if (!answer) return error ? <Problem error={error} retry={reload} /> : <Loading what="your account" />;
  const { viewer } = answer;
  return (
    <>
      <h1>{viewer.name}</h1>
      {error && <Problem error={error} retry={reload} />}
      <p className="faint">
        {viewer.isAdmin ? "An administrator" : "A user"}{viewer.groups.length > 0 && ` in ${viewer.groups.map(({ name }) => name).join(", ")}`}
      </p>
      <div className="columns">
        <Tokens of={viewer} reload={reload} />
        <Sessions of={viewer} reload={reload} />
        <Password done={reload} />
        <Looks />
      </div>
    </>
  );
}

function Password({ done }: { done(): void }) {
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);
  const send = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const given = new FormData(form);
    setBusy(true);
    setProblem("");
    ask(ChangePassword, { old: String(given.get("old")), new: String(given.get("new")) }).then(() => {
      form.reset();
      tell("The password is changed; your other sessions have ended.");
      done();
    }, (error: unknown) => setProblem(fieldWordsOf(error))).finally(() => setBusy(false));
  };
  return (
    <section className="sheet" aria-labelledby="password">
      <div className="head"><h2 id="password">Password</h2></div>
      <form className="asked" onSubmit={send}>
        <label>Present password<input name="old" type="password" required autoComplete="current-password" /></label>
        <label>New password<input name="new" type="password" required minLength={12} autoComplete="new-password" /><small className="faint">At least 12 characters, of any kind.</small></label>
        {problem && <p role="alert" className="problem">{problem}</p>}
        <button type="submit" disabled={isBusy}>Change the password</button>
      </form>
    </section>
  );
}

const WORDS: Record<Theme, string> = { system: "As the system has it", light: "Light", dark: "Dark" };

function Looks() {
  const [theme, setTheme] = useState(readTheme);
  const choose = (next: Theme) => {
    applyTheme(next);
    setTheme(next);
  };
  return (
    <section className="sheet" aria-labelledby="looks">
      <div className="head"><h2 id="looks">This page</h2></div>
      <label className="faint">Colours{" "}
        <select value={theme} onChange={({ target }) => choose(target.value as Theme)}>
          {THEMES.map((each) => <option key={each} value={each}>{WORDS[each]}</option>)}
        </select>
      </label>
      <p className="faint"><a href={licences}>Licences of the packages in it</a></p>
    </section>
  );
}
