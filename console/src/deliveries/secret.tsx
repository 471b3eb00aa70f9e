// The secret of a webhook, which nobody is shown again.
import { Icon } from "#parts/icon.tsx";
import { copy } from "#parts/clipboard.ts";

export function Secret({ text }: { text: string | null }) {
  return (
    <>
      <p role="status">{text && "You will be told. The message is signed with this secret; copy it, for it is shown only now."}</p>
      {text && (
        <div className="secret">
          <input readOnly aria-label="The secret" value={text} onFocus={({ target }) => target.select()} />
          <button type="button" onClick={() => copy(text, "The secret is copied.")}><Icon name="copy" />Copy the secret</button>
        </div>
      )}
    </>
  );
}
