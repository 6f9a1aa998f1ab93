import type { Begun, RosterDevice } from "../crypto/api";
import { encodeBeginBody } from "../crypto/begin-body";
import { compare, sha256 } from "../crypto/bytes";
import { HYBRID } from "../crypto/policy";
import { Batch, type ConversationRecord, type GroupRecord, numbered, type PendingCommit } from "../store";
import { isTransient, TransportError } from "../transport";
import { AppError, type Id } from "./api";
import type { Context } from "./context";
import { type Identities, listsDevice } from "./identities";
import { idBytes, idText } from "./ids";

const ZEROS_16 = new Uint8Array(16);
const ZEROS_32 = new Uint8Array(32);

/** Our leaf is renewed when it is older than this. */
const HEAL_AFTER_MS = 7 * 24 * 60 * 60 * 1000;

/** Refusals of a begin that say: somebody else was first. The log brings what they began. */
const LOST_RACE: ReadonlySet<string> = new Set([
  "generation_conflict",
  "epoch_conflict",
  "successor_not_allowed",
  "counter_gap",
]);

/** Catches up with a conversation's log to its end; given by `Sync`, which knows the way. */
export type CatchUp = (conversation: Id) => Promise<void>;

/**
 * Makes groups and renews our leaf in them. A commit of our own lives through these states, each on disk:
 *
 *     (none) --made--> pending --sent, and its hash appears in the log--> adopted: state := pending.state
 *                         |----another's commit appears in the log------> dropped (Log, Joins)
 *                         '----refused for good-------------------------> dropped here
 *
 * `pending` holds the frame byte for byte with its counter. After a crash in `pending` the log is read first: if the
 * commit is in it, it is adopted; if not, the same frame is sent again, which the server answers with the first seq
 * when it had it already. The state before stays in force until adoption, so nothing is ever encrypted in an epoch that
 * does not exist. A refused frame consumes no counter: the next frame takes the same number.
 */
export class Groups {
  constructor(
    private readonly context: Context,
    private readonly identities: Identities,
    private readonly catchUp: CatchUp,
  ) {}

  /**
   * Sees to it that messages can be encrypted: true when there is a group in force that the server takes messages for.
   * False: not now (somebody else's begin is on its way, or the partner has no living device); a later event tries
   * again. Throws `TransportError`, or `AppError` / `CryptoError` when a group may not be made.
   */
  async ensure(conversation: Id): Promise<boolean> {
    for (let attempt = 0; attempt < 3; attempt++) {
      const { record, group } = await this.#read(conversation);
      const inForce = group !== null && group.state !== null && !record.server.blocked;
      if (inForce && record.server.generation <= record.generation) return true;
      if (record.cursor < record.server.lastSeq || record.server.generation > record.generation) {
        await this.catchUp(conversation);
        const after = await this.#read(conversation);
        const moved = after.record.cursor > record.cursor || after.record.generation > record.generation;
        if (moved) continue;
        if (after.record.server.generation > after.record.generation) return false;
      }
      const mayBegin = record.generation === 0 || record.server.blocked;
      if (!mayBegin) return false;
      const pending = await this.#pendingBegin(conversation);
      if (!pending) {
        // Either nobody can be added now, or the log moved on while the KeyPackages were claimed.
        if ((await this.#read(conversation)).record.generation === record.generation) return false;
        continue;
      }
      await this.#sendBegin(conversation, pending, attempt === 0);
    }
    return false;
  }

  /** True when our leaf should be renewed before the next message. */
  async needsHealing(conversation: Id): Promise<boolean> {
    const { group } = await this.#read(conversation);
    if (!group?.state) return false;
    return (
      group.pending?.kind === "heal" || !group.healed || this.context.now() - group.renewedAt > HEAL_AFTER_MS
    );
  }

  /**
   * An empty commit with a path. When another's commit wins the epoch, that one has renewed the group for everybody but
   * us: we give up for now and talk on; the age of our leaf brings us back here.
   */
  async heal(conversation: Id): Promise<void> {
    const pending = await this.context.lanes.run(conversation, () => this.#makeHealing(conversation));
    if (!pending) return;
    const { record, blind } = await this.#read(conversation);
    try {
      await this.context.link.request("commit", {
        conversation: idBytes(conversation),
        generation: record.generation,
        epoch: pending.epoch,
        counter: pending.counter,
        body: pending.commit,
        welcome: null,
      });
    } catch (error) {
      // Busy, too fast, no answer: the same frame again later, and nothing is said before.
      if (!(error instanceof TransportError) || isTransient(error)) throw error;
      this.context.journal.note("healing", error.code);
      await this.catchUp(conversation);
      // An epoch that nobody has moved on was no reason to refuse.
      const { group } = await this.#read(conversation);
      if (error.code === "epoch_conflict" && group?.pending?.counter === pending.counter)
        throw new TransportError("busy");
      await this.#giveUpHealing(conversation, numbered(blind, record.generation), pending);
      return;
    }
    await this.catchUp(conversation);
  }

  /** Counters that are spoken for: what the server has consumed, and every frame that is on its way. */
  async lastCounter(record: ConversationRecord, blind: string): Promise<number> {
    const outbox = await this.context.store.range("outbox", { group: blind });
    const groups = await this.context.store.all("groups", `${blind}/`);
    return Math.max(
      record.counter,
      ...outbox.map((row) => row.value.frame?.counter ?? 0),
      ...groups.map((row) => row.value.pending?.counter ?? 0),
    );
  }

  async #pendingBegin(conversation: Id): Promise<PendingCommit | null> {
    const { record, blind } = await this.#read(conversation);
    const stored = await this.context.store.get("groups", numbered(blind, record.generation + 1));
    if (stored?.value.pending) return stored.value.pending;
    const add = await this.#claim(record);
    if (add === null) return null;
    return this.context.lanes.run(conversation, () =>
      this.#makeBegin(conversation, record.generation, add.packages, add.roster),
    );
  }

  /** One KeyPackage of every living device of the other persons; null when somebody has none. */
  async #claim(record: ConversationRecord) {
    const { context } = this;
    const roster: RosterDevice[] = [];
    const packages: { person: Uint8Array; device: Uint8Array; keyPackage: Uint8Array }[] = [];
    for (const person of record.persons) {
      const chain = await this.identities.fresh(person);
      roster.push(...chain.everListed);
      if (person === context.self.person) {
        if (!listsDevice(chain, context.self.device)) throw new AppError("device_revoked");
        continue;
      }
      if (chain.devices.length === 0) return null;
      const claimed = await context.api
        .claimKeyPackages({ persons: [person], suite: HYBRID, conversation: record.id, devices: null })
        .then(({ packages: found }) => found)
        .catch((error: unknown) => {
          if (error instanceof TransportError && error.code === "no_key_package") return [];
          throw error;
        });
      for (const one of claimed) {
        // The engine checks the package against the verified chain; a device that the chain does not list is refused.
        packages.push({ person: idBytes(person), device: idBytes(one.device), keyPackage: one.package });
      }
      const complete = chain.devices.every((entry) => claimed.some((one) => one.device === idText(entry.id)));
      if (!complete) return null;
    }
    return { packages, roster };
  }

  async #makeBegin(
    conversation: Id,
    after: number,
    add: { person: Uint8Array; device: Uint8Array; keyPackage: Uint8Array }[],
    roster: RosterDevice[],
  ): Promise<PendingCommit | null> {
    const { context } = this;
    const { record, group, blind } = await this.#read(conversation);
    if (record.generation !== after) return null;
    const generation = after + 1;
    const begun: Begun = await context.env.engine.begin({
      keys: context.self.keys,
      policy: {
        conversation: idBytes(conversation),
        kind: record.kind,
        persons: record.kind === "direct" ? record.persons.map(idBytes).sort(compare) : [],
        suite: HYBRID,
        sizeClass: "normal",
        retentionClass: 0,
        ministry: ZEROS_16,
        registry: ZEROS_32,
        predecessor: group?.groupId ?? record.server.groupId ?? ZEROS_32,
      },
      add,
      roster,
      seen: { seq: record.cursor, transcript: record.transcript },
      profile: new Uint8Array(),
      now: context.now(),
    });
    const pending: PendingCommit = {
      kind: "begin",
      state: begun.pendingState,
      bodyHash: await sha256(encodeBeginBody({ policy: begun.policy, commit: begun.commit })),
      counter: (await this.lastCounter(record, blind)) + 1,
      epoch: 0,
      policy: begun.policy,
      commit: begun.commit,
      welcome: begun.welcome,
      groupId: begun.groupId,
      membership: [],
      change: { added: [], removed: [], roles: [], orders: [] },
    };
    const made: GroupRecord = {
      conversation,
      generation,
      groupId: begun.groupId,
      epoch: 0,
      state: null,
      pending,
      devices: [],
      membership: [],
      suite: HYBRID,
      sizeClass: "normal",
      founder: context.self.device,
      createdHere: true,
      renewedAt: context.now(),
      healed: true,
      lost: null,
      broken: null,
    };
    const batch = new Batch().put("groups", numbered(blind, generation), made, { expect: 0 });
    await context.store.commit(batch, { fence: context.fence });
    return pending;
  }

  async #sendBegin(conversation: Id, pending: PendingCommit, first: boolean): Promise<void> {
    const { record, blind } = await this.#read(conversation);
    const generation = record.generation + 1;
    try {
      await this.context.link.request("begin", {
        conversation: idBytes(conversation),
        generation,
        counter: pending.counter,
        policy: pending.policy ?? new Uint8Array(),
        commit: pending.commit,
        welcome: pending.welcome,
      });
    } catch (error) {
      if (!(error instanceof TransportError) || error.unknownOutcome) throw error;
      // Busy or too fast: the same frame again later. Anything else is for good, unless the log has it already.
      if (error.code === "busy" || error.code === "rate_limited" || error.code === "internal") throw error;
      this.context.journal.note("begin", error.code);
      await this.catchUp(conversation);
      await this.#drop(conversation, numbered(blind, generation), pending);
      if (LOST_RACE.has(error.code)) return;
      if (!first) throw error;
      // A device may have come or gone between claiming and beginning: once more, with chains as they are now.
      for (const person of record.persons) this.identities.markStale(person);
      return;
    }
    await this.catchUp(conversation);
  }

  async #makeHealing(conversation: Id): Promise<PendingCommit | null> {
    const { context } = this;
    const { record, group, blind } = await this.#read(conversation);
    if (!group?.state || !group.groupId) return null;
    if (group.pending) return group.pending;
    const healed = await context.env.engine.heal({
      state: group.state,
      seen: { seq: record.cursor, transcript: record.transcript },
      roster: await this.identities.roster(record.persons),
      now: context.now(),
    });
    const pending: PendingCommit = {
      kind: "heal",
      state: healed.pendingState,
      bodyHash: await sha256(healed.commit),
      counter: (await this.lastCounter(record, blind)) + 1,
      epoch: healed.epoch,
      policy: null,
      commit: healed.commit,
      welcome: null,
      groupId: group.groupId,
      membership: [],
      change: { added: [], removed: [], roles: [], orders: [] },
    };
    const key = numbered(blind, record.generation);
    const stored = await context.store.get("groups", key);
    const batch = new Batch().put("groups", key, { ...group, pending }, { expect: stored?.revision ?? 0 });
    await context.store.commit(batch, { fence: context.fence });
    return pending;
  }

  /** Lets go of a pending begin that the server has refused, if the log has not settled it meanwhile. */
  async #drop(conversation: Id, key: string, pending: PendingCommit): Promise<void> {
    await this.context.lanes.run(conversation, async () => {
      const stored = await this.context.store.get("groups", key);
      if (stored?.value.pending?.kind !== "begin" || stored.value.pending.counter !== pending.counter) return;
      const batch = new Batch().remove("groups", key, { expect: stored.revision });
      await this.context.store.commit(batch, { fence: this.context.fence });
    });
  }

  async #giveUpHealing(conversation: Id, key: string, pending: PendingCommit): Promise<void> {
    await this.context.lanes.run(conversation, async () => {
      const stored = await this.context.store.get("groups", key);
      if (!stored) return;
      const own = stored.value.pending?.counter === pending.counter;
      const left = { ...stored.value, healed: true, pending: own ? null : stored.value.pending };
      const batch = new Batch().put("groups", key, left, { expect: stored.revision });
      await this.context.store.commit(batch, { fence: this.context.fence });
    });
  }

  async #read(
    conversation: Id,
  ): Promise<{ record: ConversationRecord; group: GroupRecord | null; blind: string }> {
    const { store } = this.context;
    const blind = await store.conversation(conversation);
    const stored = await store.get("conversations", blind);
    if (!stored) throw new AppError("not_found");
    const { generation } = stored.value;
    const group = generation === 0 ? null : await store.get("groups", numbered(blind, generation));
    return { record: stored.value, group: group?.value ?? null, blind };
  }
}
