import type { MadeKeyPackage } from "../crypto/api";
import { toHex } from "../crypto/bytes";
import { HYBRID } from "../crypto/policy";
import { Batch } from "../store";
import { TransportError } from "../transport";
import type { Context } from "./context";

const TARGET = 100;
const LOW = 30;
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
  constructor(private readonly context: Context) {}

  /** Tops the pool up and replaces the last resort when it is old or was used. Leader only. */
  async maintain(): Promise<void> {
    await this.#prune();
    // The last resort first: with it alone somebody can already begin.
    if (await this.#lastResortDue()) await this.#add(0, true);
    const counts = await this.context.api.keyPackageCounts();
    let have = counts[String(HYBRID)] ?? 0;
    if (have >= LOW) return;
    while (have < TARGET && this.context.leads) {
      const made = await this.#add(Math.min(AT_ONCE, TARGET - have), false);
      if (made === null || made <= have) return;
      have = made;
    }
  }

  /** Makes, stores and uploads; returns the pool's size, or null when the server's pool is full. */
  async #add(count: number, lastResort: boolean): Promise<number | null> {
    const { env, self, api, store } = this.context;
    const input = { keys: self.keys, suite: HYBRID, now: this.context.now(), lifetime: LIFETIME_MS };
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
        suite: HYBRID,
        packages: packages.map((made) => made.keyPackage),
        lastResort: last[0]?.keyPackage ?? null,
      });
      if (lastResort)
        await store.commit(
          new Batch()
            .put("notes", "last-resort-at", { value: this.context.now() })
            .remove("notes", "last-resort-used"),
        );
      return counts[String(HYBRID)] ?? 0;
    } catch (error) {
      if (!(error instanceof TransportError) || error.unknownOutcome) throw error;
      // Refused: the server has none of them, so their private halves are of no use.
      await this.#forget([...packages, ...last]);
      this.context.journal.note("key packages", error.code);
      if (error.code === "key_package_pool_full") return null;
      throw error;
    }
  }

  async #lastResortDue(): Promise<boolean> {
    const { store } = this.context;
    if ((await store.get("notes", "last-resort-used"))?.value.value === true) return true;
    const at = (await store.get("notes", "last-resort-at"))?.value.value;
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
