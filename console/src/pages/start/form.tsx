// The form of a script, made from its manifest.
import { type FormEvent, useEffect, useReducer, useRef, useState } from "react";
import { useAnswer } from "#api/answer.ts";
import { ask } from "#api/endpoint.ts";
import { Refusal } from "#api/operation.ts";
import { Icon } from "#parts/icon.tsx";
import { Empty, Loading, Problem } from "#parts/states.tsx";
import { useTitle } from "#parts/title.ts";
import { tell } from "#parts/toast.tsx";
import { offer } from "../../endings/tell-me.tsx";
import { go, Link, useSearch } from "../../router.tsx";
import { useViewer } from "../../session.ts";
import { Field } from "./field.tsx";
import { Go } from "./go.tsx";
import { AT_ONCE, momentOf, StartTime, wrongIn } from "./moment.tsx";
import { useSending } from "./sending.ts";
import { Again, type AgainQuery, OneScript } from "./start.graphql.ts";
import "./start.css";
import { givenIn, missingIn, type Script, uploadsOf, type Values, valuesAgain, valuesOf } from "./values.ts";
import { Words } from "./written.tsx";

const isGone = (error: Error) => error instanceof Refusal && error.code === "NOT_FOUND";

export function StartPage({ id: name }: { id: string }) {
  useTitle(`Start ${name}`);
  const [search] = useSearch();
  const again = search.get("again");
  const { answer, error, reload } = useAnswer(OneScript, { name });
  const [earlier, setEarlier] = useState<AgainQuery["process"] | undefined>(again ? undefined : null);
  const [unread, setUnread] = useState<Error | null>(null);
  const [round, readAgain] = useReducer((before: number) => before + 1, 0);
  const isRead = earlier !== undefined;
  useEffect(() => {
    if (isRead || !again) return;
    setUnread(null);
    ask(Again, { id: again }).then(({ process }) => setEarlier(process), (failure: Error) => (isGone(failure) ? setEarlier(null) : setUnread(failure)));
  }, [again, isRead, round]);
  if (unread) return <Problem error={unread} retry={readAgain} />;
  if (error && !answer) return <Problem error={error} retry={reload} />;
  if (!answer || earlier === undefined) return <Loading what={name} />;
  const { script } = answer;
  if (!script) return <Empty title={`There is no script ${name}`}><Link to="/start">Choose another</Link>.</Empty>;
  if (!script.canStart) return <Empty title={`You may not start ${name}`}>Ask an administrator for the right to.</Empty>;
  return (
    <>
      {again && !earlier && <p role="alert" className="problem"><Icon name="alert" />The earlier process is not there any more. Fill in anew what it was started with.</p>}
      <Form key={name} script={script} earlier={earlier} />
    </>
  );
}

/** Fields that are half filled in: the browser gives them out as empty. */
function unreadIn(form: HTMLFormElement): Record<string, string[]> {
  const half = [...form.querySelectorAll("input")].filter(({ validity }) => validity.badInput);
  return Object.fromEntries(half.map(({ name }) => [name, ["This is not complete."]]));
}

function Form({ script, earlier }: { script: Script; earlier: AgainQuery["process"] }) {
  const [values, setValues] = useState<Values>(() => valuesAgain(script, earlier));
  const [later, setLater] = useState(AT_ONCE);
  const { id: viewer } = useViewer();
  const form = useRef<HTMLFormElement>(null);
  const { sending, start, tell: tellMissing, ...control } = useSending((id) => {
    tell(`${script.name} is ${momentOf(later) ? "scheduled" : "started"}.`, false, { about: id, offer: offer(id, viewer) });
    go(`/processes/${id}`);
  });
  const starting = { script, given: givenIn(script, values), startTime: momentOf(later) };
  const uploads = uploadsOf(script, earlier);
  const send = (event: FormEvent) => {
    event.preventDefault();
    const missing = { ...missingIn(script, values), ...unreadIn(form.current!), ...wrongIn(later) };
    if (Object.keys(missing).length) tellMissing(missing);
    else void start({ ...starting, script: script.name });
  };
  useEffect(() => {
    if (sending.problem) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [sending.problem, sending.fields]);

  const own = new Set(["startTime", ...script.parameters.map(({ name }) => name)]);
  const isAbove = sending.problem !== null && !Object.keys(sending.fields).some((name) => own.has(name));
  return (
    <form ref={form} className="start" onSubmit={send} noValidate>
      <div className="title">
        <Link to="/start" className="back" aria-label="All scripts"><Icon name="left" /></Link>
        <h1>{script.name}</h1>
      </div>
      <p className="about">{script.description}{script.concurrency !== null && `; at most ${script.concurrency} at once`}</p>
      {isAbove && <p role="alert" className="problem"><Icon name="alert" />{sending.problem}</p>}
      <div className="sheet fields">
        {script.parameters.map((parameter) => (
          <Field
            key={parameter.name} parameter={parameter} values={valuesOf(values, parameter)} earlier={uploads[parameter.name] ?? []}
            problems={sending.fields[parameter.name] ?? []} change={(next) => setValues({ ...values, [parameter.name]: next.length ? next : [""] })}
          />
        ))}
        {!script.parameters.length && <p className="faint">It takes no parameters.</p>}
        <StartTime later={later} change={setLater} problem={sending.fields.startTime?.join(" ")} />
      </div>
      <Go progress={sending.progress} hasFiles={starting.given.some(({ file }) => file)} isLater={later.isLater} {...control} />
      <Words starting={starting} />
    </form>
  );
}
