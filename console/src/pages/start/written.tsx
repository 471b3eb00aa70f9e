import { Tabs } from "@base-ui/react/tabs";
import { copy } from "#parts/clipboard.ts";
import { Icon } from "#parts/icon.tsx";
import { FORMS, type Starting } from "./words.ts";

/** What is about to be started, to be taken elsewhere. */
export function Words({ starting }: { starting: Starting }) {
  return (
    <details className="sheet words">
      <summary>As a command line, curl or GraphQL</summary>
      <Tabs.Root defaultValue="Command line">
        <Tabs.List className="tabs" aria-label="Forms">
          {Object.keys(FORMS).map((name) => <Tabs.Tab key={name} value={name} className="tab">{name}</Tabs.Tab>)}
        </Tabs.List>
        {Object.entries(FORMS).map(([name, write]) => (
          <Tabs.Panel key={name} value={name} className="form"><Written name={name} text={write(starting)} /></Tabs.Panel>
        ))}
      </Tabs.Root>
    </details>
  );
}

function Written({ name, text }: { name: string; text: string }) {
  return (
    <>
      <pre tabIndex={0}>{text}</pre>
      <button type="button" onClick={() => copy(text, `${name}: copied.`)}><Icon name="copy" />Copy</button>
    </>
  );
}
