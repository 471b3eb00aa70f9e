// One parameter: its values, what it is for, what is wrong with it.
import { Icon } from "#parts/icon.tsx";
import { Drop } from "./drop.tsx";
import { Input } from "./input.tsx";
import { optionOf, type Parameter } from "./values.ts";

type Shown = {
  parameter: Parameter;
  values: (string | File)[];
  earlier: string[];
  problems: string[];
  change(values: (string | File)[]): void;
};

export function Field({ parameter, values, earlier, problems, change }: Shown) {
  const { name, long, type, description, mandatory, repeat } = parameter;
  const id = `field-${name}`;
  const describedBy = `${id}-help ${id}-problem`;
  const set = (index: number, value: string | File) => change(values.map((each, place) => (place === index ? value : each)));
  const drop = (index: number, files: File[]) => {
    if (!repeat) set(index, files[0] ?? "");
    else change([...values.slice(0, index), ...(files.length ? files : [""]), ...values.slice(index + 1)]);
  };
  const one = (value: string | File, index: number) => {
    const own = index ? `${id}-${index}` : id;
    const label = index ? `${long ?? name}, value ${index + 1}` : undefined;
    const common = { id: own, label, describedBy, isWrong: problems.length > 0 };
    if (type !== "FILE") return <Input {...common} parameter={parameter} value={value as string} change={(next) => set(index, next)} />;
    return <Drop {...common} isOnly={values.length === 1} file={value instanceof File ? value : null} earlier={earlier[index]} change={(files) => drop(index, files)} />;
  };
  return (
    <div className={`field ${type.toLowerCase()}`}>
      <label htmlFor={id}>{long ?? name}{long && <code className="faint"> {optionOf(name)}</code>}{mandatory && <span className="needed"> needed</span>}</label>
      {values.map((value, index) => (
        <div key={index} className="row">
          {one(value, index)}
          {values.length > 1 && <button type="button" className="quiet" aria-label={`Take away value ${index + 1} of ${long ?? name}`} onClick={() => change(values.filter((_, place) => place !== index))}><Icon name="cross" /></button>}
        </div>
      ))}
      {repeat && <button type="button" className="quiet small add" onClick={() => change([...values, ""])}><Icon name="plus" />Another</button>}
      <p className="help" id={`${id}-help`}>{description}{limits(parameter)}</p>
      <p className="wrong" id={`${id}-problem`}>{problems.join(" ")}</p>
    </div>
  );
}

function limits({ min, max, pattern, default: otherwise }: Parameter): string {
  const range = min !== null && max !== null ? `from ${min} to ${max}` : min !== null ? `${min} or more` : max !== null ? `${max} at most` : "";
  const parts = [range, pattern && `must look like ${pattern}`, otherwise !== null && `${otherwise} unless said`];
  return parts.filter(Boolean).map((part) => `; ${part}`).join("");
}
