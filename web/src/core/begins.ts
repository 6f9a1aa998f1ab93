import type { GroupPolicy, RoleChange, Suite } from "../crypto/api";
import { encodeBeginBody } from "../crypto/begin-body";
import { compare, sha256 } from "../crypto/bytes";
import type { Chain } from "../crypto/chain";
import { fixedMembership } from "../crypto/membership";
import { CLASSICAL, HYBRID } from "../crypto/policy";
import { Batch, type GroupDevice, type GroupRecord, numbered, type PendingCommit } from "../store";
import { TransportError } from "../transport";
import { AppError, type Id } from "./api";
import { type Addition, Claims } from "./claims";
import type { Context } from "./context";
import { type Identities, listsDevice, rosterOf } from "./identities";
import { idBytes, idText } from "./ids";
import { pooled } from "./lanes";
import { NO_CHANGE, type Pendings, readView } from "./pending";
import { livingDevices } from "./plan";
import { profileBytes } from "./profiles";
import { chainIfAny, fromEntry, toEntry } from "./standing";

const ZEROS_16 = new Uint8Array(16);
const ZEROS_32 = new Uint8Array(32);

/** A group is begun hybrid up to this many devices; more make it a large, classical one. */
export const HYBRID_AT_FIRST = 100;

/** Refusals of a begin that say: somebody else was first. The log brings what they began. */
const LOST_RACE: ReadonlySet<string> = new Set([
  "generation_conflict",
  "epoch_conflict",
  "successor_not_allowed",
  "counter_gap",
]);

/** How the new generation is to be. */
export interface Shape {
  suite: Suite;
  sizeClass: GroupPolicy["sizeClass"];
}

export const NORMAL: Shape = { suite: HYBRID, sizeClass: "normal" };
export const LARGE: Shape = { suite: CLASSICAL, sizeClass: "large" };

/** Who is to be in, from their chains. */
export interface Founding {
  /** Everybody's devices but this one. */
  devices: GroupDevice[];
  /** Each person must have a device that can be added, or nothing begins: nobody is left out of a direct conversation. */
  complete: boolean;
  chains: readonly Chain[];
  /** The shape, once it is known how many devices there are. */
  shape: Shape;
  /** Role of each person where the tree does not tell (`crypto/membership.ts`, judgeBegin). */
  roles: (present: ReadonlySet<Id>) => RoleChange[];
  before: GroupRecord["membership"];
  /** Most devices in the begin; the rest is added by commits. */
  most?: number;
}

/** Begins generations: the first of a conversation, and successors. The life of a begin is that of `Pendings`. */
export class Begins {
  constructor(
    private readonly context: Context,
    private readonly identities: Identities,
    private readonly pendings: Pendings,
  ) {}

  /**
   * Makes and sends the next generation. True when it is in force, whoever began it; false when it cannot be made now
   * (somebody has no KeyPackage, or the log has moved on). Throws `AppError`, `CryptoError`, `TransportError`.
   */
  async begin(conversation: Id, founding: () => Promise<Founding | null>): Promise<boolean> {
    return this.context.senders.run(conversation, async () => {
      const { record } = await readView(this.context, conversation);
      let first = true;
      for (;;) {
        const settled = await this.pendings.settle(conversation);
        if ((await readView(this.context, conversation)).record.generation > record.generation) return true;
        if (settled.kind === "lost" && settled.code !== null && !LOST_RACE.has(settled.code)) {
          if (!first) throw new TransportError(settled.code);
          // A device may have come or gone between claiming and beginning: once more, with chains as they are now.
          first = false;
          for (const person of record.persons) this.identities.markStale(person);
        } else if (settled.kind !== "nothing") {
          return false;
        }
        if (!(await this.#make(conversation, record.generation, founding))) return false;
      }
    });
  }

  /** All living devices of the conversation's persons; null while one of them has none at all. */
  async everyone(conversation: Id): Promise<Founding | null> {
    const { context, identities } = this;
    const { record } = await readView(context, conversation);
    const chains: Chain[] = [];
    const devices: GroupDevice[] = [];
    for (const person of record.persons) {
      const chain = await identities.fresh(person);
      chains.push(chain);
      const own = person === context.self.person;
      if (own && !listsDevice(chain, context.self.device)) throw new AppError("device_revoked");
      const living = livingDevices(chain, context.now());
      if (living.length === 0 && !own) return null;
      for (const device of living) if (device !== context.self.device) devices.push({ person, device });
    }
    await this.#demandListed(chains);
    return { devices, complete: true, chains, shape: NORMAL, roles: () => [], before: [] };
  }

  /** What everybody is shown; a device that is not in the key log yet is a moment later. */
  async #demandListed(chains: readonly Chain[]): Promise<void> {
    await this.context.keyLog.demand(chains, (person) => this.identities.refresh(person));
  }

  /** The first generation of a group: its maker is the admin, persons without a device are invited. */
  async newGroup(persons: readonly Id[], most: number): Promise<Founding> {
    const { context, identities } = this;
    const chains = await pooled([context.self.person, ...persons], (person) =>
      chainIfAny(identities, person),
    );
    const found = chains.filter((chain) => chain !== null);
    await this.#demandListed(found);
    const devices = found.flatMap((chain) => {
      const person = idText(chain.person);
      const living = livingDevices(chain, context.now());
      return living.flatMap((device) => (device === context.self.device ? [] : [{ person, device }]));
    });
    const listing = new Set(devices.map(({ person }) => person));
    const self = context.self.person;
    return {
      devices,
      complete: false,
      chains: found,
      shape: devices.length + 1 > HYBRID_AT_FIRST ? LARGE : NORMAL,
      // Who has a device but does not fit into the begin is added right after it, not invited.
      roles: (present) => [
        { person: idBytes(self), role: "admin" },
        ...persons
          .filter((person) => !present.has(person) && !listing.has(person))
          .map((person): RoleChange => ({ person: idBytes(person), role: "invited" })),
      ],
      before: [],
      most,
    };
  }

  /** A successor of a group: the same persons, as far as they have devices (of a broken group: devices in its tree). */
  async successor(group: GroupRecord, shape: Shape, broken: boolean): Promise<Founding> {
    const { context, identities } = this;
    const { membership } = group;
    const persons = membership.filter(({ role }) => role !== "invited").map(({ person }) => person);
    const chains = await identities.pinnedChains(persons);
    await pooled(persons.length <= 50 ? persons : [context.self.person], (person) =>
      identities.tryFresh(person),
    );
    await this.#demandListed(chains);
    const inTree = new Set(group.devices.map(({ device }) => device));
    const devices = chains.flatMap((chain) => {
      const person = idText(chain.person);
      const member = membership.find((entry) => entry.person === person);
      const { bases } = chain;
      // After a reset an admin must take the person back in, knowingly.
      const same = member !== undefined && bases.at(-1)?.every((byte, i) => byte === member.base[i]) === true;
      const living = livingDevices(chain, context.now(), true).filter(
        (device) => !broken || inTree.has(device),
      );
      return same
        ? living.filter((device) => device !== context.self.device).map((device) => ({ person, device }))
        : [];
    });
    return {
      devices,
      complete: false,
      chains,
      shape,
      roles: (present) =>
        membership
          .filter(({ person, role }) => role === "admin" || role === "invited" || !present.has(person))
          .map(({ person, role }) => ({ person: idBytes(person), role })),
      before: membership,
    };
  }

  async #make(conversation: Id, after: number, founding: () => Promise<Founding | null>): Promise<boolean> {
    const who = await founding();
    if (!who) return false;
    const wanted = who.devices.slice(0, who.most);
    const add = await new Claims(this.context, conversation).of(wanted, who.shape.suite);
    // Other devices follow by commits; a person may not be left out.
    const present = new Set(add.map(({ person }) => idText(person)));
    const others = wanted.filter(({ person }) => person !== this.context.self.person);
    if (who.complete && !others.every(({ person }) => present.has(person))) return false;
    return this.context.lanes.run(conversation, () => this.#keep(conversation, after, who, add));
  }

  async #keep(conversation: Id, after: number, who: Founding, add: Addition[]): Promise<boolean> {
    const { context } = this;
    const { record, group, blind } = await readView(context, conversation);
    if (record.generation !== after) return false;
    const isGroup = record.kind === "group";
    const roster = rosterOf(who.chains);
    const bases = who.chains.flatMap(({ person, bases: all }) => all.map((base) => ({ person, base })));
    const present = new Set([context.self.person, ...add.map(({ person }) => idText(person))]);
    const roles = isGroup ? who.roles(present) : [];
    const before = isGroup ? who.before.map(toEntry) : fixedMembership(record.persons.map(idBytes));
    const begun = await context.env.engine.begin({
      keys: context.self.keys,
      policy: {
        conversation: idBytes(conversation),
        kind: record.kind,
        persons: record.kind === "direct" ? record.persons.map(idBytes).sort(compare) : [],
        ...who.shape,
        retentionClass: 0,
        ministry: ZEROS_16,
        registry: ZEROS_32,
        predecessor: group?.groupId ?? record.server.groupId ?? ZEROS_32,
      },
      add,
      roster,
      seen: {
        seq: record.cursor,
        transcript: record.transcript,
        ...(await context.keyLog.gossip()),
      },
      profile: isGroup ? await profileBytes(context, conversation) : new Uint8Array(),
      now: context.now(),
      roles,
      standing: { membership: before, bases, orders: [] },
    });
    const pending: PendingCommit = {
      kind: "begin",
      state: begun.pendingState,
      bodyHash: await sha256(encodeBeginBody({ policy: begun.policy, commit: begun.commit })),
      counter: (await this.pendings.lastCounter(record, blind)) + 1,
      epoch: 0,
      policy: begun.policy,
      commit: begun.commit,
      welcome: begun.welcome,
      groupId: begun.groupId,
      membership: isGroup ? begun.membership.map(fromEntry) : [],
      change: NO_CHANGE,
    };
    const made: GroupRecord = {
      conversation,
      generation: after + 1,
      groupId: begun.groupId,
      epoch: 0,
      state: null,
      pending,
      devices: [],
      membership: [],
      suite: who.shape.suite,
      sizeClass: who.shape.sizeClass,
      founder: context.self.device,
      createdHere: true,
      renewedAt: context.now(),
      healed: true,
      lost: null,
      broken: null,
      executed: [],
    };
    const key = numbered(blind, after + 1);
    await context.store.commit(new Batch().put("groups", key, made, { expect: 0 }), { fence: context.fence });
    return true;
  }
}
