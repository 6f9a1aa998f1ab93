import type { Id, KeyCheck, KeyTrust } from "./api";
import type { Context } from "./context";

/** How old the quorum's word may be. */
export const STALE_MS = 60 * 60_000;
/** So long what was verified before is used while nothing new can be verified. */
export const HARD_STOP_MS = 24 * 60 * 60_000;

/** Each check's state as it stands in the store, for the page of details. */
export async function describeKeys(
  context: Context,
  persons: readonly Id[],
  known: number,
): Promise<KeyTrust> {
  const { store } = context;
  const account = (await store.get("account", "me"))?.value;
  const record = account?.keyLog;
  const now = context.now();
  const others = persons.filter((person) => person !== context.self.person);
  let listed = 0;
  for (const person of others) {
    const chain = (await store.get("chains", await store.person(person)))?.value;
    if (chain?.alarm === null && (chain.listed?.version ?? 0) >= chain.statements.length) listed += 1;
  }
  const size = record?.size ?? 0;
  const alarm = record?.alarm ?? null;
  const age = record ? now - record.at : 0;
  const fresh = size > 0 && age <= STALE_MS && record !== undefined && now - record.good <= STALE_MS;
  const state = (good: boolean): KeyCheck["state"] => (good ? "good" : "waiting");
  const checks: KeyCheck[] = [
    { name: "policy", state: account?.trust.keyLogChanged === true ? "bad" : "good" },
    { name: "witnesses", state: state(size > 0), count: record?.witnesses.length ?? 0, of: known },
    { name: "fresh", state: fresh || size === 0 ? state(size > 0) : "warning", at: record?.at ?? 0 },
    { name: "grows", state: alarm !== null && alarm !== "own_keys" ? "bad" : state(size > 0), count: size },
    { name: "listed", state: state(listed === others.length), count: listed, of: others.length },
    {
      name: "own",
      state: alarm === "own_keys" ? "bad" : state((record?.own ?? 0) > 0),
      at: record?.own ?? 0,
    },
    { name: "members", state: record?.gossip ? "bad" : state(size > 0), by: record?.gossip?.person ?? null },
  ];
  const has = (wanted: KeyCheck["state"]): boolean => checks.some((check) => check.state === wanted);
  const whole = has("bad") ? "bad" : has("warning") ? "warning" : has("waiting") ? "waiting" : "good";
  return { state: whole, checks };
}
