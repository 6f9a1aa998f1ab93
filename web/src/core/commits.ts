import { sha256 } from "../crypto/bytes";
import type { Chain } from "../crypto/chain";
import { HYBRID, isSuite } from "../crypto/policy";
import { Batch, type GroupDevice, type PendingCommit } from "../store";
import { TransportError } from "../transport";
import { AppError, type Id, type Progress } from "./api";
import { type Addition, Claims } from "./claims";
import { waitInLine } from "./contention";
import type { Context } from "./context";
import { type Identities, rosterOf } from "./identities";
import { idBytes, idText } from "./ids";
import { pooled } from "./lanes";
import type { Orders } from "./orders";
import { NO_CHANGE, type Outcome, type Pendings, readView, type View } from "./pending";
import { firstPart, isEmpty, makePlan, type Plan, type Wish } from "./plan";
import { profileBytes } from "./profiles";
import { chainIfAny, fromEntry, judging, speakers, toEntry } from "./standing";

/** Devices that one commit adds: about a second's work, and well within one frame in either suite. */
const AT_ONCE = 100;
/** A hybrid group grows no further: a classical successor takes over. */
export const HYBRID_MOST = 250;
export const CLASSICAL_MOST = 1_000;
/** Commits lost in a row after which the work is given up for now. */
const MAX_LOST = 8;
/** After a lost race without a place in line each waits a random part of this, and longer each time. */
const JITTER_MS = 500;
/** Devices act without being asked one after the other, this far apart. */
export const RANK_STEP_MS = 500;
/** In conversations of up to this many persons everybody's chain is asked for before each commit. */
const FEW = 50;

/** The group must first be made anew in a larger class. */
export class TooLarge extends Error {}

export interface Done {
  /** Persons whose devices are in by this work. */
  added: Id[];
  invited: Id[];
}

/** What a commit is made from: all of one moment, checked against the store before the commit is kept. */
interface Ready {
  view: View & { group: NonNullable<View["group"]>; state: Uint8Array };
  chains: ReadonlyMap<Id, Chain>;
  plan: Plan;
}

/** Makes commits of our own in a group in force: what people ask for, what is due, and healing. */
export class Commits {
  constructor(
    private readonly context: Context,
    private readonly identities: Identities,
    private readonly orders: Orders,
    private readonly pendings: Pendings,
    /** Sends what is sealed, in front of a commit. Called while holding the conversation's place as sender. */
    private readonly flush: (conversation: Id) => Promise<void>,
    private readonly catchUp: (conversation: Id) => Promise<void>,
  ) {}

  /** What the group needs, given the wish; empty when all of it is so already. */
  async plan(conversation: Id, wish: Wish): Promise<Plan> {
    return (await this.#ready(conversation, wish)).plan;
  }

  /**
   * Commits until the wish is so in the log; other people's commits that come first are taken and what is still needed is
   * made again. Throws `AppError` (with the reason), `TooLarge`, `TransportError`.
   */
  async perform(
    conversation: Id,
    wish: Wish,
    onProgress: (progress: Progress) => void = () => undefined,
  ): Promise<Done> {
    const claims = new Claims(this.context, conversation);
    const done: Done = { added: [], invited: [] };
    const total = wish.kind === "add" ? wish.persons.length : null;
    for (let lost = 0; lost < MAX_LOST;) {
      const step = await this.context.senders.run(conversation, () => this.#once(conversation, wish, claims));
      if (step === null) return done;
      const { outcome, plan } = step;
      if (outcome.kind === "adopted") {
        const wished = wish.kind === "add" ? wish.persons : [];
        const came = new Set(plan.add.map(({ person }) => person));
        done.added.push(...wished.filter((person) => came.has(person)));
        done.invited.push(...plan.roles.flatMap((one) => (one.role === "invited" ? [one.person] : [])));
        onProgress({ done: done.added.length + done.invited.length, total });
        lost = 0;
        continue;
      }
      lost += 1;
      if (outcome.kind === "lost" && outcome.code !== null)
        await this.#refused(conversation, outcome.code, claims, lost);
      const place = outcome.kind === "lost" ? outcome.place : null;
      if (place === null) await this.context.sleep(this.context.env.random() * JITTER_MS * lost);
      // Who won may have done what we want: then nothing is waited for.
      else if (isEmpty(await this.plan(conversation, wish))) return done;
      else await waitInLine(this.context, conversation, place);
    }
    throw new TransportError("busy");
  }

  /** One commit; null when nothing is left to do. Holds the conversation's place as sender. */
  async #once(
    conversation: Id,
    wish: Wish,
    claims: Claims,
  ): Promise<{ outcome: Outcome; plan: Plan } | null> {
    await this.flush(conversation);
    const before = await this.pendings.settle(conversation);
    // What was pending from before may be the very thing: the plan below knows.
    if (before.kind === "lost" && before.code !== null) await this.catchUp(conversation);
    const ready = await this.#ready(conversation, wish);
    const { suite, devices } = ready.view.group;
    if (!isSuite(suite)) throw new AppError("group_refused");
    if (isEmpty(ready.plan)) return null;
    const size = devices.length - ready.plan.remove.length + ready.plan.add.length;
    if (size > CLASSICAL_MOST) throw new AppError("group_too_large");
    if (suite === HYBRID && size > HYBRID_MOST && ready.plan.add.length > 0) throw new TooLarge();
    const part = firstPart(ready.plan, AT_ONCE);
    const add = await claims.of(part.add, suite);
    const plan = withoutMissing(part, add, wish, ready.view);
    if (isEmpty(plan)) return null;
    const kept = await this.context.lanes.run(conversation, () => this.#keep({ ...ready, plan }, add));
    if (!kept) return { outcome: { kind: "lost", code: null, place: null }, plan };
    return { outcome: await this.pendings.settle(conversation), plan };
  }

  async #ready(conversation: Id, wish: Wish): Promise<Ready> {
    const { context, identities } = this;
    let view = await readView(context, conversation);
    if (view.record.cursor < view.record.server.lastSeq) {
      await this.catchUp(conversation);
      view = await readView(context, conversation);
    }
    const { record, group } = view;
    if (!group?.state || record.standing !== "in") throw new AppError("not_a_member");
    if (group.broken) throw new AppError("group_refused");
    const inTree = [...new Set([...speakers(record, group), ...group.devices.map(({ person }) => person)])];
    const named = wish.kind === "add" ? wish.persons : [];
    const chains = new Map<Id, Chain>();
    const keep = (found: readonly Chain[]): void => {
      for (const chain of found) chains.set(idText(chain.person), chain);
    };
    keep(inTree.length <= FEW ? await identities.chains(inTree) : await identities.pinnedChains(inTree));
    const more = await pooled([context.self.person, ...named], (person) => chainIfAny(identities, person));
    keep(more.filter((chain) => chain !== null));
    const refresh = (person: Id): Promise<Chain> => identities.refresh(person);
    const wanted = new Set(named);
    const all = [...chains.values()];
    keep(
      await context.keyLog.judge(
        all.filter((chain) => !wanted.has(idText(chain.person))),
        refresh,
      ),
    );
    // Who is to come in comes with all devices, or a little later.
    keep(
      await context.keyLog.demand(
        all.filter((chain) => wanted.has(idText(chain.person))),
        refresh,
      ),
    );
    const asked = record.server.orders > 0 || record.server.blocked;
    const orders = asked ? await this.orders.open(record, group) : [];
    const self: GroupDevice = { person: context.self.person, device: context.self.device };
    const plan = makePlan({ kind: record.kind, self, group, chains, orders, now: context.now() }, wish);
    return { view: { ...view, group, state: group.state }, chains, plan };
  }

  /** Makes the commit and puts it on disk; false when the conversation has moved on meanwhile. Under the lane. */
  async #keep({ view, chains, plan }: Ready, add: Addition[]): Promise<boolean> {
    const { context } = this;
    const now = await readView(context, view.record.id);
    const moved =
      now.record.generation !== view.record.generation ||
      now.group?.epoch !== view.group.epoch ||
      now.group.pending !== null;
    if (moved || !now.group?.state || !now.stored) return false;
    const { record, group, stored, blind } = now;
    const known = plan.orders.map((order) => ({ order, executed: false }));
    const by = judging([...chains.values()], group, known);
    const gossip = await context.keyLog.gossip();
    const made = await context.env.engine.commit({
      state: now.group.state,
      add,
      remove: plan.remove.map(({ device }) => idBytes(device)),
      roles: plan.roles.map(({ person, role }) => ({ person: idBytes(person), role })),
      orders: plan.orders,
      standing: by.standing,
      seen: { seq: record.cursor, transcript: record.transcript, ...gossip },
      roster: by.roster,
      // The engine puts the membership after the commit into it.
      profile: record.kind === "group" ? await profileBytes(context, record.id) : new Uint8Array(),
      now: context.now(),
    });
    const pending: PendingCommit = {
      kind: "members",
      state: made.pendingState,
      bodyHash: await sha256(made.commit),
      counter: (await this.pendings.lastCounter(record, blind)) + 1,
      epoch: made.epoch,
      policy: null,
      commit: made.commit,
      welcome: made.welcome,
      groupId: group.groupId ?? new Uint8Array(),
      membership: record.kind === "group" ? made.membership.map(fromEntry) : [],
      change: {
        added: plan.add,
        removed: plan.remove,
        roles: plan.roles,
        orders: plan.orders.map(({ hash }) => hash),
      },
    };
    const batch = new Batch().put("groups", stored.key, { ...group, pending }, { expect: stored.revision });
    await context.store.commit(batch, { fence: context.fence });
    return true;
  }

  /**
   * An empty commit with a path. When another's commit wins the epoch, that one has renewed the group for everybody but
   * us: we give up for now and talk on; the age of our leaf brings us back here. Throws `TransportError` when it cannot
   * be settled now.
   */
  async heal(conversation: Id): Promise<void> {
    await this.context.senders.run(conversation, async () => {
      await this.flush(conversation);
      const before = (await readView(this.context, conversation)).group?.epoch;
      let outcome = await this.pendings.settle(conversation);
      if (outcome.kind === "nothing") {
        const made = await this.context.lanes.run(conversation, () => this.#keepHealing(conversation));
        if (!made) return;
        outcome = await this.pendings.settle(conversation);
      }
      if (outcome.kind !== "lost") return;
      // An epoch that nobody has moved on was no reason to refuse: nothing is said before it is renewed.
      const epoch = (await readView(this.context, conversation)).group?.epoch;
      if (outcome.code === "epoch_conflict" && epoch === before) throw new TransportError("busy");
      await this.#giveUpHealing(conversation);
    });
  }

  async #keepHealing(conversation: Id): Promise<boolean> {
    const { context } = this;
    const { record, group, stored, blind } = await readView(context, conversation);
    if (!group?.state || !stored || group.pending || group.broken) return false;
    const persons = [...new Set([...speakers(record, group), ...group.devices.map(({ person }) => person)])];
    const chains =
      persons.length <= FEW
        ? await this.identities.chains(persons)
        : await this.identities.pinnedChains(persons);
    const judged = await context.keyLog.judge(chains, (person) => this.identities.refresh(person));
    const healed = await context.env.engine.heal({
      state: group.state,
      seen: { seq: record.cursor, transcript: record.transcript, ...(await context.keyLog.gossip()) },
      roster: rosterOf(judged),
      now: context.now(),
      membership: group.membership.map(toEntry),
    });
    const pending: PendingCommit = {
      kind: "heal",
      state: healed.pendingState,
      bodyHash: await sha256(healed.commit),
      counter: (await this.pendings.lastCounter(record, blind)) + 1,
      epoch: healed.epoch,
      policy: null,
      commit: healed.commit,
      welcome: null,
      groupId: group.groupId ?? new Uint8Array(),
      membership: group.membership,
      change: NO_CHANGE,
    };
    const batch = new Batch().put("groups", stored.key, { ...group, pending }, { expect: stored.revision });
    await context.store.commit(batch, { fence: context.fence });
    return true;
  }

  async #giveUpHealing(conversation: Id): Promise<void> {
    const { context } = this;
    await context.lanes.run(conversation, async () => {
      const { group, stored } = await readView(context, conversation);
      if (!group || !stored || group.healed) return;
      const batch = new Batch().put(
        "groups",
        stored.key,
        { ...group, healed: true },
        { expect: stored.revision },
      );
      await context.store.commit(batch, { fence: context.fence });
    });
  }

  /** Why a commit was refused, and what must be seen anew before the next attempt. Throws what will not pass by itself. */
  async #refused(conversation: Id, code: string, claims: Claims, lost: number): Promise<void> {
    if (RACES.has(code)) return;
    if (lost > 2) throw new TransportError(code);
    // A device came or went between claiming and committing, an order was issued, a package has been used: look again.
    claims.forget();
    const { record, group } = await readView(this.context, conversation);
    for (const person of speakers(record, group)) this.identities.markStale(person);
    if (DUE.has(code)) await markDue(this.context, conversation);
  }
}

/** Refusals that say: somebody else was first. The log brings what they did. */
const RACES: ReadonlySet<string> = new Set(["generation_conflict", "epoch_conflict", "counter_gap"]);
/** Refusals that say: an order is open. */
const DUE: ReadonlySet<string> = new Set(["removal_due", "order_due"]);

async function markDue({ store }: Context, conversation: Id): Promise<void> {
  await store.update("conversations", await store.conversation(conversation), (record) =>
    record && record.server.orders === 0 ? { ...record, server: { ...record.server, orders: 1 } } : null,
  );
}

/** The plan with those whose KeyPackages could be had; persons who were wished for and have none are invited. */
function withoutMissing(plan: Plan, add: readonly Addition[], wish: Wish, { record, group }: View): Plan {
  const present = new Set(add.map(({ device }) => idText(device)));
  const added = plan.add.filter(({ device }) => present.has(device));
  const orders = plan.orders.filter(({ action, device }) => action !== "add" || present.has(idText(device)));
  const roles = [...plan.roles];
  const invitable = record.kind === "group" && wish.kind === "add" ? new Set(wish.persons) : new Set<Id>();
  for (const { person } of plan.add) {
    if (!invitable.delete(person) || added.some((one) => one.person === person)) continue;
    if (group?.membership.some((entry) => entry.person === person)) continue;
    roles.push({ person, role: "invited" });
  }
  return { ...plan, add: added, orders, roles };
}
