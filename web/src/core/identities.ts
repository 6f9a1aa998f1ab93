import type { DeviceKeys, RosterDevice } from "../crypto/api";
import { equal } from "../crypto/bytes";
import { type Chain, verifyChain } from "../crypto/chain";
import { parseStatement, statementHash } from "../crypto/identity";
import type { StatementSigner } from "../crypto/statements";
import type { ChainRecord } from "../store";
import { AppError, type Id } from "./api";
import type { Context } from "./context";
import type { Engine } from "./environment";
import { cryptoCode } from "./errors";
import { idBytes, idText } from "./ids";

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

  constructor(private readonly context: Context) {}

  /** After a break in the connection nobody's chain is known to be the newest. */
  forgetFreshness(): void {
    this.#fresh.clear();
  }

  /** The server said that this person's chain has grown. */
  markStale(person: Id): void {
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
    const chains = await Promise.all(persons.map((person) => this.fresh(person)));
    return this.#complete(persons, chains, mustKnow);
  }

  /** The same from what is pinned; only persons never seen are fetched. For reading, where revocation does not count. */
  async pinnedRoster(persons: readonly Id[], mustKnow: readonly Uint8Array[] = []): Promise<RosterDevice[]> {
    const chains = await Promise.all(
      persons.map(async (person) => (await this.#pinned(person)) ?? this.fresh(person)),
    );
    return this.#complete(persons, chains, mustKnow);
  }

  /** A device that no known chain lists: the chain grew, and nothing of it can be judged before that is seen. */
  async #complete(
    persons: readonly Id[],
    chains: readonly Chain[],
    mustKnow: readonly Uint8Array[],
  ): Promise<RosterDevice[]> {
    const roster = chains.flatMap((chain) => chain.everListed);
    if (mustKnow.every((device) => roster.some((entry) => equal(entry.device, device)))) return roster;
    const grown = await Promise.all(persons.map((person) => this.refresh(person)));
    return grown.flatMap((chain) => chain.everListed);
  }

  async refresh(person: Id): Promise<Chain> {
    const { store, api, journal } = this.context;
    const key = await store.person(person);
    const stored = await store.get("chains", key);
    const pinned = stored ? await this.#verify(person, stored.value.statements) : null;
    const answer = await api.identity(person, pinned ? pinned.version - 1 : 0);
    let chain: Chain;
    let statements: Uint8Array[];
    try {
      if (stored && pinned) {
        await checkPinned(answer[0], pinned);
        statements = [...stored.value.statements, ...answer.slice(1)];
      } else {
        statements = answer;
      }
      const pin = pinned ? { version: pinned.version, hash: pinned.hash } : undefined;
      chain = await verifyChain(statements, { person: idBytes(person), pinned: pin });
    } catch (error) {
      const code = cryptoCode(error) ?? (error instanceof AppError ? error.code : null);
      if (code === null) throw error;
      journal.note("identity chain", code);
      if (stored) await store.update("chains", key, (record) => record && { ...record, alarm: code });
      this.#chains.delete(person);
      this.#fresh.delete(person);
      throw new AppError("identity_chain_refused", code);
    }
    if (!pinned || chain.version > pinned.version || stored?.value.alarm) {
      await this.#pin(key, { person, statements, alarm: null });
    }
    this.#chains.set(person, chain);
    this.#fresh.add(person);
    return chain;
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

  async #pinned(person: Id): Promise<Chain | null> {
    const known = this.#chains.get(person);
    if (known) return known;
    const stored = await this.context.store.get("chains", await this.context.store.person(person));
    if (!stored || stored.value.alarm !== null) return null;
    const chain = await this.#verify(person, stored.value.statements);
    this.#chains.set(person, chain);
    return chain;
  }

  #verify(person: Id, statements: readonly Uint8Array[]): Promise<Chain> {
    return verifyChain(statements, { person: idBytes(person) });
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
export async function verifyOffered(statements: readonly Uint8Array[], person: Id): Promise<Chain> {
  return verifyChain(statements, { person: idBytes(person) });
}

/** True when the chain lists this device as living. */
export function listsDevice(chain: Chain, device: Id): boolean {
  return chain.devices.some((entry) => idText(entry.id) === device);
}
