// Groups: who is in them, and what they may do with which script.
import { useState } from "react";
import { useAnswer } from "#api/answer.ts";
import { ask } from "#api/endpoint.ts";
import { Ask, TextField } from "#parts/ask.tsx";
import { Confirm } from "#parts/confirm.tsx";
import { Icon } from "#parts/icon.tsx";
import { Empty, Loading, Problem } from "#parts/states.tsx";
import { useTitle } from "#parts/title.ts";
import { tellProblem } from "#parts/toast.tsx";
import { Link } from "../../router.tsx";
import { AddGroup, DeleteGroup, FindUser, GrantRight, Groups, type GroupsQuery, JoinGroup, LeaveGroup, RenameGroup, RevokeRight, type ScriptRight } from "./groups.graphql.ts";

type Group = GroupsQuery["groups"][number];
type Shown = { group: Group; scripts: string[]; reload(): void };

const RIGHTS: Record<ScriptRight, string> = {
  SEE: "see that it is there", START: "start it", READ: "read what others started",
};
const EVERY = "*";

export function GroupsPage() {
  useTitle("Groups");
  const { answer, error, reload } = useAnswer(Groups, {});
  const [isAsked, setAsked] = useState(false);
  return (
    <>
      <div className="title">
        <h1>Groups</h1>
        <button type="button" className="primary" onClick={() => setAsked(true)}><Icon name="plus" />Add a group</button>
      </div>
      {error && <Problem error={error} retry={reload} />}
      {!answer && !error && <Loading what="groups" />}
      {answer && !answer.groups.length && <Empty title="There are no groups">A group gives its members rights to scripts that not everybody has.</Empty>}
      <div className="columns">
        {answer?.groups.map((group) => <One key={group.id} group={group} scripts={answer.scripts.map(({ name }) => name)} reload={reload} />)}
      </div>
      <Ask title="Add a group" act="Add" isOpen={isAsked} close={() => setAsked(false)} send={(form) => ask(AddGroup, { name: String(form.get("name")) }).then(reload)}>
        <TextField label="Name" name="name" />
      </Ask>
    </>
  );
}

function One({ group, scripts, reload }: Shown) {
  const [asked, setAsked] = useState<"rename" | "delete" | null>(null);
  const { id, name } = group;
  const close = () => setAsked(null);
  return (
    <section className="sheet" aria-label={name}>
      <div className="head">
        <h2>{name}</h2>
        <button type="button" className="quiet small" onClick={() => setAsked("rename")}>Rename</button>
        <button type="button" className="quiet small danger" aria-label={`Delete ${name}`} onClick={() => setAsked("delete")}><Icon name="trash" /></button>
      </div>
      <Rights group={group} scripts={scripts} reload={reload} />
      <Members group={group} scripts={scripts} reload={reload} />
      <Ask title={`Rename ${name}`} act="Rename" isOpen={asked === "rename"} close={close} send={(form) => ask(RenameGroup, { id, name: String(form.get("name")) }).then(reload)}>
        <TextField label="New name" name="name" value={name} />
      </Ask>
      <Confirm title={`Delete ${name}?`} act="Delete" isOpen={asked === "delete"} close={close} go={() => ask(DeleteGroup, { id }).then(reload)}>
        <p>Its members stay, without the rights that they have by it.</p>
      </Confirm>
    </section>
  );
}

function Rights({ group: { id: groupId, name, grants }, scripts, reload }: Shown) {
  const [isAsked, setAsked] = useState(false);
  const grant = (form: FormData) =>
    ask(GrantRight, { groupId, right: form.get("right") as ScriptRight, script: String(form.get("script")) }).then(reload);
  return (
    <>
      <h3>May</h3>
      <ul className="chips">
        {grants.map(({ right, script }) => (
          <li key={right + script}>
            {RIGHTS[right]}: <b>{script === EVERY ? "every script" : script}</b>
            <button type="button" className="quiet" aria-label={`Take from ${name}: ${right} ${script}`} onClick={() => ask(RevokeRight, { groupId, right, script }).then(reload, tellProblem)}><Icon name="cross" /></button>
          </li>
        ))}
        <li><button type="button" className="link" aria-label={`Grant ${name} a right`} onClick={() => setAsked(true)}>Grant…</button></li>
      </ul>
      <Ask title={`Grant ${name} a right`} act="Grant" isOpen={isAsked} close={() => setAsked(false)} send={grant}>
        <label>Script
          <select name="script"><option value={EVERY}>Every script</option>{scripts.map((each) => <option key={each}>{each}</option>)}</select>
        </label>
        <label>Its members may
          <select name="right">{Object.entries(RIGHTS).map(([right, words]) => <option key={right} value={right}>{words}</option>)}</select>
        </label>
      </Ask>
    </>
  );
}

function Members({ group: { id: groupId, name, members }, reload }: Shown) {
  const [isAsked, setAsked] = useState(false);
  const join = async (form: FormData) => {
    const { user } = await ask(FindUser, { name: String(form.get("name")) });
    await ask(JoinGroup, { groupId, userId: user!.id });
    reload();
  };
  return (
    <>
      <h3>Members</h3>
      <ul className="chips">
        {members.map(({ id: userId, name: member }) => (
          <li key={userId}>
            <Link to={`/users/${encodeURIComponent(member)}`}>{member}</Link>
            <button type="button" className="quiet" aria-label={`Take ${member} out of ${name}`} onClick={() => ask(LeaveGroup, { groupId, userId }).then(reload, tellProblem)}><Icon name="cross" /></button>
          </li>
        ))}
        <li><button type="button" className="link" aria-label={`Add a member to ${name}`} onClick={() => setAsked(true)}>Add…</button></li>
      </ul>
      <Ask title={`Add a member to ${name}`} act="Add" isOpen={isAsked} close={() => setAsked(false)} send={join}>
        <TextField label="Name of the user" name="name" />
      </Ask>
    </>
  );
}
