import type { MembershipEntry, PersonBase, RosterDevice, Standing } from "../crypto/api";
import type { Chain } from "../crypto/chain";
import { type ConversationRecord, type GroupRecord, type MembershipRecord, numbered } from "../store";
import { TransportError } from "../transport";
import { AppError, type Id } from "./api";
import type { Context } from "./context";
import { type Identities, rosterOf } from "./identities";
import { idBytes, idText } from "./ids";
import { pooled } from "./lanes";
import type { KnownOrder } from "./orders";
import { Step } from "./step";

/** What the engine judges a commit by: who may stand in the tree, who is what, and which orders hold. */
export interface Judging {
  roster: RosterDevice[];
  standing: Standing;
}

export const toEntry = ({ person, role, base }: MembershipRecord): MembershipEntry => ({
  person: idBytes(person),
  role,
  base,
});

export const fromEntry = ({ person, role, base }: MembershipEntry): MembershipRecord => ({
  person: idText(person),
  role,
  base: base.slice(),
});

/** Persons who speak in the conversation: of a group by its map, otherwise those whom the conversation was opened with. */
export function speakers(
  record: Pick<ConversationRecord, "kind" | "persons">,
  group: Pick<GroupRecord, "membership"> | null,
): Id[] {
  if (record.kind !== "group" || !group || group.membership.length === 0) return [...record.persons];
  return group.membership.filter(({ role }) => role !== "invited").map(({ person }) => person);
}

/**
 * Reads whom the commits in `bodies` name. Every device that a commit adds stands in it as `person/device` in ASCII
 * (RFC 9420 §5.3, `mls/credential.ts`). What is found only says whose chains to fetch before the engine judges the
 * commit; a hostile body can ask for no more than `MAX_NAMED` of them.
 */
export const personsNamed = (bodies: readonly Uint8Array[]): Id[] => [
  ...new Set(named(bodies).map(([person]) => person)),
];

/** The devices of the same credentials. */
export const devicesNamed = (bodies: readonly Uint8Array[]): Id[] => [
  ...new Set(named(bodies).map(([, device]) => device)),
];

function named(bodies: readonly Uint8Array[]): [person: Id, device: Id][] {
  const found: [Id, Id][] = [];
  for (const body of bodies) {
    for (
      let at = body.indexOf(SLASH);
      at !== -1 && found.length < MAX_NAMED;
      at = body.indexOf(SLASH, at + 1)
    ) {
      // A text is made only where one may stand: a body may be slashes and nothing else.
      if (DASHES.some((dash) => body[at + dash] !== DASH)) continue;
      const text = String.fromCharCode(...body.subarray(Math.max(0, at - 36), at + 37));
      const [, person, device] = IDENTITY.exec(text) ?? [];
      if (person !== undefined && device !== undefined) found.push([person, device]);
    }
  }
  return found;
}

const SLASH = 0x2f;
const DASH = 0x2d;
/** Where the dashes of both UUIDs stand, from the slash between them. */
const DASHES = [-28, -23, -18, -13, 9, 14, 19, 24];
const UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const IDENTITY = new RegExp(`^(${UUID})/(${UUID})$`);
const MAX_NAMED = 1_000;

/** What reading needs, from what is pinned. `mustKnow`: devices that some chain must list. */
export async function judgingToRead(
  identities: Identities,
  input: {
    record: ConversationRecord;
    group: GroupRecord;
    named: readonly Id[];
    mustKnow: readonly Uint8Array[];
    orders: readonly KnownOrder[];
    /** Ask the server for every chain again: something did not fit what is pinned. */
    again?: boolean;
  },
): Promise<Judging> {
  const { record, group, named, mustKnow, orders, again } = input;
  const inTree = group.devices.map(({ person }) => person);
  const persons = [...new Set([...speakers(record, group), ...inTree, ...named])];
  const told = new Set(named);
  const ask = (person: Id) =>
    told.has(person) ? identities.tryRefresh(person) : identities.tryFresh(person);
  const chains = again
    ? (await pooled(persons, ask)).filter((one) => one !== null)
    : await identities.pinnedChains(persons, mustKnow);
  return judging(chains, group, orders);
}

/** Every base of these persons, oldest first. */
export const basesOf = (chains: readonly Chain[]): PersonBase[] =>
  chains.flatMap(({ person, bases }) => bases.map((base) => ({ person, base })));

export function judging(
  chains: readonly Chain[],
  group: Pick<GroupRecord, "membership">,
  orders: readonly KnownOrder[],
): Judging {
  return {
    roster: rosterOf(chains),
    standing: {
      membership: group.membership.map(toEntry),
      bases: basesOf(chains),
      orders: orders.map(({ order }) => order),
    },
  };
}

/** The chain of somebody who may have no device yet; null then. Throws `AppError`, `TransportError`. */
export async function chainIfAny(identities: Identities, person: Id): Promise<Chain | null> {
  try {
    return await identities.fresh(person);
  } catch (error) {
    const none =
      (error instanceof AppError && error.message === "chain_empty") ||
      (error instanceof TransportError && error.code === "not_found");
    if (none) return null;
    throw error;
  }
}

/**
 * The server says that this person is out, and no commit in the log shows it here: the last ones to leave are out without a
 * commit, and an order may not be told to those who are gone. Nothing is sent or read any more. Under the conversation's lane.
 */
export async function putOut(context: Context, conversation: Id, left: boolean): Promise<void> {
  const { store } = context;
  const blind = await store.conversation(conversation);
  const stored = await store.get("conversations", blind);
  if (!stored || stored.value.standing === "out") return;
  const step = new Step(context, stored);
  const key = numbered(blind, stored.value.generation);
  const group = await store.get("groups", key);
  if (group) {
    // As after a commit that says so: this device sees nothing of the group until it is let in again.
    const membership = group.value.membership.filter(({ person }) => person !== context.self.person);
    const gone = { ...group.value, state: null, pending: null, membership };
    step.batch.put("groups", key, gone, { expect: group.revision });
  }
  step.conversation.standing = "out";
  step.conversation.awaySince ??= context.now();
  step.notice(
    stored.value.cursor,
    context.now(),
    left ? { kind: "you-left" } : { kind: "you-removed", by: null },
  );
  await step.commit();
}

/**
 * Since when a group ends here with a commit that could not be used, as seen at `seq`, which leads out of it; null for one
 * that does not, or where nothing stands between the two.
 */
export async function brokenSince(
  { store }: Context,
  blind: string,
  group: Pick<GroupRecord, "broken"> | null,
  seq: number,
): Promise<number | null> {
  if (!group?.broken || group.broken.seq + 1 >= seq) return null;
  return (await store.get("raw", numbered(blind, group.broken.seq)))?.value.time ?? null;
}

/**
 * The commit at `seq` that could not be used is not in the server's log: whoever showed it here lied. The group is as
 * it was before, and people are told. Under the conversation's lane.
 */
export async function unbreak(context: Context, conversation: Id, seq: number): Promise<void> {
  const { store } = context;
  const blind = await store.conversation(conversation);
  const stored = await store.get("conversations", blind);
  if (!stored) return;
  const key = numbered(blind, stored.value.generation);
  const group = await store.get("groups", key);
  if (group?.value.broken?.seq !== seq) return;
  context.journal.note("commit", "not in the log");
  const step = new Step(context, stored);
  // It had seemed to end the epoch.
  step.conversation.server.epoch = group.value.epoch;
  step.batch.put("groups", key, { ...group.value, broken: null }, { expect: group.revision });
  step.notice(seq, context.now(), { kind: "log-mismatch" });
  await step.commit();
}
