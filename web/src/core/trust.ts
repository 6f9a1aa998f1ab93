import { equal } from "../crypto/bytes";
import type { Trust as Anchors } from "../crypto/chain";
import type { TrustRecord } from "../store";
import { type Api, isTransient } from "../transport";
import { AppError } from "./api";
import type { Context } from "./context";

/** Nothing is believed of the directory. */
export const NO_TRUST: TrustRecord = { root: null, certificates: [], alarm: null };

/** The anchors to verify with; undefined while there is no root or it has changed: then no reset and no order holds. */
export function anchorsOf(trust: TrustRecord): Anchors | undefined {
  if (trust.root === null || trust.alarm !== null) return undefined;
  return { root: trust.root, certificates: trust.certificates };
}

/** How often the certificates are asked for again: officers come and go. */
const FRESH_MS = 6 * 60 * 60 * 1000;

/**
 * What this device knows after the server has answered. The first root that is shown is pinned; another one later, or
 * none, is an alarm that stays until the person begins anew: whoever serves a new root could certify officers of their
 * own and reset anybody. Certificates are kept even when the server stops showing them, because old resets need them.
 */
export function learnTrust(
  known: TrustRecord,
  shown: { root: Uint8Array | null; certificates: readonly Uint8Array[]; key_log?: string | null },
): TrustRecord {
  if (known.alarm !== null) return known;
  if (known.root !== null && (shown.root === null || !equal(known.root, shown.root)))
    return { ...known, alarm: "trust_root_changed" };
  const policy = policyOf(known, shown.key_log ?? null);
  const more = shown.certificates.filter((one) => !known.certificates.some((other) => equal(one, other)));
  return { root: shown.root, certificates: [...known.certificates, ...more], alarm: null, ...policy };
}

/** The key log's policy is pinned like the root: whoever serves another one could name witnesses of their own. */
function policyOf(known: TrustRecord, shown: string | null): Pick<TrustRecord, "keyLog" | "keyLogChanged"> {
  if (known.keyLog === undefined) return shown === null ? {} : { keyLog: shown };
  const changed = known.keyLogChanged === true || shown !== known.keyLog;
  return { keyLog: known.keyLog, ...(changed ? { keyLogChanged: true } : {}) };
}

/** The server's answer at first contact, before anything of the person is stored here. */
export async function firstTrust(api: Api): Promise<TrustRecord> {
  return learnTrust(NO_TRUST, await api.trust());
}

/** The pinned offline root of the directory and what it certifies, kept in the account's record. */
export class Trust {
  #asked = 0;

  constructor(private readonly context: Context) {}

  /** The pinned root, 32 bytes; null while there is none or the server has shown another. */
  async root(): Promise<Uint8Array | null> {
    const { root, alarm } = await this.#record();
    return alarm === null ? root : null;
  }

  async alarm(): Promise<string | null> {
    return (await this.#record()).alarm;
  }

  /** What to verify with now, from this device alone. */
  async anchors(): Promise<Anchors | undefined> {
    return anchorsOf(await this.#record());
  }

  /** The pinned root with certificates of then: a chain that was judged under them does not become wrong later. */
  async pinned(certificates: Uint8Array[]): Promise<Anchors | undefined> {
    const { root } = await this.#record();
    return root === null ? undefined : { root, certificates };
  }

  /** Asks the server again when that was long ago. Throws `AppError("trust_root_changed")` while the alarm stands. */
  async refresh(now = false): Promise<void> {
    const { context } = this;
    if (!now && context.now() - this.#asked < FRESH_MS) return;
    const shown = await context.api.trust();
    this.#asked = context.now();
    const account = await context.store.update("account", "me", (record) => {
      if (!record) return null;
      const trust = learnTrust(record.trust, shown);
      const same =
        trust.alarm === record.trust.alarm && trust.certificates.length === record.trust.certificates.length;
      const samePolicy =
        trust.keyLog === record.trust.keyLog && trust.keyLogChanged === record.trust.keyLogChanged;
      const sameRoot = (trust.root === null) === (record.trust.root === null);
      return same && samePolicy && sameRoot ? null : { ...record, trust };
    });
    const alarm = account?.trust.alarm ?? null;
    if (alarm === null) return;
    context.journal.note("trust", alarm);
    throw new AppError(alarm);
  }

  /** At once; without a network, or under an alarm, what is pinned must do. */
  async tryRefresh(): Promise<void> {
    try {
      await this.refresh(true);
    } catch (error) {
      if (isTransient(error) || error instanceof AppError) return;
      throw error;
    }
  }

  async #record(): Promise<TrustRecord> {
    return (await this.context.store.get("account", "me"))?.value.trust ?? NO_TRUST;
  }
}
