import * as v from "valibot";
import { verifyEntry, type Check } from "./entry-proof";
import { ask, Refused } from "./http";

const evidence = v.object({
  index: v.pipe(v.number(), v.integer(), v.minValue(0)),
  body: v.string(),
  proof: v.array(v.string()),
  note: v.string(),
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

async function verify(leaf: number, shown: string): Promise<Check[]> {
  const given = v.parse(evidence, await ask(`/log/${String(leaf)}/proof`));
  return verifyEntry({ ...given, leaf, shown, now: Date.now() });
}

function line(check: Check): HTMLElement {
  const item = document.createElement("li");
  item.className = check.ok ? "good" : "bad";
  item.textContent = `${check.ok ? "✓" : "✗"} ${check.text}`;
  return item;
}
