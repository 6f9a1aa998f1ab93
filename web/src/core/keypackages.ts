import type { MadeKeyPackage, Suite } from "../crypto/api";
import { toHex } from "../crypto/bytes";
import { CLASSICAL, HYBRID } from "../crypto/policy";
import { Batch } from "../store";
import { TransportError } from "../transport";
import type { Context } from "./context";

/** How many a pool holds when it is full, and when it is filled again. Most groups are hybrid. */
const POOLS: readonly { suite: Suite; target: number; low: number }[] = [
  { suite: HYBRID, target: 100, low: 30 },
  { suite: CLASSICAL, target: 50, low: 15 },
];
/** A temporary device lives a day and joins what it opens. */
const TEMPORARY_TARGET = 10;
/** Made and uploaded together: the first ones are up soon, and a crash loses little work. */
const AT_ONCE = 10;
const LIFETIME_MS = 90 * 24 * 60 * 60 * 1000;
const LAST_RESORT_EVERY_MS = 7 * 24 * 60 * 60 * 1000;
/** Private halves stay this long after expiry: a Welcome made in time may arrive late. */
const GRACE_MS = 14 * 24 * 60 * 60 * 1000;

/**
 * The pool of KeyPackages by which others add this device without it being online (RFC 9420 §10). Private halves are on
 * disk before the public ones leave, and are erased when their Welcome is stored or long after they expired.
 */
export class KeyPackages {
  #begun: Promise<void> | null = null;

  constructor(private readonly context: Context) {}

  /**
   * Sees to it that there is one at all, in each suite, which is soon done: whoever is asked to let this device in must
   * find it. Leader only.
   */
  begin(): Promise<void> {
    this.#begun ??= this.#lastResorts().catch((error: unknown) => {
      this.#begun = null;
      throw error;
    });
    return this.#begun;
  }

  async #lastResorts(): Promise<void> {
    for (const { suite } of POOLS) if (await this.#lastResortDue(suite)) await this.#add(suite, 0, true);
  }

  /** Tops the pools up and replaces a last resort that is old or was used. Leader only. */
  async maintain(): Promise<void> {
    await this.#prune();
    await this.begin();
    await this.#lastResorts();
    const counts = await this.context.api.keyPackageCounts();
    for (const { suite, target, low } of POOLS) {
      const most = this.context.self.temporary ? Math.min(target, TEMPORARY_TARGET) : target;
      let have = counts[String(suite)] ?? 0;
      if (have >= Math.min(low, most)) continue;
      while (have < most && this.context.leads) {
        const made = await this.#add(suite, Math.min(AT_ONCE, most - have), false);
        if (made === null || made <= have) break;
        have = made;
      }
    }
  }

  /** Makes, stores and uploads; returns the pool's size, or null when the server's pool is full. */
  async #add(suite: Suite, count: number, lastResort: boolean): Promise<number | null> {
    const { env, self, api, store } = this.context;
    const input = { keys: self.keys, suite, now: this.context.now(), lifetime: LIFETIME_MS };
    const packages =
      count > 0 ? await env.engine.generateKeyPackages({ ...input, count, lastResort: false }) : [];
    const last = lastResort
      ? await env.engine.generateKeyPackages({ ...input, count: 1, lastResort: true })
      : [];
    const batch = new Batch();
    for (const made of [...packages, ...last]) batch.put("keyPackages", toHex(made.ref), { ...made });
    await store.commit(batch, { fence: this.context.fence });
    try {
      const counts = await api.uploadKeyPackages({
        suite,
        packages: packages.map((made) => made.keyPackage),
        lastResort: last[0]?.keyPackage ?? null,
      });
      if (lastResort)
        await store.commit(
          new Batch()
            .put("notes", madeNote(suite), { value: this.context.now() })
            .remove("notes", lastResortUsed(suite)),
        );
      return counts[String(suite)] ?? 0;
    } catch (error) {
      if (!(error instanceof TransportError) || error.unknownOutcome) throw error;
      // Refused: the server has none of them, so their private halves are of no use.
      await this.#forget([...packages, ...last]);
      this.context.journal.note("key packages", error.code);
      if (error.code === "key_package_pool_full") return null;
      throw error;
    }
  }

  async #lastResortDue(suite: Suite): Promise<boolean> {
    const { store } = this.context;
    if ((await store.get("notes", lastResortUsed(suite)))?.value.value === true) return true;
    const at = (await store.get("notes", madeNote(suite)))?.value.value;
    return typeof at !== "number" || this.context.now() - at > LAST_RESORT_EVERY_MS;
  }

  async #prune(): Promise<void> {
    const rows = await this.context.store.all("keyPackages");
    const old = rows.filter((row) => row.value.notAfter + GRACE_MS < this.context.now());
    await this.#forget(old.map((row) => row.value));
  }

  async #forget(packages: readonly Pick<MadeKeyPackage, "ref">[]): Promise<void> {
    const batch = new Batch();
    for (const { ref } of packages) batch.remove("keyPackages", toHex(ref));
    if (!batch.empty) await this.context.store.commit(batch, { fence: this.context.fence });
  }
}

/** Note that the last resort of a suite has opened a Welcome: it is replaced, for it must not open many. */
export const lastResortUsed = (suite: number): string => `last-resort-used${suffix(suite)}`;
const madeNote = (suite: number): string => `last-resort-at${suffix(suite)}`;
/** The hybrid pool was the only one once; its notes have no suffix. */
const suffix = (suite: number): string => (suite === HYBRID ? "" : `-${String(suite)}`);
