import { equal } from "../crypto/bytes";
import type { Chain } from "../crypto/chain";
import { parseStatement } from "../crypto/identity";
import { parsePolicy, type Policy, type Tree, verifyAnswer } from "../crypto/transparency";
import { isTransient, TransportError } from "../transport";
import { AppError, type Id, type KeyTrust } from "./api";
import type { Context } from "./context";
import { cryptoCode } from "./errors";
import { idBytes, idText } from "./ids";
import { KeyLogGossip } from "./keylog-gossip";
import { ATTEMPTS, HARD_STOP_MS, KeyLogMemory, PAUSE_MS, STALE_MS, Unproved } from "./keylog-memory";
import { describeKeys } from "./keylog-state";

/** A witness's clock and ours may differ by so much. */
const CLOCKS_APART_MS = 10 * 60_000;
/** Whose newest statement was found in the log is not asked about again for so long. */
const AGAIN_MS = 30 * 60_000;
const OWN_AGAIN_MS = 24 * 60 * 60_000;
/** People in one question. */
const AT_ONCE = 100;

/** Refusals by which the server has contradicted what it once showed; the others only mean that nothing is proved. */
const LIES: ReadonlySet<string> = new Set([
  "rolled_back",
  "split_view",
  "consistency",
  "inclusion",
  "epoch",
  "map",
]);

type Refresh = (person: Id) => Promise<Chain>;

/** The checks of key transparency (`audit.md`, key transparency), on the policy that was pinned at first contact. */
export class KeyLogWork {
  readonly #policy: Policy;
  readonly #memory: KeyLogMemory;
  readonly #gossip: KeyLogGossip;
  /** Persons whose newest statement was found in the log: its hash, and when. */
  readonly #found = new Map<Id, { hash: Uint8Array; at: number }>();
  /** Persons of whom `judge` left devices out when it last saw them. Many conversations ask it at the same time. */
  readonly #leftOut = new Set<Id>();

  constructor(
    private readonly context: Context,
    policy: string,
  ) {
    this.#policy = parsePolicy(policy);
    this.#memory = new KeyLogMemory(context);
    this.#gossip = new KeyLogGossip(context, this.#memory, () => this.#look([]));
  }

  async judge(chains: readonly Chain[], refresh: Refresh): Promise<Chain[]> {
    await this.#demandNoAlarm();
    const now = this.context.now();
    const judged = [...chains];
    const due = judged.flatMap((chain, i) => {
      const found = this.#found.get(idText(chain.person));
      const known = found !== undefined && equal(found.hash, chain.hash) && now - found.at < AGAIN_MS;
      return known || this.#isOwn(chain) ? [] : [i];
    });
    let open: readonly number[] = due;
    try {
      for (let attempt = 1; open.length > 0; attempt++) {
        open = await this.#ask(judged, open, refresh);
        if (open.length === 0 || attempt === ATTEMPTS) break;
        await this.context.sleep(PAUSE_MS);
      }
    } catch (error) {
      if (!(error instanceof Unproved) && !isTransient(error)) throw error;
      this.context.journal.note("key log", error instanceof Unproved ? error.message : "no answer");
      const { good } = await this.#memory.record();
      // What was verified once is used for a day more; never what was not.
      if (good > 0 && this.context.now() - good > HARD_STOP_MS) throw new AppError("keys_stale");
    }
    await this.#gossip.demandAnswered();
    const listed = await Promise.all(judged.map((chain) => this.#asListed(chain)));
    listed.forEach((chain, i) => {
      const person = idText(chain.person);
      if (chain.everListed.length < (judged[i]?.everListed.length ?? 0)) this.#leftOut.add(person);
      else this.#leftOut.delete(person);
    });
    return listed;
  }

  /** True while some device of this person is left out of what `judge` gives. */
  leavesOut(person: Id): boolean {
    return this.#leftOut.has(person);
  }

  /** Looks the chains at these places up; the places whose newest statement is not in the log yet. */
  async #ask(judged: Chain[], places: readonly number[], refresh: Refresh): Promise<number[]> {
    const open: number[] = [];
    for (let start = 0; start < places.length; start += AT_ONCE) {
      const some = places.slice(start, start + AT_ONCE);
      const values = await this.#look(some.flatMap((place) => judged[place] ?? []).map((one) => one.person));
      for (const [i, place] of some.entries()) {
        const chain = judged[place];
        if (!chain) continue;
        const now = await this.#compared(chain, values[i] ?? null, refresh);
        judged[place] = now.chain;
        if (!now.settled) open.push(place);
      }
    }
    return open;
  }

  async #compared(
    chain: Chain,
    value: Uint8Array | null,
    refresh: Refresh,
  ): Promise<{ chain: Chain; settled: boolean }> {
    if (value === null) return { chain, settled: false };
    const person = idText(chain.person);
    let seen = chain;
    // Perhaps the chain has grown since it was fetched.
    if (!versionOf(seen, value)) seen = await refresh(person);
    const version = versionOf(seen, value);
    if (!version) {
      await this.#contradicted(person);
      throw new AppError("identity_chain_refused", "key_log");
    }
    await this.#keepListed(person, version);
    const settled = version === seen.version;
    if (settled) this.#found.set(person, { hash: seen.hash, at: this.context.now() });
    return { chain: seen, settled };
  }

  /** What the newest checkpoint says of these people. Moves the pin. Throws `Unproved`, `AppError`, `TransportError`. */
  async #look(people: readonly Uint8Array[]): Promise<(Uint8Array | null)[]> {
    const { context } = this;
    const before = await this.#memory.record();
    const pin: Tree | null = before.size > 0 ? before : null;
    let answer: Awaited<ReturnType<typeof context.api.keyLookUp>>;
    try {
      answer = await context.api.keyLookUp(pin?.size ?? 0, people.map(idText));
    } catch (error) {
      // It has none yet, or says so.
      if (error instanceof TransportError && error.code === "not_found") throw new Unproved("no checkpoint");
      throw error;
    }
    const shown = {
      ...answer,
      people: answer.people.map(({ person, proof }) => ({ person: idBytes(person), proof })),
    };
    const verified = await this.#judged(() => verifyAnswer(this.#policy, pin, people, shown));
    const now = context.now();
    const stale = now - verified.at > STALE_MS ? "stale" : null;
    const wrong = stale ?? (verified.at - now > CLOCKS_APART_MS ? "clock" : null);
    const { size, root, at, witnesses } = verified;
    await this.#memory.update((record) => {
      const good = wrong === null ? now : record.good;
      // A question that was asked later may have been answered sooner.
      return size < record.size ? { ...record, good } : { ...record, size, root, at, witnesses, good };
    });
    if (wrong !== null) throw new Unproved(wrong);
    return verified.values;
  }

  /** Runs a verification: a lie is kept as an alarm, anything else proves nothing. */
  async #judged<T>(verify: () => Promise<T> | T): Promise<T> {
    try {
      return await verify();
    } catch (error) {
      if (cryptoCode(error) === null) throw error;
      const rule = (error as { detail?: { rule?: string } }).detail?.rule ?? "map";
      if (!LIES.has(rule)) throw new Unproved(rule);
      await this.#alarm(rule);
      throw new AppError("keys_refused", rule);
    }
  }

  async watchOwn(refresh: Refresh): Promise<void> {
    const { context } = this;
    const now = context.now();
    // Whatever was left unanswered when the connection ended.
    context.background("key log", this.#gossip.settle());
    const { own } = await this.#memory.record();
    if (now >= own && now - own < OWN_AGAIN_MS && this.#found.has(context.self.person)) return;
    try {
      for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
        const [value] = await this.#look([idBytes(context.self.person)]);
        const chain = await refresh(context.self.person);
        if (value && equal(value, chain.hash)) {
          this.#found.set(context.self.person, { hash: chain.hash, at: now });
          await this.#memory.update((record) => ({ ...record, own: now }));
          return;
        }
        if (value && !versionOf(chain, value)) {
          // Others are shown keys of ours that we have never seen.
          await this.#alarm("own_keys");
          return;
        }
        await context.sleep(PAUSE_MS);
      }
      context.journal.note("key log", "own statement is not in it yet");
    } catch (error) {
      if (!(error instanceof Unproved)) throw error;
      context.journal.note("key log", error.message);
    }
  }

  heard(checkpoint: Tree, person: Id, device: Id): Promise<void> {
    return this.#gossip.heard(checkpoint, person, device);
  }

  /** Without the devices that only statements beyond the log list. */
  async #asListed(chain: Chain): Promise<Chain> {
    if (this.#isOwn(chain)) return chain;
    const { store } = this.context;
    const record = (await store.get("chains", await store.person(idText(chain.person))))?.value;
    const version = record?.listed?.version ?? 0;
    if (version >= chain.version) return chain;
    const last = record?.statements[version - 1];
    const known: Uint8Array[] = [];
    if (version > 0 && last) {
      const { statement } = parseStatement(last);
      known.push(...statement.devices.map(({ id }) => id), ...statement.revoked.map(({ id }) => id));
    }
    const isKnown = (id: Uint8Array): boolean => known.some((other) => equal(other, id));
    return {
      ...chain,
      devices: chain.devices.filter(({ id }) => isKnown(id)),
      everListed: chain.everListed.filter(({ device }) => isKnown(device)),
    };
  }

  describe(persons: readonly Id[]): Promise<KeyTrust> {
    return describeKeys(this.context, persons, this.#policy.witnesses.length);
  }

  async #keepListed(person: Id, version: number): Promise<void> {
    const { store } = this.context;
    const at = this.context.now();
    const key = await store.person(person);
    const before = (await store.get("chains", key))?.value.listed?.version ?? 0;
    if (version <= before) return;
    await store.update("chains", key, (record) =>
      record && version > (record.listed?.version ?? 0) ? { ...record, listed: { version, at } } : null,
    );
  }

  /** Nothing more is encrypted for this person: others are shown another chain. */
  async #contradicted(person: Id): Promise<void> {
    const { store, journal } = this.context;
    journal.note("key log", "another chain");
    await store.update(
      "chains",
      await store.person(person),
      (record) => record && { ...record, alarm: "key_log" },
    );
    this.#memory.tell();
  }

  async #demandNoAlarm(): Promise<void> {
    const account = (await this.context.store.get("account", "me"))?.value;
    if (account?.trust.keyLogChanged === true) throw new AppError("keys_refused", "policy");
    const alarm = account?.keyLog?.alarm ?? null;
    if (alarm !== null) throw new AppError("keys_refused", alarm);
  }

  async #alarm(code: string): Promise<void> {
    this.context.journal.note("key log", code);
    await this.#memory.update((record) => ({ ...record, alarm: record.alarm ?? code }));
    this.#memory.tell();
  }

  #isOwn(chain: Chain): boolean {
    return idText(chain.person) === this.context.self.person;
  }
}

/** Which of the chain's statements has this hash, from 1; 0 for none. */
const versionOf = (chain: Chain, hash: Uint8Array): number =>
  chain.statementHashes.findIndex((one) => equal(one, hash)) + 1;
