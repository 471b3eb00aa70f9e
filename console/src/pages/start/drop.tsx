// Where a file is dropped, or chosen.
import { type DragEvent, useRef, useState } from "react";
import { Icon } from "#parts/icon.tsx";
import { size } from "#parts/size.ts";

type Shown = { id: string; label: string | undefined; file: File | null; isOnly: boolean; earlier: string | undefined; describedBy: string; isWrong: boolean; change(files: File[]): void };

export function Drop({ id, label, file, isOnly, earlier, describedBy, isWrong, change }: Shown) {
  const [isOver, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    change([...event.dataTransfer.files]);
  };
  const over = (event: DragEvent) => {
    event.preventDefault();
    setOver(true);
  };
  return (
    <div className={isOver ? "drop over" : "drop"} onDragOver={over} onDragLeave={() => setOver(false)} onDrop={drop}>
      <Icon name={file ? "file" : "upload"} />
      <span>{file ? <><b>{file.name}</b> <span className="faint">{size(file.size)}</span></> : earlier ? <>Choose <b>{earlier}</b> again, or another</> : "Drop a file here, or"}</span>
      <button type="button" onClick={() => input.current?.click()} tabIndex={-1} aria-hidden="true">{file ? "Another" : "Choose"}</button>
      <input
        ref={input} id={id} type="file" className="over-all" aria-label={label} aria-describedby={describedBy} aria-invalid={isWrong}
        onChange={({ target }) => change([...(target.files ?? [])])}
      />
      {file && isOnly && <button type="button" className="quiet small above" aria-label={`Take away ${file.name}`} onClick={() => change([])}><Icon name="cross" /></button>}
    </div>
  );
}
