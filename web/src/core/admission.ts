import type { Joined, MembershipEntry, Processed } from "../crypto/api";
import { compare, equal, toHex } from "../crypto/bytes";
import { judgeBegin } from "../crypto/membership";
import type { ConversationRecord, GroupRecord, MembershipRecord } from "../store";
import type { Envelope } from "../wire/frames";
import type { Id } from "./api";
import type { Context } from "./context";
import { type Identities, rosterOf } from "./identities";
import { idText } from "./ids";
import { hasAsked } from "./leaves";
import { basesOf, toEntry } from "./standing";

/**
 * Whose Welcome a device takes that knows the group already.
 *
 * A newcomer can only believe the member who lets it in. A device that stood in the tree knows more: who is in, as what,
 * and which generation is in force. Without asking for that, a server together with anybody whom the directory lists
 * could begin a generation with everybody's KeyPackages, or spell a tree under the name of the group in force, and all
 * would go on speaking among strangers.
 */

/** A Welcome that is refused for good; the log goes on without this group. */
export class JoinRefused extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

/** Refusals of a successor that say: it is not made by this group's members, as they are. */
export const FOREIGN: ReadonlySet<string> = new Set(["committer", "stranger", "membership_refused"]);

/**
 * The last group that this device knows of: of the generation in force, or of one before where what began since was
 * passed over without being read.
 */
export async function lastKnown(
  { store }: Context,
  blind: string,
  generation: number,
): Promise<GroupRecord | null> {
  const rows = (await store.all("groups", `${blind}/`)).map(({ value }) => value);
  const known = rows
    .filter((row) => row.generation <= generation)
    .sort((a, b) => a.generation - b.generation);
  return known.at(-1) ?? null;
}

/**
 * Who is in, as far as this device has seen it itself: by the tree that it stands in, or stood in until a generation began
 * that it could not take. Null for whoever is new, and after a commit that took this device out: what was done since
 * then, nobody here has seen.
 */
export function knownMembership(group: GroupRecord | null): readonly MembershipRecord[] | null {
  if (!group || group.membership.length === 0) return null;
  return group.state !== null || group.groupId === null ? group.membership : null;
}

/** The generation in force does not give way to one of before, nor to one whose begin was never shown. */
export function demandInForce(
  { generation }: Pick<ConversationRecord, "generation">,
  current: GroupRecord | null,
  envelope: Envelope,
): void {
  const follows = envelope.generation > generation && !current?.state;
  if (envelope.generation !== generation && !follows) throw new JoinRefused("generation");
}

/** A Welcome into a known group is taken only when it was asked for, and never back into an epoch of before. */
export function demandAsked(
  conversation: ConversationRecord,
  before: GroupRecord | null,
  { generation, epoch }: Envelope,
  now: number,
): void {
  if (!before) return;
  const asked = hasAsked(conversation, now) && conversation.rejoin?.generation === generation;
  if (before.state && !asked) throw new JoinRefused("known_group");
  if (epoch + 1 <= before.epoch) throw new JoinRefused("epoch_old");
}

/** A commit as this device judged it by the tree that it stood in. */
export type JudgedCommit = Extract<Processed, { kind: "commit" }>;

/** The Welcome must come from who made the commit, into its epoch, and name the membership that it made. */
export function demandAsJudged(joined: Joined, judged: JudgedCommit, isGroup: boolean): void {
  if (!equal(joined.by.person, judged.committer.person)) throw new JoinRefused("stranger");
  if (joined.epoch !== judged.epoch) throw new JoinRefused("epoch");
  if (isGroup && !sameMembership(joined.membership, judged.membership))
    throw new JoinRefused("membership_refused");
}

/**
 * Who signed the Welcome's group info is a member by what is known here, or another device of this person. Of
 * conversations that are no groups, the policy says whose they are for good, and no membership is kept.
 */
export function demandMember(current: GroupRecord | null, { by }: Joined, self: Id): void {
  const known = knownMembership(current);
  const person = idText(by.person);
  const member = known?.some((entry) => entry.person === person && entry.role !== "invited");
  if (known && person !== self && !member) throw new JoinRefused("stranger");
}

/**
 * A successor is judged as the server judges it (`judgeBegin`), by the membership that this device knows. Not after a
 * commit that it could not take, or in a group that is frozen: then its founder may go on from the membership before that
 * commit or after it, and only that it comes from a member is demanded (`demandMember`).
 *
 * @throws JoinRefused, CryptoError `membership_refused`, `TransportError`.
 */
export async function demandSuccessor(
  identities: Identities,
  { server }: Pick<ConversationRecord, "server">,
  before: GroupRecord | null,
  joined: Joined,
): Promise<void> {
  if (!before?.state || before.membership.length === 0) return;
  if (before.broken !== null || server.frozenSeq !== null) return;
  const { members } = joined;
  const persons = new Set(members.map(({ person }) => toHex(person)));
  const chains = await identities.pinnedChains(
    [...new Set(members.map(({ person }) => idText(person)))],
    members.map(({ device }) => device),
  );
  const listed = new Map(
    rosterOf(chains).map((entry) => [`${toHex(entry.person)}/${toHex(entry.device)}`, entry]),
  );
  const tree = members.map(({ person, device }) => {
    const entry = listed.get(`${toHex(person)}/${toHex(device)}`);
    if (!entry) throw new JoinRefused("device_not_listed");
    return { person, device, base: entry.base };
  });
  const after = judgeBegin({
    kind: "group",
    committer: joined.by.person,
    before: before.membership.map(toEntry),
    tree,
    // One spelling: a begin names who is no plain member with a device, and nobody else.
    roles: joined.membership.filter(({ person, role }) => role !== "member" || !persons.has(toHex(person))),
    bases: basesOf(chains),
  });
  if (!sameMembership(joined.membership, after)) throw new JoinRefused("membership_refused");
}

function sameMembership(a: readonly MembershipEntry[], b: readonly MembershipEntry[]): boolean {
  const [ours, theirs] = [a, b].map((side) => [...side].sort((x, y) => compare(x.person, y.person)));
  return (
    ours?.length === theirs?.length &&
    !!ours?.every((entry, i) => {
      const one = theirs?.[i];
      return (
        one !== undefined &&
        equal(one.person, entry.person) &&
        one.role === entry.role &&
        equal(one.base, entry.base)
      );
    })
  );
}
