import type { DeviceKeys, RosterDevice } from "../crypto/api";
import { equal } from "../crypto/bytes";
import { type Chain, extendChain, type Trust as Anchors, verifyChain } from "../crypto/chain";
import { parseStatement, statementHash } from "../crypto/identity";
import type { StatementSigner } from "../crypto/statements";
import type { ChainRecord } from "../store";
import { TransportError } from "../transport";
import { AppError, type Id } from "./api";
import type { Context } from "./context";
import type { Engine } from "./environment";
import { cryptoCode } from "./errors";
import { idBytes, idText } from "./ids";
import { pooled } from "./lanes";
import { Trust } from "./trust";

/** The device's signature on statements, made in the crypto worker. */
export function deviceSigner(engine: Engine, keys: DeviceKeys): StatementSigner {
  const sign = (label: string, content: Uint8Array) => engine.signWithDevice({ keys, label, content });
  return { signer: "device", key: keys.signaturePublic, sign };
}

/** The recovery code's signature; the code stays in the caller's hands and is never stored. */
export async function recoverySigner(
  engine: Engine,
  code: string,
  person: Uint8Array,
): Promise<StatementSigner> {
  const key = await engine.recoveryPublicKey({ code, person });
  const sign = (label: string, content: Uint8Array) =>
    engine.signWithRecoveryCode({ code, person, label, content });
  return { signer: "recovery", key, sign };
}

/**
 * The identity chains of the people one writes to: fetched, verified and pinned. The server is asked for the pinned
 * statement again each time, so that it cannot quietly show an older chain or another one. A contradiction is kept as
 * an alarm; nothing is encrypted for that person until it is explained.
 */
export class Identities {
  readonly #chains = new Map<Id, Chain>();
  readonly #fresh = new Set<Id>();
  /** Grows with all news of chains: an answer that was asked for before them may be older than they are. */
  #news = 0;
  readonly trust: Trust;

  constructor(
    private readonly context: Context,
    /**
     * Told when a pinned chain has grown, before the pin moves: after a crash it is told again. Never told of a person who
     * is seen for the first time. May be called while a conversation's lane is held.
     */
    private readonly onGrown: (before: Chain, after: Chain) => Promise<void> = () => Promise.resolve(),
  ) {
    this.trust = new Trust(context);
  }

  /** After a break in the connection nobody's chain is known to be the newest. */
  forgetFreshness(): void {
    this.#news += 1;
    this.#fresh.clear();
  }

  /** The server said that this person's chain has grown. */
  markStale(person: Id): void {
    this.#news += 1;
    this.#fresh.delete(person);
  }

  /** The chain as it is now on the server. Throws `AppError("identity_chain_refused")` or `TransportError`. */
  async fresh(person: Id): Promise<Chain> {
    const known = this.#chains.get(person);
    if (known && this.#fresh.has(person)) return known;
    return this.refresh(person);
  }

  /** Every device that the persons' chains ever listed. Chains not seen since the connection began are fetched. */
  async roster(persons: readonly Id[], mustKnow: readonly Uint8Array[] = []): Promise<RosterDevice[]> {
    return rosterOf(await this.chains(persons, mustKnow));
  }

  /** The same from what is pinned; only persons never seen are fetched. For reading, where revocation does not count. */
  async pinnedRoster(persons: readonly Id[], mustKnow: readonly Uint8Array[] = []): Promise<RosterDevice[]> {
    return rosterOf(await this.pinnedChains(persons, mustKnow));
  }

  /** The chains as they are now on the server. */
  async chains(persons: readonly Id[], mustKnow: readonly Uint8Array[] = []): Promise<Chain[]> {
    const chains = await pooled(persons, (person) => this.fresh(person));
    return this.#complete(persons, chains, mustKnow);
  }

  /** The pinned chains; a person whose chain is refused is left out, so that the others can still be read. */
  async pinnedChains(persons: readonly Id[], mustKnow: readonly Uint8Array[] = []): Promise<Chain[]> {
    const chains = await pooled(persons, async (person) => {
      const pinned = await this.pinned(person);
      return pinned ?? this.#readable(person, () => this.fresh(person));
    });
    const found = chains.filter((chain) => chain !== null);
    return this.#complete(persons, found, mustKnow);
  }

  /** A device that no known chain lists: the chain grew, and nothing of it can be judged before that is seen. */
  async #complete(
    persons: readonly Id[],
    chains: readonly Chain[],
    mustKnow: readonly Uint8Array[],
  ): Promise<Chain[]> {
    const roster = rosterOf(chains);
    if (mustKnow.every((device) => roster.some((entry) => equal(entry.device, device)))) return [...chains];
    const grown = await pooled(persons, (person) => this.#readable(person, () => this.refresh(person)));
    return grown.filter((chain) => chain !== null);
  }

  /** The chain as it is now, or as it was when nothing contradicted it; null for nobody ever seen. */
  tryFresh(person: Id): Promise<Chain | null> {
    return this.#readable(person, () => this.fresh(person));
  }

  /** Asked of the server now: chains of people whom one shared nothing with grow without a word. */
  tryRefresh(person: Id): Promise<Chain | null> {
    return this.#readable(person, () => this.refresh(person));
  }

  async #readable(person: Id, chain: () => Promise<Chain>): Promise<Chain | null> {
    try {
      return await chain();
    } catch (error) {
      const refused = error instanceof AppError && error.code === "identity_chain_refused";
      // A hostile commit may spell a name that nobody has.
      const nobody = error instanceof TransportError && error.code === "not_found";
      if (!refused && !nobody) throw error;
      return this.#chains.get(person) ?? null;
    }
  }

  /** Hash of the person's latest statement 1 or reset, as it is now on the server: what memberships and marks stand on. */
  async base(person: Id): Promise<Uint8Array> {
    return (await this.fresh(person)).base;
  }

  async refresh(person: Id): Promise<Chain> {
    const { store, api } = this.context;
    const news = this.#news;
    const key = await store.person(person);
    const stored = await store.get("chains", key);
    const pinned = stored ? await this.#verify(person, stored.value) : null;
    const after = pinned ? pinned.version - 1 : 0;
    let answer = await api.identity(person, after);
    if (stored && pinned && answer.length === 0 && (await this.#giveBack(person, stored.value, pinned)))
      answer = await api.identity(person, after);
    // Officers' certificates first, as they are now: without them a new reset could not be judged.
    if (answer.slice(pinned ? 1 : 0).some(isReset)) await this.trust.tryRefresh();
    const anchors = await this.trust.anchors();
    let chain: Chain;
    let statements: Uint8Array[];
    try {
      if (stored && pinned) {
        await checkPinned(answer[0], pinned);
        const added = answer.slice(1);
        statements = [...stored.value.statements, ...added];
        chain = await extendChain(pinned, added, anchors);
      } else {
        statements = answer;
        chain = await verifyChain(statements, { person: idBytes(person), trust: anchors });
      }
    } catch (error) {
      await this.#refused(person, key, error);
      throw new AppError("identity_chain_refused", cryptoCode(error) ?? undefined);
    }
    if (pinned && chain.version > pinned.version) await this.onGrown(pinned, chain);
    if (!pinned || chain.version > pinned.version || stored?.value.alarm) {
      const certificates = statements.some(isReset) ? [...(anchors?.certificates ?? [])] : [];
      await this.#pin(key, { person, statements, certificates, alarm: null });
      // Whoever shows what stands on the pin looks again.
      if (pinned) this.context.bus.publish({ t: "chain", person });
    }
    const other = this.#chains.get(person);
    // A later request was answered sooner.
    if (other && other.version > chain.version) return other;
    this.#chains.set(person, chain);
    if (news === this.#news) this.#fresh.add(person);
    return chain;
  }

  /**
   * The server does not know the pinned statement any more. One that was restored to an older point takes what it has
   * lost, from anybody: each statement is signed by its own person. False when it takes nothing: then its chain was cut.
   */
  async #giveBack(person: Id, { statements }: ChainRecord, pinned: Chain): Promise<boolean> {
    const { api, journal } = this.context;
    journal.note("identity chain", "shorter than before");
    try {
      return (await api.giveBackStatements(person, statements.slice(-GIVEN_AT_ONCE))) >= pinned.version;
    } catch (error) {
      if (!(error instanceof TransportError) || !TAKES_NOTHING.has(error.code)) throw error;
      journal.note("give back", error.code);
      return false;
    }
  }

  /** Keeps what contradicts the pin as an alarm. Throws what is no judgement on the chain. */
  async #refused(person: Id, key: string, error: unknown): Promise<void> {
    const code = cryptoCode(error) ?? (error instanceof AppError ? error.code : null);
    if (code === null) throw error;
    this.context.journal.note("identity chain", code);
    if (await this.context.store.get("chains", key))
      await this.context.store.update("chains", key, (record) => record && { ...record, alarm: code });
    this.#chains.delete(person);
    this.#fresh.delete(person);
  }

  /** Number of persons whose chain contradicts the pin. */
  async alarms(): Promise<number> {
    return (await this.context.store.all("chains")).filter((row) => row.value.alarm !== null).length;
  }

  /** Never replaces a longer chain: another tab may have seen more. */
  async #pin(key: string, record: ChainRecord): Promise<void> {
    await this.context.store.update("chains", key, (current) =>
      current && current.statements.length > record.statements.length ? null : record,
    );
  }

  /** What is pinned of a person; null for somebody never seen, or whose chain contradicts the pin. */
  async pinned(person: Id): Promise<Chain | null> {
    const known = this.#chains.get(person);
    if (known) return known;
    const stored = await this.context.store.get("chains", await this.context.store.person(person));
    if (!stored || stored.value.alarm !== null) return null;
    const chain = await this.#verify(person, stored.value);
    this.#chains.set(person, chain);
    return chain;
  }

  /** What is pinned now, also when another tab or another part of this one has moved the pin since. */
  async latest(person: Id): Promise<Chain | null> {
    const stored = await this.context.store.get("chains", await this.context.store.person(person));
    if (!stored || stored.value.alarm !== null) return null;
    const known = this.#chains.get(person);
    if (known && known.version >= stored.value.statements.length) return known;
    const chain = await this.#verify(person, stored.value);
    this.#chains.set(person, chain);
    return chain;
  }

  /** A chain of our own store: it was judged when it came, with the certificates that are kept beside it. */
  async #verify(person: Id, { statements, certificates }: ChainRecord): Promise<Chain> {
    const anchors = certificates.length > 0 ? await this.trust.pinned(certificates) : undefined;
    return verifyChain(statements, { person: idBytes(person), trust: anchors });
  }
}

/** Statements that the server takes in one request. */
const GIVEN_AT_ONCE = 100;
/** The server is not being restored, or the statements do not follow what it holds. */
const TAKES_NOTHING: ReadonlySet<string> = new Set([
  "conflict",
  "not_found",
  "statement_malformed",
  "statement_refused",
  "statement_stale",
]);

/** True for a statement that is marked as a reset; what cannot be read is judged elsewhere. */
function isReset(bytes: Uint8Array): boolean {
  try {
    return parseStatement(bytes).statement.reset;
  } catch (error) {
    if (cryptoCode(error) === null) throw error;
    return false;
  }
}

/** The server must show the pinned statement again: without it the chain was cut, with another it was forked. */
async function checkPinned(first: Uint8Array | undefined, pinned: Chain): Promise<void> {
  if (!first) throw new AppError("chain_rolled_back");
  const { statement, unsigned } = parseStatement(first);
  if (statement.version !== pinned.version || !equal(await statementHash(unsigned), pinned.hash))
    throw new AppError("chain_forked");
}

/** The chain of a person who is not signed in here yet, as the server handed it out for replacing a device. */
export async function verifyOffered(
  statements: readonly Uint8Array[],
  person: Id,
  trust: Anchors | undefined,
): Promise<Chain> {
  return verifyChain(statements, { person: idBytes(person), trust });
}

export const rosterOf = (chains: readonly Chain[]): RosterDevice[] =>
  chains.flatMap((chain) => chain.everListed);

/** True when the chain lists this device as living. */
export function listsDevice(chain: Chain, device: Id): boolean {
  return chain.devices.some((entry) => idText(entry.id) === device);
}
