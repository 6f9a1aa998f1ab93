import { HYBRID } from "../crypto/policy";
import { type ConversationRecord, type GroupRecord, numbered } from "../store";
import { isTransient, TransportError } from "../transport";
import { AppError, type Id } from "./api";
import { type Begins, LARGE, NORMAL, type Shape } from "./begins";
import { type Commits, RANK_STEP_MS, TooLarge } from "./commits";
import type { Context } from "./context";
import { type Identities, listsDevice } from "./identities";
import { idBytes, idText } from "./ids";
import { ASKED_MS } from "./leaves";
import { Pump } from "./lanes";
import { type CatchUp, type Pendings, readView, type View } from "./pending";
import { askToLeave, signRequest } from "./petitions";
import type { Plan, Wish } from "./plan";
import { unbreak } from "./standing";
import { askOpen } from "./told";

export type { CatchUp } from "./pending";

/** Our leaf is renewed when it is older than this. */
const HEAL_AFTER_MS = 7 * 24 * 60 * 60 * 1000;
/** Siblings let a device in before it asks everybody. */
const SIBLINGS_FIRST_MS = 4_000;
/** An open order is looked at again after this long, then after twice as long, so many times. */
const LOOK_AGAIN_MS = 5_000;
const MAX_LOOKS = 6;
/** A commit that we alone cannot use is not our group's fault: after this long we ask to be let in again. */
const BROKEN_PATIENCE_MS = 20_000;

/**
 * Decides what a conversation's group needs: to be begun, made anew, cleared of devices that are out, healed; and asks
 * to be let in where this device has no leaf. How it is done stands in `Begins` and `Commits`.
 */
export class Groups {
  readonly #attending = new Map<Id, Pump>();
  /** Groups that this person has asked to leave from here. */
  readonly leaving = new Set<Id>();
  readonly #asked = new Map<Id, number>();
  /** Since when this device has been seen to have no leaf. */
  readonly #outside = new Map<Id, number>();
  readonly #reported = new Map<string, number>();
  readonly #looks = new Map<Id, number>();

  constructor(
    private readonly context: Context,
    private readonly identities: Identities,
    readonly pendings: Pendings,
    readonly commits: Commits,
    readonly begins: Begins,
    private readonly catchUp: CatchUp,
    /** Ends when others can find a KeyPackage of this device. */
    private readonly findable: () => Promise<void>,
  ) {}

  /**
   * Sees to it that messages can be encrypted: true when there is a group in force that the server takes messages for.
   * False: not now (somebody else's begin is on its way, the partner has no living device, or this device waits to be
   * let in); a later event tries again. Throws `TransportError`, or `AppError` / `CryptoError` when it never will.
   */
  async ensure(conversation: Id): Promise<boolean> {
    for (let attempt = 0; attempt < 4; attempt++) {
      const view = await this.#current(conversation);
      if (!view) return false;
      const { record, group } = view;
      if (record.standing === "out") throw new AppError("not_a_member");
      if (record.generation === 0) {
        const begun = await this.#beginFirst(conversation, record);
        if (!begun && (await this.#unmoved(conversation, record))) return false;
        continue;
      }
      if (record.server.frozenSeq !== null) {
        if (!(await this.#succeedBroken(view)) && (await this.#unmoved(conversation, record))) return false;
        continue;
      }
      if (!group?.state) {
        if (!(await this.#withoutLeaf(conversation, record)) && (await this.#unmoved(conversation, record)))
          return false;
        continue;
      }
      if (group.broken) {
        if (!(await this.#report(view, group.broken.seq))) return false;
        continue;
      }
      if (!record.server.blocked && record.server.orders === 0) return true;
      if (await this.#clear(conversation, record)) continue;
      if (await this.#unmoved(conversation, record)) return !record.server.blocked;
    }
    return false;
  }

  /** True when our leaf should be renewed before the next message. */
  async needsHealing(conversation: Id): Promise<boolean> {
    const { group } = await readView(this.context, conversation);
    if (!group?.state) return false;
    // A used key that no message bears looks to the others like a message withheld from them: a new epoch counts anew.
    const due = !group.healed || group.wasted === group.epoch;
    return group.pending !== null || due || this.context.now() - group.renewedAt > HEAL_AFTER_MS;
  }

  heal(conversation: Id): Promise<void> {
    return this.commits.heal(conversation);
  }

  /** Does what is due and nobody asked for, in this device's turn. Ends when there is nothing more to do now. */
  attend(conversation: Id): Promise<void> {
    let pump = this.#attending.get(conversation);
    if (!pump) {
      pump = new Pump(() => this.#attend(conversation));
      this.#attending.set(conversation, pump);
    }
    return pump.poke();
  }

  /** Somebody who is invited has a device now: any member may add them, and one does. */
  async admitInvited(conversation: Id, person: Id): Promise<void> {
    const { record, group } = await readView(this.context, conversation);
    if (!group?.state || record.standing !== "in") return;
    const invited = group.membership.some((one) => one.person === person && one.role === "invited");
    if (invited) await this.#inTurn(conversation, { kind: "add", persons: [person] });
  }

  /**
   * Asks the members to let this device in. The Welcome that follows is taken even when the group is known here: the
   * request is on disk before it leaves. Does nothing while a request of lately is open.
   */
  async askIn(conversation: Id): Promise<void> {
    const { context } = this;
    const view = await readView(context, conversation);
    const { generation, groupId } = view.record.server;
    const last = this.#asked.get(conversation);
    if (generation === 0 || !groupId || view.record.standing === "out") return;
    if (last !== undefined && context.now() - last < ASKED_MS) return;
    // Asked too early, the members would find nothing to add, and nothing would make them look again.
    await this.findable();
    const asked = await signRequest(context, this.identities, "add", groupId);
    await context.store.update(
      "conversations",
      view.blind,
      (record) => record && { ...record, rejoin: { generation, at: context.now() } },
    );
    this.#asked.set(conversation, context.now());
    try {
      await context.link.request("rejoin", { conversation: idBytes(conversation), generation, ...asked });
    } catch (error) {
      this.#asked.delete(conversation);
      throw error;
    }
  }

  /** This person leaves: the members are told by an order, which the next commit executes. */
  async leave(conversation: Id): Promise<void> {
    const { record, group } = await readView(this.context, conversation);
    const { generation, groupId } = record.server;
    if (!groupId || record.kind !== "group" || record.standing === "out") throw new AppError("not_a_member");
    this.leaving.add(conversation);
    const named = { conversation: idBytes(conversation), generation, groupId };
    try {
      await askToLeave(this.context, this.identities, named, group?.executed ?? []);
    } catch (error) {
      this.leaving.delete(conversation);
      throw error;
    }
  }

  /** Makes the group anew under another suite or size. Only an admin may. */
  async succeed(conversation: Id, shape: Shape): Promise<boolean> {
    const { group } = await readView(this.context, conversation);
    if (!group?.state) throw new AppError("not_a_member");
    const own = group.membership.find(({ person }) => person === this.context.self.person);
    if (own?.role !== "admin") throw new AppError("not_admin");
    return this.begins.begin(conversation, () => this.begins.successor(group, shape, false));
  }

  /** Until the wish is so; a hybrid group that it would make too large is made anew first. */
  async perform(
    ...[conversation, wish, onProgress]: Parameters<Commits["perform"]>
  ): ReturnType<Commits["perform"]> {
    try {
      return await this.commits.perform(conversation, wish, onProgress);
    } catch (error) {
      if (!(error instanceof TooLarge)) throw error;
      if (!(await this.succeed(conversation, LARGE))) throw new TransportError("busy");
      return this.commits.perform(conversation, wish, onProgress);
    }
  }

  /** What was asked for lately may be asked for again: called after a break in the connection. */
  forgetAsked(): void {
    this.#asked.clear();
    this.#reported.clear();
    this.#looks.clear();
  }

  /** The conversation with its log read; null while the server is ahead of what it hands out. */
  async #current(conversation: Id): Promise<View | null> {
    const view = await readView(this.context, conversation);
    const { record } = view;
    const behind = record.cursor < record.server.lastSeq || record.server.generation > record.generation;
    if (!behind || record.standing === "out") return view;
    await this.catchUp(conversation);
    const after = await readView(this.context, conversation);
    return after.record.server.generation > after.record.generation ? null : after;
  }

  async #unmoved(conversation: Id, before: ConversationRecord): Promise<boolean> {
    const { record } = await readView(this.context, conversation);
    return record.cursor === before.cursor && record.generation === before.generation;
  }

  async #beginFirst(conversation: Id, record: ConversationRecord): Promise<boolean> {
    // Whose devices a group begins with is said when it is made; here only that begin is brought to its end.
    const founding =
      record.kind === "group" ? () => Promise.resolve(null) : () => this.begins.everyone(conversation);
    return this.begins.begin(conversation, founding);
  }

  /** A device without a leaf: its siblings or the members let it in; alone in a blocked conversation it begins anew. */
  async #withoutLeaf(conversation: Id, record: ConversationRecord): Promise<boolean> {
    const { context } = this;
    const chain = await this.identities.fresh(context.self.person);
    const siblings = chain.devices.some(
      ({ id, kind }) => kind === "regular" && idText(id) !== context.self.device,
    );
    const alone = !siblings && listsDevice(chain, context.self.device);
    if (record.kind !== "group" && record.server.blocked && alone)
      return this.begins.begin(conversation, () => this.begins.everyone(conversation));
    const since = this.#outside.get(conversation) ?? context.now();
    this.#outside.set(conversation, since);
    if (siblings && context.now() - since < SIBLINGS_FIRST_MS) {
      const later = context.sleep(SIBLINGS_FIRST_MS).then(() => this.attend(conversation));
      context.background("attend", later);
      return false;
    }
    let abandoned = false;
    await this.askIn(conversation).catch((error: unknown) => {
      if (!(error instanceof TransportError) || isTransient(error)) throw error;
      context.journal.note("rejoin", error.code);
      abandoned = error.code === "rejoin_refused" && error.detail["rule"] === "abandoned";
    });
    return abandoned && (await this.#succeedAbandoned(conversation));
  }

  /** Nobody is left to let this device in: begins anew with whom it knows to be in; the server could name anybody. */
  async #succeedAbandoned(conversation: Id): Promise<boolean> {
    const { store, self } = this.context;
    const { record, blind } = await readView(this.context, conversation);
    for (let generation = record.generation; generation > 0; generation--) {
      const known = (await store.get("groups", numbered(blind, generation)))?.value;
      // Not a generation that this device was never in: nothing is known here of its suite.
      if (!known?.groupId) continue;
      // Who is out by the newest that is known here must not begin with those of before.
      if (!known.membership.some((one) => one.person === self.person)) return false;
      const shape = known.suite === HYBRID ? NORMAL : LARGE;
      return this.begins.begin(conversation, () => this.begins.successor(known, shape, false));
    }
    return false;
  }

  /** Removes what must go; in a conversation of two that would lose one of them, begins anew. True when it moved on. */
  async #clear(conversation: Id, record: ConversationRecord): Promise<boolean> {
    const plan = await this.commits.plan(conversation, { kind: "due" });
    if (await this.#losesPerson(conversation, record, plan))
      return this.begins.begin(conversation, () => this.begins.everyone(conversation));
    await this.perform(conversation, { kind: "due" });
    const after = (await readView(this.context, conversation)).record;
    if (after.server.blocked || after.server.orders > 0) await askOpen(this.context, conversation);
    return after.cursor > record.cursor;
  }

  async #losesPerson(conversation: Id, record: ConversationRecord, plan: Plan): Promise<boolean> {
    const { group } = await readView(this.context, conversation);
    if (record.kind === "group" || !group) return false;
    const gone = new Set(plan.remove.map(({ device }) => device));
    const left = [...group.devices.filter(({ device }) => !gone.has(device)), ...plan.add];
    return record.persons.some((person) => !left.some((one) => one.person === person));
  }

  async #succeedBroken(view: View): Promise<boolean> {
    const { group, record } = view;
    if (record.kind !== "group") return this.begins.begin(record.id, () => this.begins.everyone(record.id));
    if (!group?.state) {
      await this.askIn(record.id);
      return false;
    }
    const shape = group.suite === HYBRID ? NORMAL : LARGE;
    return this.begins.begin(record.id, () => this.begins.successor(group, shape, true));
  }

  /** True when there is nothing to report: the server has no such commit, so that the one shown here was a lie. */
  async #report(view: View, seq: number): Promise<boolean> {
    const { context } = this;
    const { id, generation } = view.record;
    const key = `${id}/${String(seq)}`;
    const at = this.#reported.get(key);
    if (at === undefined) {
      this.#reported.set(key, context.now());
      try {
        await context.link.request("report_commit", { conversation: idBytes(id), generation, seq });
      } catch (error) {
        if (!(error instanceof TransportError) || error.code !== "range_refused") throw error;
        await context.lanes.run(id, () => unbreak(context, id, seq));
        // What was to be sent meanwhile waits for a sign.
        context.bus.publish({ t: "outbox", conversation: id });
        return true;
      }
    } else if (context.now() - at > BROKEN_PATIENCE_MS) {
      await this.askIn(id);
    }
    return false;
  }

  async #attend(conversation: Id): Promise<void> {
    const { context } = this;
    if (!context.leads || context.link.state.kind !== "ready") return;
    await this.context.senders.run(conversation, () => this.pendings.settle(conversation));
    const view = await this.#current(conversation);
    if (!view || view.record.generation === 0 || view.record.standing === "out") return;
    const { record, group } = view;
    if (record.server.frozenSeq !== null) {
      if (group) await this.#turn(group, await this.#founderFirst(group));
      await this.ensure(conversation);
      return;
    }
    if (!group?.state) {
      await this.ensure(conversation);
      return;
    }
    this.#outside.delete(conversation);
    if (group.broken) await this.#report(view, group.broken.seq);
    else {
      await this.#inTurn(conversation, { kind: "due" });
      await this.#lookAgain(conversation);
    }
  }

  /** An order that could not be carried out yet (no KeyPackage): again later, a few times a connection. */
  async #lookAgain(conversation: Id): Promise<void> {
    const { record } = await readView(this.context, conversation);
    const looks = this.#looks.get(conversation) ?? 0;
    if (record.server.orders === 0 || looks >= MAX_LOOKS) return;
    this.#looks.set(conversation, looks + 1);
    const later = this.context.sleep(LOOK_AGAIN_MS * 2 ** looks).then(() => this.attend(conversation));
    this.context.background("attend", later);
  }

  /** Waits for this device's turn, looks again, and acts if it is still needed. */
  async #inTurn(conversation: Id, wish: Wish): Promise<void> {
    const { group, record } = await readView(this.context, conversation);
    if (!group?.state) return;
    const plan = await this.commits.plan(conversation, wish);
    if (plan.remove.length + plan.add.length + plan.roles.length + plan.orders.length === 0) return;
    if (await this.#losesPerson(conversation, record, plan)) return;
    // A new device concerns its person's other devices first; the others come after them, and only by order.
    const { person: self } = this.context.self;
    const adds = plan.add.length > 0 && plan.remove.length + plan.roles.length === 0;
    const own = adds && plan.add.every(({ person }) => person === self);
    const siblings = plan.add.every(
      ({ person }) => person !== self && group.devices.some((one) => one.person === person),
    );
    if (adds && siblings) await this.context.sleep(SIBLINGS_FIRST_MS);
    await this.#turn(group, own ? [self] : null);
    await this.perform(conversation, wish);
  }

  async #turn(group: GroupRecord, persons: readonly Id[] | null): Promise<void> {
    if (!group.state) return;
    const { engine } = this.context.env;
    const { members, ownLeaf } = await engine.describe(group.state);
    const among = members.filter(
      ({ person, leaf }) => leaf === ownLeaf || !persons || persons.includes(idText(person)),
    );
    const position = await engine.rank({ state: group.state, among: among.map(({ leaf }) => leaf) });
    if (position > 0) await this.context.sleep(position * RANK_STEP_MS);
  }

  /** A broken group is made anew by who founded it, if that device is still there; else by an admin. */
  async #founderFirst(group: GroupRecord): Promise<readonly Id[] | null> {
    if (group.founder === this.context.self.device) return [];
    const admins = group.membership.filter(({ role }) => role === "admin").map(({ person }) => person);
    if (!admins.includes(this.context.self.person)) await this.context.sleep(2 * RANK_STEP_MS);
    return admins;
  }
}
