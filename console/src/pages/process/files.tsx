import { lazy, Suspense, useState } from "react";
import { ask } from "#api/endpoint.ts";
import { Icon } from "#parts/icon.tsx";
import { size } from "#parts/size.ts";
import { hasEnded } from "#parts/status.tsx";
import { tellProblem } from "#parts/toast.tsx";
import { Address, type OneFragment } from "./process.graphql.ts";

const Preview = lazy(async () => ({ default: (await import("./preview.tsx")).Preview }));

export type Written = OneFragment["files"][number];

/** An address from which the browser itself fetches a file, and goes on where it was cut off, for an hour. */
export async function addressOf(id: string, name: string): Promise<string> {
  const { process } = await ask(Address, { id });
  const found = process?.files.find((each) => each.name === name)?.temporaryUrl;
  if (!found) throw new Error(`The file ${name} is not there any more.`);
  return found;
}

export const fetchFile = (id: string, name: string) => addressOf(id, name).then((address) => location.assign(address), tellProblem);

export function Files({ process: { id, files, uploads, status } }: { process: OneFragment }) {
  const [shown, setShown] = useState<Written | null>(null);
  return (
    <section className="sheet" aria-labelledby="files">
      <h2 id="files">Files</h2>
      {files.length === 0 && <p className="faint">{hasEnded(status) ? "It wrote none." : "What it writes is here once it has ended."}</p>}
      <ul className="files">
        {files.map((file) => <Row key={file.name} id={id} file={file} show={() => setShown(file)} />)}
      </ul>
      {uploads.length > 0 && <h3>Uploaded</h3>}
      <ul className="files">
        {uploads.map((file) => <li key={file.name}><Icon name="upload" /><span className="name">{file.name}</span><span className="faint">{size(file.size)}</span></li>)}
      </ul>
      <Suspense>{shown && <Preview id={id} file={shown} close={() => setShown(null)} />}</Suspense>
    </section>
  );
}

function Row({ id, file, show }: { id: string; file: Written; show(): void }) {
  return (
    <li>
      <Icon name="file" />
      <button type="button" className="link name" title={`Preview; SHA-256 ${file.sha256}`} onClick={show}>{file.name}</button>
      <span className="faint">{size(file.size)}</span>
      <button type="button" className="quiet small" aria-label={`Download ${file.name}`} onClick={() => fetchFile(id, file.name)}><Icon name="download" /></button>
    </li>
  );
}
