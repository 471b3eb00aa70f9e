// One user, as administrators see them.
import { useState } from "react";
import { useAnswer } from "#api/answer.ts";
import { ask } from "#api/endpoint.ts";
import { Ask, TextField } from "#parts/ask.tsx";
import { Confirm } from "#parts/confirm.tsx";
import { Icon } from "#parts/icon.tsx";
import { Empty, Loading, Problem } from "#parts/states.tsx";
import { useTitle } from "#parts/title.ts";
import { tell } from "#parts/toast.tsx";
import { Link } from "../../router.tsx";
import { useViewer } from "../../session.ts";
import { Sessions, Tokens } from "../account/tokens.tsx";
import { DisableUser, EnableUser, OneUser, SetAdmin, SetPassword, type UserKeysFragment } from "./users.graphql.ts";

export function UserPage({ id: name }: { id: string }) {
  useTitle(name);
  const { answer, error, reload } = useAnswer(OneUser, { name });
  if (!answer) return error ? <Problem error={error} retry={reload} /> : <Loading what={name} />;
  if (!answer.user) return <Empty title={`There is no user ${name}`}><Link to="/users">Look at all of them</Link>.</Empty>;
  const { user } = answer;
  return (
    <>
      <div className="title">
        <h1>{user.name}</h1>
        <Acts user={user} reload={reload} />
      </div>
      {error && <Problem error={error} retry={reload} />}
      <p className="faint">
        {user.isDisabled ? "Disabled: refused, whatever they sign in with" : user.isAdmin ? "An administrator" : "A user"}
        {user.groups.length > 0 && `, in ${user.groups.map((group) => group.name).join(", ")}`}
        {" · "}<Link to={`/audit?actor=${encodeURIComponent(user.name)}`}>What they did</Link>
      </p>
      <div className="columns">
        <Tokens of={user} reload={reload} />
        <Sessions of={user} reload={reload} />
      </div>
    </>
  );
}

const turn = (id: string, isDisabled: boolean): Promise<unknown> => (isDisabled ? ask(EnableUser, { id }) : ask(DisableUser, { id }));

type Asked = "disable" | "admin" | "password" | null;

function Acts({ user: { id, name, isAdmin, isDisabled }, reload }: { user: UserKeysFragment; reload(): void }) {
  const viewer = useViewer();
  const [asked, setAsked] = useState<Asked>(null);
  const close = () => setAsked(null);
  const done = (words: string) => () => {
    tell(words);
    reload();
  };
  const isOwn = viewer.id === id;
  return (
    <div className="buttons">
      <button type="button" onClick={() => setAsked("password")}><Icon name="key" />Set a password</button>
      {!isOwn && <button type="button" onClick={() => setAsked("admin")}>{isAdmin ? "No administrator any more" : "Make an administrator"}</button>}
      {!isOwn && <button type="button" className={isDisabled ? "" : "danger"} onClick={() => setAsked("disable")}>{isDisabled ? "Let in again" : "Disable"}</button>}
      <Ask
        title={`A password for ${name}`} act="Set it" isOpen={asked === "password"} close={close}
        send={(form) => ask(SetPassword, { id, password: String(form.get("password")) }).then(done(`${name} has a new password.`))}
      >
        <TextField label="Password" name="password" type="password" help="At least 12 characters. Their sessions end." />
      </Ask>
      <Confirm
        title={isAdmin ? `Take ${name} the rights of an administrator?` : `Make ${name} an administrator?`} act={isAdmin ? "Take them" : "Make them one"}
        isOpen={asked === "admin"} close={close} go={() => ask(SetAdmin, { id, isAdmin: !isAdmin }).then(done(`${name} is ${isAdmin ? "no administrator any more" : "an administrator"}.`))}
      >
        <p>{isAdmin ? "They keep what their groups are granted." : "They may do everything, also to other users."}</p>
      </Confirm>
      <Confirm
        title={isDisabled ? `Let ${name} in again?` : `Disable ${name}?`} act={isDisabled ? "Let in" : "Disable"} isOpen={asked === "disable"} close={close}
        go={() => turn(id, isDisabled).then(done(`${name} is ${isDisabled ? "let in again" : "disabled"}.`))}
      >
        <p>{isDisabled ? "Their tokens are good again." : "They are refused from now on, whatever they sign in with; their processes run on."}</p>
      </Confirm>
    </div>
  );
}
