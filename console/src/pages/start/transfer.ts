// Files on their way to the server, one after the other, by tus 1.0: each goes on where it was, after a pause, a cut, a reload.
import { authorization } from "#api/credentials.ts";
import { signedOut, Unreachable } from "#api/endpoint.ts";
import { Refusal, wordsOf } from "#api/operation.ts";

/** `share` of all bytes has arrived; `waits` says why nothing is sent just now, although nobody has paused it. */
export type Progress = { share: number; isPaused: boolean; waits: string | null };

const ADDRESS = "/uploads";
const VERSION = { "Tus-Resumable": "1.0.0" };
const PASSING = new Set([408, 409, 500, 502, 503, 504]); // we stood still, the server still believes in the last connection, it leaves, a proxy has none
const PAUSES_MS = [500, 1_000, 2_000, 4_000, 8_000];

export class Transfer {
  #progress: Progress = { share: 0, isPaused: false, waits: null };
  #isCancelled = false;
  #isStarting = false;
  #failures = 0;
  #reached = 0; // bytes of the present file that the server had at the last look
  #request = new AbortController(); // what is asked for just now
  #wake = () => {};
  readonly #script: string;
  readonly #files: File[];
  readonly #tell: (progress: Progress) => void;

  constructor(script: string, files: File[], tell: (progress: Progress) => void) {
    this.#script = script;
    this.#files = files;
    this.#tell = tell;
  }

  pause() {
    this.#change({ isPaused: true, waits: null });
    this.#interrupt();
  }

  resume() {
    this.#change({ isPaused: false });
    this.#interrupt();
  }

  /** Calls back what has arrived, too. */
  cancel() {
    this.#isCancelled = true;
    this.#interrupt();
    this.#files.forEach((file, index) => {
      const place = sessionStorage.getItem(keyOf(file, index));
      if (place) void fetch(place, { method: "DELETE", headers: { ...VERSION, ...authorization() } }).catch(() => {});
    });
    this.forget();
  }

  /** Of files that were used, nothing is to be gone on with. */
  forget() {
    this.#files.forEach((file, index) => sessionStorage.removeItem(keyOf(file, index)));
  }

  /** The ids of the uploads, in the order of the files. */
  async send(): Promise<string[]> {
    const all = this.#files.reduce((sum, { size }) => sum + size, 0);
    const ids: string[] = [];
    let before = 0;
    for (const [index, file] of this.#files.entries()) {
      const arrived = (bytes: number) => this.#change({ share: all ? (before + bytes) / all : 1, waits: null });
      ids.push(await this.insist((signal) => this.#sendOne(file, index, arrived, signal)));
      before += file.size;
      this.#reached = 0;
      arrived(0);
    }
    return ids;
  }

  /** All files are there: from now on the process may have been started. */
  starting() {
    this.#isStarting = true;
  }

  /** Until it is done, or refused: not while paused, and again after a cut. */
  async insist<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    for (;;) {
      while (this.#progress.isPaused && !this.#isCancelled) await this.#rest();
      if (this.#isCancelled) throw this.#cancelled();
      this.#request = new AbortController();
      try {
        return await work(this.#request.signal);
      } catch (error) {
        if (this.#request.signal.aborted) continue;
        if (!isPassing(error)) throw error;
        this.#change({ waits: `${wordsOf(error)} Trying again…` });
        await this.#rest(PAUSES_MS[Math.min(this.#failures++, PAUSES_MS.length - 1)]);
      }
    }
  }

  async #sendOne(file: File, index: number, arrived: (bytes: number) => void, signal: AbortSignal): Promise<string> {
    const key = keyOf(file, index);
    const known = sessionStorage.getItem(key);
    const { place, from } = (known && (await found(known, signal))) || { place: await begin(file, this.#script, signal), from: 0 };
    sessionStorage.setItem(key, place);
    arrived(from);
    if (from > this.#reached) this.#failures = 0;
    this.#reached = from;
    const onProgress = (bytes: number) => arrived(from + bytes);
    if (from < file.size) await append(place, file, from, onProgress, signal);
    return place.slice(place.lastIndexOf("/") + 1);
  }

  #cancelled() {
    const words = this.#isStarting ? "Cancelled. The process may have been started all the same: look among the processes." : "Sending was cancelled. Nothing was started.";
    return new DOMException(words, "AbortError");
  }

  #interrupt() {
    this.#request.abort();
    this.#wake();
  }

  /** Until something is changed, or for so long. */
  #rest(milliseconds?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = milliseconds === undefined ? undefined : setTimeout(resolve, milliseconds);
      this.#wake = () => (clearTimeout(timer), resolve());
    });
  }

  #change(change: Partial<Progress>) {
    this.#progress = { ...this.#progress, ...change };
    this.#tell(this.#progress);
  }
}

/** By which a file is known again when it is chosen once more, in this tab. */
const keyOf = ({ name, size, lastModified }: File, index: number) => `procession.upload ${index} ${size} ${lastModified} ${name}`;

const isPassing = (error: unknown) => error instanceof Unreachable || (error instanceof Refusal && error.code === "CONFLICT");

async function request(method: string, address: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
  const cut = (error: unknown) => {
    throw signal.aborted ? error : new Unreachable("The server cannot be reached.");
  };
  const response = await fetch(address, { method, headers: { ...VERSION, ...headers, ...authorization() }, redirect: "error", signal }).catch(cut);
  if (response.status !== 404 || method !== "HEAD") check(response.status, await response.text().catch(cut));
  return response;
}

/** From where on an upload that was begun goes on; null if there is none any more. */
async function found(place: string, signal: AbortSignal): Promise<{ place: string; from: number } | null> {
  const response = await request("HEAD", place, {}, signal);
  return response.ok ? { place, from: Number(response.headers.get("Upload-Offset")) } : null;
}

async function begin(file: File, script: string, signal: AbortSignal): Promise<string> {
  const said = Object.entries({ filename: file.name, filetype: file.type || "application/octet-stream", script });
  const metadata = said.map(([key, value]) => `${key} ${encoded(value)}`).join(",");
  const response = await request("POST", ADDRESS, { "Upload-Length": String(file.size), "Upload-Metadata": metadata }, signal);
  const location = response.headers.get("Location") ?? "";
  return `${ADDRESS}/${location.slice(location.lastIndexOf("/") + 1)}`;
}

const encoded = (text: string) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

function append(place: string, file: File, from: number, onProgress: (bytes: number) => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest(); // of which fetch has no progress
    sending.open("PATCH", place);
    const headers = { ...VERSION, "Upload-Offset": String(from), "Content-Type": "application/offset+octet-stream", ...authorization() };
    for (const [name, value] of Object.entries(headers)) sending.setRequestHeader(name, value);
    sending.upload.onprogress = ({ loaded }) => onProgress(loaded);
    sending.onload = () => {
      try {
        resolve(check(sending.status, sending.responseText));
      } catch (error) {
        reject(error);
      }
    };
    const changed = new Error(`${file.name} has changed since it was chosen. Choose it again.`);
    sending.onerror = () => file.slice(0, 1).arrayBuffer().then(() => reject(new Unreachable("The connection was lost.")), () => reject(changed));
    sending.onabort = () => reject(signal.reason);
    signal.addEventListener("abort", () => sending.abort());
    sending.send(file.slice(from));
  });
}

function check(status: number, text: string) {
  if (status === 401) throw signedOut();
  if (PASSING.has(status)) throw new Unreachable(`The server answered ${status}.`);
  if (status >= 400) throw new Refusal([{ message: reasonIn(text) ?? `The server answered ${status}. Try again in a moment.` }]);
}

function reasonIn(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { message?: string }).message;
  } catch {
    return undefined;
  }
}
