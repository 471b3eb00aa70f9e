// Operations, as `codegen.mjs` makes them of the documents beside the pages.

declare const types: unique symbol;

/** The text of an operation, which knows the type of its answer and of its variables. */
export type Operation<Answer, Variables> = string & { readonly [types]?: (variables: Variables) => Answer };

type Extensions = { code?: string; fields?: Record<string, string[]> };

export type Told = { message: string; extensions?: Extensions };

/** What the server says when it refuses; `fields` are what is wrong with each, by name. */
export class Refusal extends Error {
  readonly code: string;
  readonly fields: Record<string, string[]>;

  constructor([first, ...others]: readonly Told[]) {
    super([first, ...others].map((each) => each?.message).join("; "));
    this.code = first?.extensions?.code ?? "";
    this.fields = first?.extensions?.fields ?? {};
  }
}

/** Nobody is signed in, or not any more. */
export class SignedOut extends Error {
  constructor() {
    super("The session has ended. Sign in again to go on.");
  }
}

export const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What is wrong with each field, for forms in which fields have other names than the server's. That the session has ended is
 * said where one signs in, after which the form is there again. */
export function fieldWordsOf(error: unknown): string {
  if (error instanceof SignedOut) return "";
  const fields = error instanceof Refusal ? Object.values(error.fields).flat() : [];
  return fields.join(" ") || wordsOf(error);
}
