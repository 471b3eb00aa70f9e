// Files that the latest answer gives an address for: the browser alone could not fetch them, for it would send no token.
import { useState } from "react";
import { create } from "zustand";
import { download } from "./endpoint";
import type { Token } from "./session";

type Download = { name: string; url: string };

const useDownloads = create<readonly Download[]>(() => []);

/** Finds in an answer every object with a `url` of this server; its `name` is the file's. */
export function noteDownloads(answer: unknown) {
  const found = new Map<string, Download>();
  const visit = (value: unknown) => {
    if (typeof value !== "object" || value === null) return;
    const { name, url } = value as { name?: unknown; url?: unknown };
    if (typeof url === "string" && isOurs(url)) found.set(url, { name: typeof name === "string" ? name : "file", url });
    Object.values(value).forEach(visit);
  };
  visit(answer);
  useDownloads.setState([...found.values()], true);
}

function isOurs(url: string): boolean {
  return URL.canParse(url, location.href) && new URL(url, location.href).origin === location.origin;
}

export function Downloads({ token }: { token: Token }) {
  const files = useDownloads();
  const [problem, setProblem] = useState("");
  if (files.length === 0) return null;
  const fetchFile = async (file: Download) => {
    setProblem("");
    try {
      save(await download(token, file.url), file.name);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <section className="downloads" aria-label="Downloads">
      <h2>Download</h2>
      <ul>
        {files.map((file) => (
          <li key={file.url}><button type="button" onClick={() => void fetchFile(file)}>{file.name}</button></li>
        ))}
      </ul>
      <p role="alert">{problem}</p>
    </section>
  );
}

function save(content: Blob, name: string) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
