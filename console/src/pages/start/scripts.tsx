// What can be started.
import { useAnswer } from "#api/answer.ts";
import { Icon } from "#parts/icon.tsx";
import { Empty, Loading, Problem } from "#parts/states.tsx";
import { useTitle } from "#parts/title.ts";
import { Link } from "../../router.tsx";
import { Scripts } from "./start.graphql.ts";
import "./start.css";

export function ScriptsPage() {
  useTitle("Start");
  const { answer, error, reload } = useAnswer(Scripts, {});
  const all = [...(answer?.scripts ?? [])].sort((one, other) => one.name.localeCompare(other.name));
  return (
    <>
      <h1>Start a script</h1>
      {error && <Problem error={error} retry={reload} />}
      {!answer && !error && <Loading what="scripts" />}
      {answer && !all.length && <Empty title="There is no script that you may see">Ask an administrator for the right to start one.</Empty>}
      <ul className="scripts">
        {all.map(({ name, description, canStart }) => (
          <li key={name} className="sheet">
            <h2>{canStart ? <Link to={`/start/${encodeURIComponent(name)}`}>{name}</Link> : name}</h2>
            <p>{description}</p>
            {canStart ? <Icon name="right" /> : <p className="faint">You may see it, but not start it.</p>}
          </li>
        ))}
      </ul>
    </>
  );
}
