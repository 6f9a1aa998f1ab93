import * as v from "valibot";
import { fromBase64 } from "../crypto/transparency/base64";
import { type EntryCheck, verifyEntry } from "../crypto/transparency/entry";
import { ask, Refused } from "./http";

const bytes = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const found = fromBase64(dataset.value);
    if (found) return found;
    addIssue({ message: "not base64" });
    return NEVER;
  }),
);
const evidence = v.object({
  index: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  body: bytes,
  proof: v.array(bytes),
  checkpoint: v.string(),
  policy: v.string(),
});

/** A button that verifies the entry on this page and says what each step found. */
export function offerVerification(place: HTMLElement): void {
  const button = place.querySelector<HTMLButtonElement>("[data-act=verify]");
  const steps = place.querySelector<HTMLElement>(".checks");
  const verdict = place.querySelector<HTMLElement>(".verdict");
  if (!button || !steps || !verdict) return;
  button.addEventListener("click", () => {
    button.disabled = true;
    verdict.className = "verdict";
    verdict.textContent = "Checking …";
    void verify(Number(place.dataset["leaf"]), document.querySelector("#entry")?.textContent ?? "")
      .then((checks) => {
        steps.replaceChildren(...checks.map(line));
        steps.hidden = false;
        const good = checks.every((check) => check.ok);
        verdict.classList.add(good ? "good" : "bad");
        verdict.textContent = good
          ? "Verified: the witnesses' quorum has seen a log that holds exactly these bytes."
          : "NOT verified. Keep this page and tell the other auditors.";
        verdict.dataset["verified"] = good ? "yes" : "no";
      })
      .catch((error: unknown) => {
        verdict.textContent =
          error instanceof Refused ? error.message : "The evidence could not be fetched. Try again.";
      })
      .finally(() => {
        button.disabled = false;
      });
  });
}

async function verify(leaf: number, shown: string): Promise<EntryCheck[]> {
  const given = v.parse(evidence, await ask(`/log/${String(leaf)}/proof`));
  const event = JSON.stringify(JSON.parse(shown));
  return verifyEntry({
    ...given,
    shown: { index: leaf, matches: (found) => JSON.stringify(found) === event },
    now: Date.now(),
  });
}

function line(check: EntryCheck): HTMLElement {
  const item = document.createElement("li");
  item.className = check.ok ? "good" : "bad";
  item.textContent = `${check.ok ? "✓" : "✗"} ${words(check)}`;
  return item;
}

function words({ step, ok, values }: EntryCheck): string {
  const names = values.witnesses?.join(", ") ?? "";
  switch (step) {
    case "bytes":
      return ok
        ? "The bytes are an entry of the audit log, and this page shows what is in them."
        : "The bytes are not the entry that this page shows.";
    case "policy":
      return ok
        ? `The policy names the witnesses ${names}.`
        : "The policy is missing, or too weak to rely on.";
    case "checkpoint":
      return ok
        ? `The log signed its state at ${String(values.size)} entries, and ${names} saw it.`
        : "The log's signature or the quorum of witnesses is missing.";
    case "inclusion":
      return ok
        ? "The entry stands in that state: the path leads to its root."
        : "The path does not lead to the root: this entry is not in the witnessed log.";
    case "age":
      return ok
        ? `The witnesses last looked ${String(values.seconds)} s ago.`
        : "The witnesses' signatures are more than an hour old, or from the future: see the Integrity page.";
  }
}
