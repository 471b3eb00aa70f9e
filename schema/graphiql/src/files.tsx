// The pane "Files": files chosen here can be sent by naming them where a variable has the type Upload.
import type { GraphiQLPlugin } from "@graphiql/react";
import { useId, useState, type DragEvent } from "react";
import { create } from "zustand";

const useFiles = create<readonly File[]>(() => []);

export function findFile(name: string): File {
  const file = useFiles.getState().find((chosen) => chosen.name === name);
  if (file) return file;
  throw new Error(`Request not sent. No file named “${name}” has been chosen: open the pane “Files” and choose it.`);
}

/** A file of the same name takes the place of the earlier one. */
function add(files: Iterable<File>) {
  const chosen = new Map(useFiles.getState().map((file) => [file.name, file]));
  for (const file of files) chosen.set(file.name, file);
  useFiles.setState([...chosen.values()], true);
}

function remove(name: string) {
  useFiles.setState(useFiles.getState().filter((file) => file.name !== name), true);
}

function Files() {
  const files = useFiles();
  const [isOver, setOver] = useState(false);
  const input = useId();
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    add(event.dataTransfer.files);
  };
  const over = (event: DragEvent) => {
    event.preventDefault();
    setOver(true);
  };
  return (
    <section className={isOver ? "pane pane-over" : "pane"} aria-label="Files"
      onDragOver={over} onDragLeave={() => setOver(false)} onDrop={drop}>
      <h2>Files</h2>
      <p>
        Choose files, or drop them here. Then write a file’s name in the variables wherever the type is <code>Upload</code>,
        for example <code>{'{ "name": "z", "file": "saf.zip" }'}</code>. They leave this page only when you run the operation.
      </p>
      <label className="pane-choose" htmlFor={input}>Choose files</label>
      <input className="visually-hidden" id={input} type="file" multiple onChange={(event) => {
        add(event.target.files ?? []);
        event.target.value = "";
      }} />
      <ul className="pane-list" aria-label="Chosen files">
        {files.map((file) => (
          <li key={file.name}>
            <code>{file.name}</code> <span>{sizeOf(file)}</span>
            <button type="button" aria-label={`Remove ${file.name}`} onClick={() => remove(file.name)}>Remove</button>
          </li>
        ))}
      </ul>
    </section>
  );
}

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];

function sizeOf({ size }: File): string {
  const power = Math.min(Math.floor(Math.log10(Math.max(size, 1)) / 3), UNITS.length - 1);
  return new Intl.NumberFormat("en-GB", {
    style: "unit", unit: UNITS[power]!, unitDisplay: power ? "short" : "long", maximumSignificantDigits: 3,
  }).format(size / 1000 ** power);
}

const Icon = () => (
  <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
    <path d="M12 16V4m0 0L7 9m5-5 5 5M4 15v3a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-3" />
  </svg>
);

export const FILES: GraphiQLPlugin = { title: "Files", icon: Icon, content: Files };
