// GraphiQL itself, with our examples, the pane for files, the live output and downloads.
import { HISTORY_PLUGIN } from "@graphiql/plugin-history";
import { useGraphiQL } from "@graphiql/react";
import { GraphiQL } from "graphiql";
import type { GraphQLSchema } from "graphql";
import { useEffect, useMemo, useRef } from "react";
import examples from "examples";
import { Downloads } from "./downloads";
import { connect } from "./fetcher";
import { FILES } from "./files";
import { LiveOutput } from "./live-output";
import { isForgetting, type Token } from "./session";

const PLUGINS = [FILES, HISTORY_PLUGIN];

// How the editor of variables judges our scalars.
const SCALARS = {
  Upload: { type: "string", description: "The name of a file chosen in the pane “Files”." },
  DateTime: { type: "string", description: "A time in ISO 8601, for example 2030-01-31T18:00:00Z." },
  BigInt: { type: ["integer", "string"], description: "A whole number of any size." },
} as never;

// Tabs, variables and history stay in this browser tab: variables may hold a script's secrets.
const storageOf = (key: string) => (key === "graphiql:theme" ? localStorage : sessionStorage);
const STORAGE = {
  getItem: (key: string) => storageOf(key).getItem(key),
  setItem: (key: string, value: string) => {
    if (!isForgetting) storageOf(key).setItem(key, value);
  },
  removeItem: (key: string) => storageOf(key).removeItem(key),
  clear: () => sessionStorage.clear(),
  get length() {
    return sessionStorage.length;
  },
};

/** Long lines are wrapped: comments beside an open pane, and text within an answer. */
function WrapLines() {
  const editors = useGraphiQL(({ queryEditor, responseEditor }) => ({ queryEditor, responseEditor }));
  useEffect(() => {
    editors.queryEditor?.updateOptions({ wordWrap: "on" });
    editors.responseEditor?.updateOptions({ wordWrap: "on" });
  }, [editors.queryEditor, editors.responseEditor]);
  return null;
}

type Props = { token: Token; onRefused(): void };

export function Explorer({ token, onRefused }: Props) {
  const schema = useRef<GraphQLSchema | null>(null);
  const connection = useMemo(() => connect(token, () => schema.current, onRefused), [token, onRefused]);
  useEffect(() => () => connection.close(), [connection]);
  return (
    <GraphiQL
      fetcher={connection.fetcher}
      defaultTabs={examples}
      defaultEditorToolsVisibility="variables"
      isHeadersEditorEnabled={false}
      showPersistHeadersSettings={false}
      inputValueDeprecation
      customScalarSchemas={SCALARS}
      plugins={PLUGINS}
      onSchemaChange={(known) => {
        schema.current = known;
      }}
      storage={STORAGE}
    >
      <WrapLines />
      <GraphiQL.Logo><></></GraphiQL.Logo>
      <GraphiQL.Footer>
        <Downloads token={token} />
        <LiveOutput />
      </GraphiQL.Footer>
    </GraphiQL>
  );
}
