// The form that asks to be told: by which way, and of which ends.
import { type FormEvent, useState } from "react";
import { ask } from "#api/endpoint.ts";
import { fieldWordsOf } from "#api/operation.ts";
import { TextField } from "#parts/ask.tsx";
import { tell } from "#parts/toast.tsx";
import { type DeliveryChannel, type DeliveryOccasion, NotifyMe } from "./deliveries.graphql.ts";

const CHANNELS: Record<DeliveryChannel, string> = { EMAIL: "By e-mail, to your address here", WEBHOOK: "By a webhook" };
const OCCASIONS: Record<DeliveryOccasion, string> = { ENDED: "Every end", FAILED: "Only a failure" };

type Asked = { id: string; asked(delivery: string, secret: string | null): void };

export function Wish({ id, asked }: Asked) {
  const [channel, setChannel] = useState<DeliveryChannel>("EMAIL");
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);
  const send = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    setBusy(true);
    setProblem("");
    ask(NotifyMe, { processId: id, by: wishOf(new FormData(event.currentTarget)) }).then(({ notifyMe: { delivery, secret } }) => {
      if (secret === null) tell("You will be told by e-mail.");
      asked(delivery.id, secret);
    }, (error: unknown) => setProblem(fieldWordsOf(error))).finally(() => setBusy(false));
  };
  return (
    <form className="wish" onSubmit={send}>
      <Choice label="How" name="channel" of={CHANNELS} chosen={(next) => (setProblem(""), setChannel(next))} />
      {channel === "WEBHOOK" && <TextField label="URL, such as https://www.example.org/hook" name="webhook" type="url" />}
      <Choice label="Of what" name="occasion" of={OCCASIONS} />
      <button type="submit" disabled={isBusy}>Tell me</button>
      {problem && <p role="alert" className="problem">{problem}</p>}
    </form>
  );
}

function wishOf(form: FormData) {
  const webhook = form.get("webhook");
  const way = webhook === null ? { email: true } : { webhook: String(webhook) };
  return { ...way, occasion: form.get("occasion") as DeliveryOccasion };
}

type Choices<Key extends string> = { label: string; name: string; of: Record<Key, string>; chosen?(next: Key): void };

function Choice<Key extends string>({ label, name, of, chosen }: Choices<Key>) {
  return (
    <label>{label}
      <select name={name} onChange={({ target }) => chosen?.(target.value as Key)}>
        {Object.entries<string>(of).map(([key, words]) => <option key={key} value={key}>{words}</option>)}
      </select>
    </label>
  );
}
