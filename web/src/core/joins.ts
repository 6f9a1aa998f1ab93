import { type BeginBody, parseBeginBody } from "../crypto/begin-body";
import type { Joined, MadeKeyPackage } from "../crypto/api";
import { equal, toHex } from "../crypto/bytes";
import { groupIdOf } from "../crypto/policy";
import { type ConversationRecord, type GroupRecord, type MailRecord, numbered, type Stored } from "../store";
import type { Envelope } from "../wire/frames";
import {
  demandAsJudged,
  demandAsked,
  demandInForce,
  demandMember,
  demandSuccessor,
  FOREIGN,
  JoinRefused,
  type JudgedCommit,
  knownMembership,
  lastKnown,
} from "./admission";
import type { Id } from "./api";
import type { Context } from "./context";
import { cryptoCode, RolledBack } from "./errors";
import { idBytes, idText } from "./ids";
import type { Identities } from "./identities";
import { lastResortUsed } from "./keypackages";
import { pooled } from "./lanes";
import { devicesOf, enteredGroup, hasAsked, hasSibling, lostGroup, personOf, unlistedPerson } from "./leaves";
import type { Mailbox } from "./mailbox";
import { enteredLine, tellBegun } from "./notices";
import { openProfile } from "./profiles";
import { brokenSince, personsNamed } from "./standing";
import type { Place, Step } from "./step";
import { begunServer, settleServer, thaw } from "./told";

/** Persons who left since the Welcome was made and whose chains are fetched one by one. */
const MAX_UNKNOWN = 50;

/**
 * How a group comes into force on this device: by its own pending begin, by a Welcome that came with a begin, or by one
 * that came with a later commit.
 */
export class Joins {
  constructor(
    private readonly context: Context,
    private readonly identities: Identities,
    private readonly mailbox: Mailbox,
  ) {}

  /** Seqs of the commits that came with a Welcome for this device, as far as the mailbox is known or asked. */
  async welcomed(blind: string, ask: boolean): Promise<ReadonlySet<number>> {
    if (ask) await this.mailbox.fetch();
    const rows = await this.context.store.all("mail", `${blind}/`);
    return new Set(rows.map(({ value }) => value.logSeq));
  }

  /** Applies an envelope of kind begin. Under the conversation's lane. */
  async apply(step: Step, envelope: Envelope): Promise<void> {
    const own = this.context.isOwnDevice(envelope.device);
    const welcome = own ? undefined : await this.mailbox.welcomeFor(step.blind, envelope);
    const before = (await this.#group(step.blind, step.conversation.generation))?.value ?? null;
    const place = await step.advance(envelope);
    const { conversation } = step;
    if (envelope.generation <= conversation.generation) {
      // A begin of long ago, told again: the group in force must not give way to it.
      step.row(envelope.seq, place, "refused", { code: "generation" });
      step.notice(envelope.seq, envelope.time, { kind: "log-mismatch" });
      if (welcome) step.batch.remove("mail", numbered(step.blind, welcome.logSeq));
      return;
    }
    if (envelope.generation !== conversation.generation + 1) {
      this.context.journal.note("generation", "gap");
      step.notice(envelope.seq, envelope.time, { kind: "log-mismatch" });
    }
    const broken = (before?.broken ?? null) !== null || conversation.server.frozenSeq !== null;
    conversation.awaySince ??= await brokenSince(this.context, step.blind, before, envelope.seq);
    if (own) await this.#adopt(step, envelope, place, before, broken);
    else await this.#joinBegin(step, envelope, place, welcome, before, broken);
    conversation.generation = Math.max(conversation.generation, envelope.generation);
    if (conversation.server.generation <= envelope.generation) {
      const groupId = await this.#groupId(envelope);
      const { seq, generation } = envelope;
      begunServer(conversation, { seq, generation, groupId });
    }
  }

  /** Applies a commit that came with a Welcome, which lets this device in, perhaps again. False when that is refused. */
  async applyCommit(step: Step, envelope: Envelope): Promise<boolean> {
    const mail = await this.mailbox.welcomeFor(step.blind, envelope);
    const stored = await this.#group(step.blind, envelope.generation);
    const before = stored?.value ?? null;
    const current = await lastKnown(this.context, step.blind, step.conversation.generation);
    const place = await step.advance(envelope);
    const { conversation } = step;
    let taken = true;
    try {
      if (!mail) throw new JoinRefused("no_welcome");
      demandInForce(conversation, current, envelope);
      demandAsked(conversation, before, envelope, this.context.now());
      const groupId =
        before?.groupId ??
        (conversation.server.generation === envelope.generation ? conversation.server.groupId : null);
      if (!groupId) throw new JoinRefused("group_id");
      const { joined, keyPackage } = await this.#open(conversation, envelope, mail, groupId);
      demandMember(current, joined, this.context.self.person);
      const group: GroupRecord = {
        ...enteredGroup(conversation, envelope, joined, this.context.now()),
        founder: before?.founder ?? null,
        executed: before?.executed ?? [],
      };
      step.batch.put("groups", numbered(step.blind, envelope.generation), group, {
        expect: stored?.revision ?? 0,
      });
      this.#consume(step, keyPackage);
      if (envelope.generation > conversation.generation) thaw(conversation.server, envelope.seq);
      conversation.generation = envelope.generation;
      const by = personOf(joined, envelope.device);
      const { self } = this.context;
      // Its own going it has seen, with its person still a member: that it is back is then no news but a gap.
      const inSight = before !== null && before.groupId !== null;
      const told = inSight && before.membership.some(({ person }) => person === self.person);
      // Only members ask, and a sibling that was there before says the same: the device is new, not the person.
      const member =
        hasAsked(conversation, this.context.now()) || hasSibling(joined, envelope, idBytes(self.device));
      conversation.awaySince ??= await brokenSince(this.context, step.blind, before, envelope.seq);
      this.#enter(step, envelope, group, joined);
      // Whoever is new to the group has no other device with what came before.
      if (conversation.kind === "group" && !told && !member) await step.forgetElsewhere();
      if (conversation.kind === "group" && !told)
        step.notice(envelope.seq, envelope.time, enteredLine(self.person, member, by, group.membership));
      step.row(envelope.seq, place, "applied");
      settleServer(conversation, { seq: envelope.seq, epoch: joined.epoch, executed: 0 });
      await step.checkSeen(joined.seen, envelope.seq, envelope.time);
    } catch (error) {
      const code = this.#refusal(error);
      step.row(envelope.seq, place, code === "no_welcome" ? "elsewhere" : "refused", { code });
      conversation.server.epoch = Math.max(conversation.server.epoch, envelope.epoch + 1);
      taken = false;
    }
    if (mail) step.batch.remove("mail", numbered(step.blind, mail.logSeq));
    return taken;
  }

  /**
   * The group after a commit that takes this device's leaf and gives it another: the members have carried out a request of
   * long ago. It is taken without having been asked for lately, because the commit was judged by the tree that this device
   * stood in. Null without a Welcome that fits: then the commit only takes the leaf.
   */
  async readmitted(
    step: Step,
    envelope: Envelope,
    group: GroupRecord,
    judged: JudgedCommit,
  ): Promise<GroupRecord | null> {
    const mail = await this.mailbox.welcomeFor(step.blind, envelope);
    if (!mail || group.groupId === null) return null;
    const { conversation } = step;
    step.batch.remove("mail", numbered(step.blind, mail.logSeq));
    try {
      const { joined, keyPackage } = await this.#open(conversation, envelope, mail, group.groupId);
      demandAsJudged(joined, judged, conversation.kind === "group");
      this.#consume(step, keyPackage);
      return { ...enteredGroup(conversation, envelope, joined, this.context.now()), founder: group.founder };
    } catch (error) {
      this.context.journal.note("welcome", this.#refusal(error));
      return null;
    }
  }

  /** The pending begin that this very envelope is made of comes into force. */
  async #adopt(
    step: Step,
    envelope: Envelope,
    place: Place,
    before: GroupRecord | null,
    broken: boolean,
  ): Promise<void> {
    const { context } = this;
    const key = numbered(step.blind, envelope.generation);
    const stored = await context.store.get("groups", key);
    const pending = stored?.value.pending;
    if (!stored || pending?.kind !== "begin" || !equal(pending.bodyHash, place.bodyHash))
      throw new RolledBack();
    const { members, epoch } = await context.env.engine.describe(pending.state);
    const group: GroupRecord = {
      ...stored.value,
      groupId: pending.groupId,
      epoch,
      state: pending.state,
      pending: null,
      devices: devicesOf(members),
      membership: pending.membership,
      createdHere: true,
      renewedAt: context.now(),
      healed: true,
    };
    step.batch.put("groups", key, group, { expect: stored.revision });
    step.row(envelope.seq, place, "own");
    this.#announce(step, envelope, group, before, context.self.person, broken);
    this.#enter(step, envelope, group, null);
    this.#retire(step, before);
  }

  async #joinBegin(
    step: Step,
    envelope: Envelope,
    place: Place,
    mail: MailRecord | undefined,
    before: GroupRecord | null,
    broken: boolean,
  ): Promise<void> {
    const { context } = this;
    const { conversation } = step;
    const key = numbered(step.blind, envelope.generation);
    const present = await context.store.get("groups", key);
    const current = await lastKnown(context, step.blind, conversation.generation);
    // Another began this generation: what we had pending for it can never be adopted.
    const expect = present?.revision ?? 0;
    try {
      if (!mail) throw new JoinRefused("no_welcome");
      if (present?.value.state) throw new JoinRefused("known_group");
      const body: BeginBody = parseBeginBody(envelope.body);
      const { joined, keyPackage } = await this.#open(
        conversation,
        envelope,
        mail,
        await groupIdOf(body.policy),
      );
      const predecessor = before?.groupId ?? null;
      if (predecessor && !equal(joined.policy.predecessor, predecessor)) throw new JoinRefused("predecessor");
      demandMember(current, joined, context.self.person);
      await demandSuccessor(this.identities, conversation, current, joined);
      const group = enteredGroup(conversation, envelope, joined, this.context.now());
      step.batch.put("groups", key, group, { expect });
      this.#consume(step, keyPackage);
      step.row(envelope.seq, place, "applied");
      this.#announce(step, envelope, group, before, personOf(joined, envelope.device), broken);
      this.#enter(step, envelope, group, joined);
      this.#retire(step, before);
      await step.checkSeen(joined.seen, envelope.seq, envelope.time);
    } catch (error) {
      const code = this.#refusal(error);
      const elsewhere = code === "no_welcome";
      step.row(envelope.seq, place, elsewhere ? "elsewhere" : "refused", { code });
      if (code !== "known_group") {
        const lost = elsewhere ? null : code;
        const seen = [...(knownMembership(current) ?? [])];
        step.batch.put("groups", key, lostGroup(conversation, envelope, lost, seen), { expect });
        if (FOREIGN.has(code)) step.notice(envelope.seq, envelope.time, { kind: "log-mismatch" });
        step.notice(envelope.seq, envelope.time, { kind: "history-elsewhere" });
        conversation.standing = conversation.standing === "out" ? "out" : "waiting";
        if (before?.state || !elsewhere) conversation.awaySince ??= envelope.time;
        this.#retire(step, before);
      }
    }
    if (mail) step.batch.remove("mail", numbered(step.blind, mail.logSeq));
  }

  /** The code for which a Welcome is refused. Throws what judged nothing. */
  #refusal(error: unknown): string {
    const code = error instanceof JoinRefused ? error.code : cryptoCode(error);
    // A worker that died judged nothing: the Welcome is tried again after the next start.
    if (code === null || code === "engine_failed") throw error;
    this.context.journal.note("welcome", code);
    return code;
  }

  /** With the private half gone nobody who takes the device later can open this Welcome again (RFC 9420 §16.8). */
  #consume(step: Step, keyPackage: MadeKeyPackage): void {
    if (!keyPackage.lastResort) step.batch.remove("keyPackages", toHex(keyPackage.ref));
    else step.batch.put("notes", lastResortUsed(keyPackage.suite), { value: true });
  }

  /** This device is in: who else is, what the group is called, and what it has missed. */
  #enter(step: Step, { seq, time }: Envelope, group: GroupRecord, joined: Joined | null): void {
    const { conversation } = step;
    if (conversation.kind === "group") {
      conversation.persons = group.membership
        .filter(({ role }) => role !== "invited")
        .map(({ person }) => person);
      if (joined) step.setProfile(openProfile(joined.profile));
    }
    if (conversation.awaySince !== null) {
      step.forgetWaiting();
      step.notice(seq, conversation.awaySince, { kind: "gap", from: conversation.awaySince, to: time });
    }
    conversation.standing = "in";
    conversation.awaySince = null;
    conversation.server.left = false;
  }

  async #open(
    conversation: ConversationRecord,
    envelope: Envelope,
    mail: MailRecord,
    groupId: Uint8Array,
  ): Promise<{ joined: Joined; keyPackage: MadeKeyPackage }> {
    const { context, identities } = this;
    const stored = await context.store.get("keyPackages", toHex(mail.keyPackageRef));
    if (!stored) throw new JoinRefused("key_package_missing");
    const keyPackage = stored.value as MadeKeyPackage;
    const persons = new Set([context.self.person, ...conversation.persons]);
    const named = conversation.kind === "group" ? personsNamed([envelope.body]) : [];
    // Only names that somebody has: the bytes are the committer's, and may spell anything.
    for (const chain of await pooled(named, (person) => identities.tryFresh(person)))
      if (chain) persons.add(idText(chain.person));
    const expected = {
      conversation: idBytes(conversation.id),
      persons: conversation.kind === "direct" ? conversation.persons.map(idBytes) : [],
      groupId,
    };
    const input = {
      keys: context.self.keys,
      welcome: mail.welcome,
      keyPackage,
      expected,
      now: context.now(),
    };
    const asked = new Set<Id>();
    for (;;) {
      // The committer's device may be newer than what was fetched, and the notice of it lost: then once more.
      const roster = await this.#roster([...persons], envelope);
      try {
        const joined = await context.env.engine.join({ ...input, roster });
        // What the server calls a conversation decides who is told what in it: the group itself must say the same.
        if (joined.policy.kind !== conversation.kind) throw new JoinRefused("policy_refused");
        // Who signed, and not only somebody in the tree: the begin is judged and announced as this device's.
        if (!equal(joined.by.device, envelope.device)) throw new JoinRefused("committer");
        return { joined, keyPackage };
      } catch (error) {
        // Somebody who has left since still stands in the tree of an older Welcome; somebody known has a new device.
        const person = unlistedPerson(error);
        if (person === null || asked.has(person) || asked.size >= MAX_UNKNOWN) throw error;
        if ((await identities.tryRefresh(person)) === null) throw error;
        asked.add(person);
        persons.add(person);
      }
    }
  }

  async #roster(persons: readonly Id[], { device }: Envelope) {
    const mustKnow = [device];
    if (persons.length <= MAX_UNKNOWN) return this.identities.roster(persons, mustKnow);
    return this.identities.pinnedRoster(persons, mustKnow);
  }

  /** A successor keeps nothing of the group before: what was read is in the messages table. */
  #retire(step: Step, before: GroupRecord | null): void {
    if (before)
      step.batch.put("groups", numbered(step.blind, before.generation), {
        ...before,
        state: null,
        pending: null,
      });
  }

  /** The line that the conversation shows: begun, or why and by whom it goes on anew. */
  #announce(
    step: Step,
    { generation, seq, time }: Envelope,
    group: GroupRecord,
    before: GroupRecord | null,
    by: Id,
    broken: boolean,
  ): void {
    const { self } = this.context;
    const { kind } = step.conversation;
    if (kind === "self") return;
    if (kind === "group") {
      if (generation === 1) tellBegun(step, { seq, time, by, membership: group.membership });
      else step.notice(seq, time, { kind: "successor", by, reason: broken ? "broken" : "policy" });
      return;
    }
    if (generation === 1) {
      step.notice(seq, time, { kind: "begun" });
      return;
    }
    const known =
      before && before.devices.length > 0
        ? before.devices
        : group.devices.filter(({ device }) => device !== self.device);
    const newcomer = group.devices.find(({ device }) => !known.some((other) => other.device === device));
    const person: Id = newcomer?.person ?? self.person;
    step.notice(seq, time, { kind: "new-device", person, mine: person === self.person });
  }

  /** The group that a begin's policy names; null when its body cannot be read. */
  async #groupId(envelope: Envelope): Promise<Uint8Array | null> {
    try {
      return await groupIdOf(parseBeginBody(envelope.body).policy);
    } catch (error) {
      if (cryptoCode(error) === null) throw error;
      return null;
    }
  }

  async #group(blind: string, generation: number): Promise<Stored<GroupRecord> | null> {
    if (generation === 0) return null;
    return this.context.store.get("groups", numbered(blind, generation));
  }
}
