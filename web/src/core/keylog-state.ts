import type { KeyLogRecord } from "../store";
import type { Id, KeyCheck, KeyTrust } from "./api";
import type { Context } from "./context";
import { STALE_MS, waitingOf } from "./keylog-memory";

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
    { name: "members", ...membersOf(record, now) },
  ];
  const has = (wanted: KeyCheck["state"]): boolean => checks.some((check) => check.state === wanted);
  const whole = has("bad") ? "bad" : has("warning") ? "warning" : has("waiting") ? "waiting" : "good";
  return { state: whole, checks };
}

/**
 * What the members' checkpoints say. `bad`: one is of another log, or for an hour of a longer one than ours. `warning`: one
 * is of a longer log, or the server has not let us compare it for an hour.
 */
function membersOf(record: KeyLogRecord | undefined, now: number): Pick<KeyCheck, "state" | "by"> {
  if (record?.gossip) return { state: "bad", by: record.gossip.person };
  const waiting = waitingOf(record);
  const size = record?.size ?? 0;
  const beyond = waiting.filter((one) => one.ahead && one.size > size);
  const late = waiting.filter(({ since }) => now - since > STALE_MS);
  const bad = beyond.find((one) => late.includes(one));
  if (bad) return { state: "bad", by: bad.person };
  const [open] = [...beyond, ...late];
  if (open) return { state: "warning", by: open.person };
  return { state: record?.agreed === undefined ? "waiting" : "good", by: null };
}
