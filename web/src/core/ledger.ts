import { type EntryCheck, verifyEntry } from "../crypto/transparency/entry";
import type { LedgerPage, LedgerRow } from "./api";
import type { Context } from "./context";

/** One's own ledger: what the audit log says about this person. Asked for anew each time; nothing of it is stored. */
export class Ledger {
  constructor(private readonly context: Context) {}

  /** Newest first; `before` is what the page before gave as `next`. */
  page(before: string | null): Promise<LedgerPage> {
    return this.context.api.ledger(before);
  }

  /** Verifies on this device that the row stands in the witnessed log as it was shown. */
  async verify(row: LedgerRow): Promise<EntryCheck[]> {
    const evidence = await this.context.api.ledgerEvidence(row.leaf);
    const account = await this.context.store.get("account", "me");
    const { checks } = await verifyEntry({
      ...evidence,
      policy: pinnedWitnesses(evidence.policy, account?.value.trust.keyLog),
      shown: { index: row.leaf, matches: (event) => isShown(event, row) },
      now: this.context.now(),
    });
    return checks;
  }
}

/**
 * The policy with the witnesses that this device pinned at first contact, where it has pinned any: both logs have the same
 * ones. Only the log's own key is the server's word, and that alone proves nothing.
 */
function pinnedWitnesses(given: string, pinned: string | undefined): string {
  if (pinned === undefined) return given;
  const isLog = (line: string): boolean => line.startsWith("log ");
  return [...given.split("\n").filter(isLog), ...pinned.split("\n").filter((line) => !isLog(line))].join(
    "\n",
  );
}

function isShown(event: unknown, row: LedgerRow): boolean {
  const { action, at, outcome, actor } = event as {
    action?: unknown;
    at?: unknown;
    outcome?: unknown;
    actor?: { person?: unknown; system?: unknown };
  };
  const by = row.by?.id ?? null;
  return (
    action === row.action &&
    at === row.at &&
    outcome === row.outcome &&
    (actor?.person ?? null) === by &&
    (actor?.system ?? null) === row.system
  );
}
