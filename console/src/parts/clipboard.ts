// The clipboard, which pages that come by plain HTTP from another machine do not have.
import { tell, tellProblem } from "./toast.tsx";

/** Copies a text, and says so with these words, or why it is not. */
export async function copy(text: string, words: string) {
  try {
    if (!isSecureContext || !navigator.clipboard) throw new Error("This browser copies only on pages by HTTPS; mark the text and press Ctrl+C.");
    await navigator.clipboard.writeText(text);
    tell(words);
  } catch (error) {
    tellProblem(error);
  }
}
