// Who there is.
import { useState } from "react";
import { useAnswer } from "#api/answer.ts";
import { ask } from "#api/endpoint.ts";
import { Ask, TextField } from "#parts/ask.tsx";
import { Icon } from "#parts/icon.tsx";
import { Loading, Problem } from "#parts/states.tsx";
import { useTitle } from "#parts/title.ts";
import { go, Link, useSearch } from "../../router.tsx";
import { AddUser, Users } from "./users.graphql.ts";

export const addressOf = (name: string) => `/users/${encodeURIComponent(name)}`;

export function UsersPage() {
  useTitle("Users");
  const [search, change] = useSearch();
  const { answer, error, reload } = useAnswer(Users, { after: search.get("after") });
  const [isAsked, setAsked] = useState(false);
  const add = async (form: FormData) => {
    const { addUser } = await ask(AddUser, { name: String(form.get("name")), isAdmin: form.has("isAdmin") });
    go(addressOf(addUser.name));
  };
  const found = answer?.users;
  return (
    <>
      <div className="title">
        <h1>Users</h1>
        <button type="button" className="primary" onClick={() => setAsked(true)}><Icon name="plus" />Add a user</button>
      </div>
      {error && <Problem error={error} retry={reload} />}
      {!found && !error && <Loading what="users" />}
      {found && (
        <table>
          <thead><tr><th scope="col">Name</th><th scope="col">May</th><th scope="col">Groups</th></tr></thead>
          <tbody>
            {found.nodes.map(({ id, name, isAdmin, isDisabled, groups }) => (
              <tr key={id}>
                <td><Link to={addressOf(name)}>{name}</Link></td>
                <td>{isDisabled ? <span className="status stopped"><Icon name="stopped" />Disabled</span> : isAdmin ? "Everything (administrator)" : "What is granted"}</td>
                <td>{groups.map((group) => group.name).join(", ")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {found && (
        <nav className="pager" aria-label="Pages of the list">
          <label>{found.totalCount.toLocaleString()} in all</label>
          <button type="button" disabled={!search.has("after")} onClick={() => change({ after: null })}>First</button>
          <button type="button" disabled={!found.pageInfo.hasNextPage} onClick={() => change({ after: found.pageInfo.endCursor })}>Next<Icon name="right" /></button>
        </nav>
      )}
      <Ask title="Add a user" act="Add" isOpen={isAsked} close={() => setAsked(false)} send={add}>
        <TextField label="Name" name="name" help="It cannot be changed later." />
        <label className="line"><input type="checkbox" name="isAdmin" />An administrator, who may do everything</label>
      </Ask>
    </>
  );
}
