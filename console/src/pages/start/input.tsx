// The right input for each type of value.
import type { Parameter } from "./values.ts";

type Shown = { id: string; label: string | undefined; parameter: Parameter; value: string; describedBy: string; isWrong: boolean; change(value: string): void };

const DATE = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(?::\d\d)?)?$/;

export function Input(shown: Shown) {
  const { id, label, parameter, value, describedBy, isWrong, change } = shown;
  const common = {
    id, value, "aria-label": label, "aria-describedby": describedBy, "aria-invalid": isWrong, "aria-required": parameter.mandatory,
    onChange: ({ target }: { target: { value: string } }) => change(target.value),
  };
  const hint = parameter.default ?? "";
  switch (parameter.type) {
    case "BOOLEAN":
      return <Flag {...shown} />;
    case "CHOICE":
      return (
        <select {...common}>
          <option value="">{hint || (parameter.mandatory ? "Choose…" : "None")}</option>
          {parameter.choices.filter((each) => each !== hint).map((each) => <option key={each}>{each}</option>)}
        </select>
      );
    case "INTEGER":
      // Of what is no number, an input of type “number” gives out nothing, and the default would be used.
      return <input {...common} inputMode={parameter.min !== null && parameter.min >= 0 ? "numeric" : undefined} placeholder={hint} autoComplete="off" />;
    case "DATE":
      return value === "" || DATE.test(value) ? <Moment {...shown} /> : <input {...common} />;
    case "SECRET":
      return <input {...common} type="password" autoComplete="new-password" />;
    case "STRING":
      return <textarea {...common} rows={1} placeholder={hint} spellCheck={false} />;
    default:
      return <input {...common} placeholder={hint} spellCheck={false} autoCapitalize="off" />;
  }
}

/** Of a flag whose default is on, off has to be said. */
function Flag({ id, label, parameter, value, describedBy, isWrong, change }: Shown) {
  const otherwise = parameter.default ?? "false";
  const isOn = (value || otherwise) === "true";
  const turn = (on: boolean) => change(String(on) === otherwise ? "" : String(on));
  return <input id={id} type="checkbox" aria-label={label} checked={isOn} aria-describedby={describedBy} aria-invalid={isWrong} onChange={({ target }) => turn(target.checked)} />;
}

/** A date, with or without a time. */
function Moment({ id, label, parameter, value, describedBy, isWrong, change }: Shown) {
  const [, date = "", time = ""] = DATE.exec(value) ?? [];
  const join = (day: string, hour: string) => change(day && hour ? `${day}T${hour}` : day);
  return (
    <>
      <input id={id} name={parameter.name} type="date" aria-label={label} value={date} aria-describedby={describedBy} aria-invalid={isWrong} aria-required={parameter.mandatory} onChange={({ target }) => join(target.value, time)} />
      <input name={parameter.name} type="time" aria-label={`Time of ${parameter.long ?? parameter.name}, if it matters`} value={time} disabled={!date} onChange={({ target }) => join(date, target.value)} />
    </>
  );
}
