import * as v from "valibot";
import { fromBase64 } from "../crypto/transparency/base64";
import { type EntryCheck, verifyEntry } from "../crypto/transparency/entry";
import { ask, Refused } from "./http";
import { type Growth, PinnedLog } from "./pin";

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
  consistency: v.array(bytes),
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
    delete verdict.dataset["verified"];
    verdict.textContent = "Checking …";
    void verify(Number(place.dataset["leaf"]), document.querySelector("#entry")?.textContent ?? "")
      .then((lines) => {
        steps.replaceChildren(...lines.map(line));
        steps.hidden = false;
        const good = lines.every(({ ok }) => ok);
        verdict.classList.add(good ? "good" : "bad");
        verdict.textContent = good
          ? "Verified: the witnesses' quorum has seen a log that holds exactly these bytes."
          : "NOT verified. Keep this page and tell the other auditors.";
        verdict.dataset["verified"] = good ? "yes" : "no";
      })
      .catch((error: unknown) => {
        steps.hidden = true;
        verdict.textContent =
          error instanceof Refused ? error.message : "The evidence could not be fetched. Try again.";
      })
      .finally(() => {
        button.disabled = false;
      });
  });
}

interface Line {
  step: string;
  ok: boolean;
  text: string;
}

async function verify(leaf: number, shown: string): Promise<Line[]> {
  const log = new PinnedLog(() => localStorage);
  const given = v.parse(evidence, await ask(`/log/${String(leaf)}/proof?pinned=${String(log.size)}`));
  const event = JSON.stringify(JSON.parse(shown));
  const now = Date.now();
  const { checks, seen } = await verifyEntry({
    ...given,
    shown: { index: leaf, matches: (found) => JSON.stringify(found) === event },
    now,
  });
  const lines: Line[] = checks.map((check) => ({ step: check.step, ok: check.ok, text: words(check) }));
  // Only a state that the witnesses have seen is worth comparing, and only one that continues the last is remembered.
  if (seen) {
    const growth = log.accept(seen, given.consistency, now);
    lines.push({ step: "growth", ok: growth.ok, text: growthWords(growth) });
  }
  return lines;
}

function line({ step, ok, text }: Line): HTMLElement {
  const item = document.createElement("li");
  item.className = ok ? "good" : "bad";
  item.dataset["step"] = step;
  item.textContent = `${ok ? "✓" : "✗"} ${text}`;
  return item;
}

function growthWords({ found, from, to }: Growth): string {
  const last = from
    ? `${String(from.size)} entries, verified on ${new Date(from.at).toISOString().slice(0, 10)}`
    : "";
  switch (found) {
    case "first":
      return `This browser has verified nothing of this log before. From now on the log must continue these ${String(to.size)} entries.`;
    case "grown":
      return `The log continues the last state that this browser verified (${last}): nothing in it was changed or taken out.`;
    case "same":
      return `The log is in the state that this browser last verified (${last}).`;
    case "shorter":
      return `The log has become shorter: it ends at ${String(to.size)} entries, and this browser has verified more (${last}). Entries were taken away.`;
    case "forked":
      return `The log is another one: it does not continue what this browser has verified (${last}). Entries were changed, taken out or put in.`;
    case "other_log":
      return `This is not the log that this browser has verified (${last}): it has another name.`;
    case "unreadable":
      return "What this browser remembered of the log cannot be read, so that nobody can say whether the log has only grown.";
    case "no_memory":
      return "This browser remembers nothing for this site, so that a shorter log would not be noticed. Allow it to keep data for this site.";
  }
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
