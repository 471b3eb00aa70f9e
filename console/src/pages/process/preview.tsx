// A look at a file: the beginning of a text, the rows of a table, a picture.
import { Dialog } from "@base-ui/react/dialog";
import { useEffect, useState } from "react";
import { wordsOf } from "#api/operation.ts";
import { size } from "#parts/size.ts";
import { Loading } from "#parts/states.tsx";
import { addressOf, fetchFile, type Written } from "./files.tsx";
import { rowsOf } from "./csv.ts";

const MOST_BYTES = 200_000;
const MOST_ROWS = 200;
const PICTURES = /^image\/(png|jpeg|gif|webp|avif|svg\+xml)$/;
const TEXTS = /^text\/|json|xml|yaml|toml|javascript|x-sh/;
const TEXT_NAMES = /\.(txt|log|csv|tsv|md|json|xml|ya?ml|toml|ini|sql|py|sh)$/i;

type Content = { picture: string } | { text: string } | { problem: string } | { nothing: true };

export function Preview({ id, file, close }: { id: string; file: Written; close(): void }) {
  const content = useContent(id, file);
  return (
    <Dialog.Root open onOpenChange={(open) => !open && close()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog preview">
          <Dialog.Title>{file.name} <span className="faint">{size(file.size)}</span></Dialog.Title>
          <div className="content" tabIndex={0} role="region" aria-label={`Content of ${file.name}`}>
            {content ? <Shown content={content} file={file} /> : <Loading what={file.name} />}
          </div>
          <div className="buttons">
            <a className="button" download={file.name} href={`/api/system/processes/${id}/files/${encodeURIComponent(file.name)}`} onClick={(event) => {
              event.preventDefault();
              void fetchFile(id, file.name);
            }}>Download</a>
            <Dialog.Close className="primary">Close</Dialog.Close>
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function useContent(id: string, file: Written): Content | undefined {
  const [content, setContent] = useState<Content>();
  useEffect(() => {
    let isOver = false;
    read(id, file).catch((error: unknown) => ({ problem: wordsOf(error) })).then((found) => isOver || setContent(found));
    return () => void (isOver = true);
  }, [id, file]);
  return content;
}

async function read(id: string, file: Written): Promise<Content> {
  if (PICTURES.test(file.mediaType)) return { picture: await addressOf(id, file.name) };
  if (file.size && !TEXTS.test(file.mediaType) && !TEXT_NAMES.test(file.name)) {
    const start = await part(id, file, 1000);
    if (start.includes("\0") || start.includes("�")) return { nothing: true };
  }
  return { text: file.size ? await part(id, file, MOST_BYTES) : "" };
}

async function part(id: string, file: Written, bytes: number): Promise<string> {
  const headers = { Range: `bytes=0-${bytes - 1}` };
  const response = await fetch(await addressOf(id, file.name), { headers, redirect: "error" });
  if (!response.ok) throw new Error(`The server answered ${response.status}.`);
  return response.text();
}

function Shown({ content, file }: { content: Content; file: Written }) {
  if ("picture" in content) return <img src={content.picture} alt={file.name} />;
  if ("problem" in content) return <p className="problem" role="alert">{content.problem}</p>;
  if ("nothing" in content) return <p className="faint">This file is no text and no picture: download it to open it.</p>;
  if (!content.text) return <p className="faint">This file is empty.</p>;
  const isWhole = file.size <= MOST_BYTES;
  const isTable = file.mediaType === "text/csv" || /\.csv$/i.test(file.name);
  return (
    <>
      {isTable ? <Table text={content.text} isWhole={isWhole} /> : <pre>{content.text}</pre>}
      {!isWhole && <p className="faint">This is the beginning; all of it is in the download.</p>}
    </>
  );
}

function Table({ text, isWhole }: { text: string; isWhole: boolean }) {
  const { rows: [head = [], ...rows], isRead } = rowsOf(text, MOST_ROWS + 1);
  return (
    <>
      <table>
        <thead><tr>{head.map((cell, index) => <th key={index} scope="col">{cell}</th>)}</tr></thead>
        <tbody>{rows.map((row, number) => <tr key={number}>{row.map((cell, index) => <td key={index}>{cell}</td>)}</tr>)}</tbody>
      </table>
      {!isRead && isWhole && <p className="faint">What follows is no table by the rules of CSV; all of it is in the download.</p>}
      {rows.length === MOST_ROWS && <p className="faint">These are the first {MOST_ROWS} rows.</p>}
    </>
  );
}
