import { type BeginBody, parseBeginBody } from "../crypto/begin-body";
import type { Joined, MadeKeyPackage, Member } from "../crypto/api";
import { equal, toHex } from "../crypto/bytes";
import { groupIdOf } from "../crypto/policy";
import { type ConversationRecord, type GroupRecord, type MailRecord, numbered } from "../store";
import type { Envelope } from "../wire/frames";
import type { Id } from "./api";
import type { Context } from "./context";
import { cryptoCode, RolledBack } from "./errors";
import { idBytes, idText } from "./ids";
import type { Identities } from "./identities";
import type { Mailbox } from "./mailbox";
import type { Place, Step } from "./step";

/** A Welcome that is refused for good; the log goes on without this generation. */
class JoinRefused extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

type Device = GroupRecord["devices"][number];

const devicesOf = (members: readonly Member[]): Device[] =>
  members.map((member) => ({ person: idText(member.person), device: idText(member.device) }));

/** How a group comes into force on this device: by its own pending begin, or by a Welcome out of the mailbox. */
export class Joins {
  constructor(
    private readonly context: Context,
    private readonly identities: Identities,
    private readonly mailbox: Mailbox,
  ) {}

  /** Applies an envelope of kind begin. Under the conversation's lane. */
  async apply(step: Step, envelope: Envelope): Promise<void> {
    const own = this.context.isOwnDevice(envelope.device);
    const welcome = own ? undefined : await this.mailbox.welcomeFor(step.blind, envelope);
    const before = await this.#group(step.blind, step.conversation.generation);
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
    if (own) await this.#adopt(step, envelope, place, before);
    else await this.#join(step, envelope, place, welcome, before);
    conversation.generation = Math.max(conversation.generation, envelope.generation);
    if (conversation.server.generation <= envelope.generation) {
      // A group that has begun has only living leaves; the server blocks it again when that changes.
      const groupId = await this.#groupId(envelope);
      const { generation } = envelope;
      conversation.server = { ...conversation.server, generation, epoch: 1, groupId, blocked: false };
    }
  }

  /** The pending begin that this very envelope is made of comes into force. */
  async #adopt(step: Step, envelope: Envelope, place: Place, before: GroupRecord | null): Promise<void> {
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
      createdHere: true,
      renewedAt: context.now(),
      healed: true,
    };
    step.batch.put("groups", key, group, { expect: stored.revision });
    step.row(envelope.seq, place, "own");
    this.#announce(step, envelope, group.devices, before);
    this.#retire(step, before);
  }

  async #join(
    step: Step,
    envelope: Envelope,
    place: Place,
    mail: MailRecord | undefined,
    before: GroupRecord | null,
  ): Promise<void> {
    const { context } = this;
    const key = numbered(step.blind, envelope.generation);
    const present = await context.store.get("groups", key);
    // Another began this generation: what we had pending for it can never be adopted.
    const expect = present?.revision ?? 0;
    try {
      if (!mail) throw new JoinRefused("no_welcome");
      if (present?.value.state) throw new JoinRefused("known_group");
      const { joined, keyPackage } = await this.#open(step.conversation, envelope, mail, before);
      const group: GroupRecord = {
        conversation: step.conversation.id,
        generation: envelope.generation,
        groupId: joined.groupId,
        epoch: joined.epoch,
        state: joined.state,
        pending: null,
        devices: devicesOf(joined.members),
        membership: [],
        suite: joined.policy.suite,
        sizeClass: joined.policy.sizeClass,
        founder: idText(envelope.device),
        createdHere: false,
        renewedAt: context.now(),
        healed: false,
        lost: null,
        broken: null,
      };
      step.batch.put("groups", key, group, { expect });
      // With the private half gone nobody who takes the device later can open this Welcome again (RFC 9420 §16.8).
      if (!keyPackage.lastResort) step.batch.remove("keyPackages", toHex(keyPackage.ref));
      else step.batch.put("notes", "last-resort-used", { value: true });
      step.row(envelope.seq, place, "applied");
      this.#announce(step, envelope, group.devices, before);
      this.#retire(step, before);
      await step.checkSeen(joined.seen, envelope.seq, envelope.time);
    } catch (error) {
      const code = error instanceof JoinRefused ? error.code : cryptoCode(error);
      // A worker that died judged nothing: the Welcome is tried again after the next start.
      if (code === null || code === "engine_failed") throw error;
      context.journal.note("welcome", code);
      const elsewhere = code === "no_welcome";
      step.row(envelope.seq, place, elsewhere ? "elsewhere" : "refused", { code });
      if (code !== "known_group") {
        const lost: GroupRecord = {
          conversation: step.conversation.id,
          generation: envelope.generation,
          groupId: null,
          epoch: 0,
          state: null,
          pending: null,
          devices: [],
          membership: [],
          suite: 0,
          sizeClass: "normal",
          founder: idText(envelope.device),
          createdHere: false,
          renewedAt: 0,
          healed: true,
          lost: elsewhere ? null : code,
          broken: null,
        };
        step.batch.put("groups", key, lost, { expect });
        step.notice(envelope.seq, envelope.time, { kind: "history-elsewhere" });
        this.#retire(step, before);
      }
    }
    if (mail) step.batch.remove("mail", numbered(step.blind, mail.logSeq));
  }

  async #open(
    conversation: ConversationRecord,
    envelope: Envelope,
    mail: MailRecord,
    before: GroupRecord | null,
  ): Promise<{ joined: Joined; keyPackage: MadeKeyPackage }> {
    const { context } = this;
    const stored = await context.store.get("keyPackages", toHex(mail.keyPackageRef));
    if (!stored) throw new JoinRefused("key_package_missing");
    const keyPackage = stored.value as MadeKeyPackage;
    const body: BeginBody = parseBeginBody(envelope.body);
    const joined = await context.env.engine.join({
      keys: context.self.keys,
      welcome: mail.welcome,
      keyPackage,
      expected: {
        conversation: idBytes(conversation.id),
        persons: conversation.persons.map(idBytes),
        groupId: await groupIdOf(body.policy),
      },
      // The committer's device may be newer than what was fetched, and the notice of it lost: then once more.
      roster: await this.identities.roster(conversation.persons, [envelope.device]),
      now: context.now(),
    });
    if (!joined.members.some((member) => equal(member.device, envelope.device)))
      throw new JoinRefused("committer");
    const predecessor = before?.groupId ?? null;
    if (predecessor && !equal(joined.policy.predecessor, predecessor)) throw new JoinRefused("predecessor");
    return { joined, keyPackage };
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

  /** The line that the conversation shows: begun, or who came with a new device. */
  #announce(step: Step, envelope: Envelope, now: readonly Device[], before: GroupRecord | null): void {
    const { self } = this.context;
    if (envelope.generation === 1) {
      step.notice(envelope.seq, envelope.time, { kind: "begun" });
      return;
    }
    const known =
      before && before.devices.length > 0
        ? before.devices
        : now.filter(({ device }) => device !== self.device);
    const newcomer = now.find(({ device }) => !known.some((other) => other.device === device));
    const person: Id = newcomer?.person ?? self.person;
    step.notice(envelope.seq, envelope.time, { kind: "new-device", person, mine: person === self.person });
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

  async #group(blind: string, generation: number): Promise<GroupRecord | null> {
    if (generation === 0) return null;
    return (await this.context.store.get("groups", numbered(blind, generation)))?.value ?? null;
  }
}
