/** Who is what after a begin or a commit: the product's own judge, asked as a server asks it. */

import type { Id } from "../../src/core/api";
import { idBytes, idText } from "../../src/core/ids";
import type { MembershipEntry } from "../../src/crypto/api";
import { CryptoError } from "../../src/crypto/errors";
import { fixedMembership, judge, judgeBegin, type ListedDevice } from "../../src/crypto/membership";
import type { ServerDouble } from "./double";
import { type Leaves, type ReadCommit, refused, type Seat } from "./double-frames";
import type { DoubleOrder, Talk } from "./double-talk";

/** Throws `frame_refused` with the rule. */
export async function judgeCommitOf(
  server: ServerDouble,
  talk: Talk,
  committer: Id,
  commit: ReadCommit,
  orders: readonly DoubleOrder[],
): Promise<MembershipEntry[]> {
  const seats = [...talk.leaves];
  const leaves = await Promise.all(
    seats.map(async ([leaf, seat]) => ({ leaf, ...(await listed(server, seat)) })),
  );
  const gone = seats
    .map(([, seat]) => seat)
    .filter(({ person, device }) => !server.living(person).includes(device));
  return named(async () =>
    judge({
      kind: talk.kind,
      committer: idBytes(committer),
      before: membershipOf(talk),
      leaves,
      removed: commit.removed,
      added: await Promise.all(commit.added.map((seat) => listed(server, seat))),
      roles: commit.roles,
      orders,
      gone: gone.map(({ person, device }) => ({ person: idBytes(person), device: idBytes(device) })),
      bases: await server.bases(personsOf(talk, commit)),
    }),
  );
}

export async function judgeBeginOf(
  server: ServerDouble,
  talk: Talk,
  founder: Id,
  commit: ReadCommit,
  after: Leaves,
): Promise<MembershipEntry[]> {
  return named(async () =>
    judgeBegin({
      kind: talk.kind,
      committer: idBytes(founder),
      // The creator stands in the list from the start, but no group has said so yet.
      before: talk.kind === "group" && talk.generation === 0 ? [] : membershipOf(talk),
      tree: await Promise.all([...after.values()].map((seat) => listed(server, seat))),
      roles: commit.roles,
      bases: await server.bases(personsOf(talk, commit)),
    }),
  );
}

const membershipOf = (talk: Talk): MembershipEntry[] =>
  talk.kind === "group" ? talk.membership : fixedMembership(talk.persons.map(idBytes));

const personsOf = (talk: Talk, commit: ReadCommit): Set<Id> =>
  new Set([
    ...talk.participants.keys(),
    ...commit.added.map(({ person }) => person),
    ...commit.roles.map(({ person }) => idText(person)),
  ]);

async function listed(server: ServerDouble, { person, device }: Seat): Promise<ListedDevice> {
  const base = await server.baseOf(person, device);
  if (!base) throw refused("device_not_listed");
  return { person: idBytes(person), device: idBytes(device), base };
}

async function named(judging: () => Promise<MembershipEntry[]>): Promise<MembershipEntry[]> {
  try {
    return await judging();
  } catch (error) {
    if (error instanceof CryptoError) throw refused(String(error.detail["rule"] ?? error.code));
    throw error;
  }
}
