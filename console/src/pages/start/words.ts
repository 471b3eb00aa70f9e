// The start that is being filled in, as others would write it: a command line, curl, GraphQL.
import { Start } from "./start.graphql.ts";
import { type Given, optionOf, type Script } from "./values.ts";

export type Starting = { script: Script; given: Given[]; startTime: string | null };

const HIDDEN = "***";
const DOCUMENT = Start.replace("{ startProcess", "{\n  startProcess").replace(" { id } }", " { id }\n}");

export const FORMS: Record<string, (starting: Starting) => string> = {
  "Command line": commandLine,
  curl: (starting) => (starting.given.some(({ file }) => file) ? multipart(starting) : json(starting)),
  GraphQL: (starting) => `${DOCUMENT}\n\n# Variables\n${JSON.stringify(variablesOf(starting), null, 2)}`,
};

const isSecret = (script: Script, name: string) => script.parameters.find((each) => each.name === name)?.type === "SECRET";
const isFlag = (script: Script, name: string) => script.parameters.find((each) => each.name === name)?.type === "BOOLEAN";

/** A word of a shell. */
const quoted = (text: string) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

function commandLine({ script, given, startTime }: Starting): string {
  const options = given.flatMap(({ name, value, file }) => {
    const parameter = script.parameters.find((each) => each.name === name);
    const option = optionOf(parameter?.long ?? name);
    if (isFlag(script, name)) return value === "true" ? [option] : [];
    return [option, isSecret(script, name) ? HIDDEN : quoted(file?.name ?? value ?? "")];
  });
  const at = startTime ? ["--at", startTime] : ["--follow"];
  return ["procession", "start", quoted(script.name), ...options, ...at].join(" ");
}

function variablesOf({ script, given, startTime }: Starting) {
  const parameters = given.map(({ name, value, file }) =>
    file ? { name, file: null } : { name, value: isSecret(script, name) ? HIDDEN : value });
  return { script: script.name, parameters, ...(startTime && { startTime }) };
}

const HEAD = () => `curl ${location.origin}/graphql \\\n  -H "Authorization: Bearer $TOKEN" \\\n`;
const bodyOf = (starting: Starting) => JSON.stringify({ query: Start, variables: variablesOf(starting) });

function json(starting: Starting): string {
  return `${HEAD()}  -H 'Content-Type: application/json' \\\n  -d ${quoted(bodyOf(starting))}`;
}

function multipart(starting: Starting): string {
  const files = starting.given.flatMap(({ file }, index) => (file ? [{ file, index }] : []));
  const map = Object.fromEntries(files.map(({ index }, number) => [number, [`variables.parameters.${index}.file`]]));
  const parts = [`operations=${bodyOf(starting)}`, `map=${JSON.stringify(map)}`, ...files.map(({ file }, number) => `${number}=@${file.name}`)];
  return HEAD() + parts.map((part) => `  -F ${quoted(part)}`).join(" \\\n");
}
