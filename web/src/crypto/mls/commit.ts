/** A commit of this device: who comes, who goes, who becomes what; empty, it heals. */

import type { Extension, ProposalAdd, ProposalRemove } from "ts-mls";
import type { MembershipEntry, RoleChange, Seen, Standing, Uuid, VerifiedOrder } from "../api";
import { encodeAuthenticatedData, sortedRoles } from "../authenticated-data";
import { compare, equal, uuidText } from "../bytes";
import { CryptoError, demand } from "../errors";
import { encodeGroupInfoExtension, GROUP_INFO_EXTENSION } from "../group-info";
import { encodePolicy } from "../policy";
import { demandAddable } from "./adding";
import { ciphersuite, encodeMessage, guarded } from "./library";
import { makeCommit } from "./make-commit";
import { MAX_HANDSHAKE, type Profile } from "./profile";
import type { Roster } from "./roster";
import { judgeChange, profileFor } from "./standing";
import type { Group } from "./state";
import { demandSoundGroup, membersOf } from "./tree";

export interface CommitInput {
  add: { person: Uuid; device: Uuid; keyPackage: Uint8Array }[];
  remove: Uuid[];
  roles: RoleChange[];
  orders: VerifiedOrder[];
  standing: Standing | undefined;
  seen: Seen;
  profile: Uint8Array;
  now: number;
}

export interface Committed {
  group: Group;
  commit: Uint8Array;
  welcome: Uint8Array | null;
  /** The epoch that the commit is made in. */
  epoch: number;
  membership: MembershipEntry[];
}

/**
 * The rules of membership are asked before anything is made; who stays and who comes must be listed and living, for what
 * is encrypted here is encrypted to all of them.
 *
 * A commit that only adds has no path: it makes the newcomers no safer, and sealing path secrets to each leaf of a young
 * tree would cost every member 83 kB and the committer two seconds in a group of 1,000. A leaf is renewed by the commits that
 * heal, at the latest after seven days. Everything else has one (RFC 9420 §12.4): without it a removed member would read
 * the next epoch.
 *
 * @throws CryptoError `removed`, `remove_refused`, `membership_refused`, `orders_unknown`, `device_*`,
 *   `key_package_refused`, `person_not_in_conversation`, `group_too_large`.
 */
export async function commit(
  group: Group,
  input: CommitInput,
  roster: Roster,
  profile: Profile,
): Promise<Committed> {
  const { policy, state } = group;
  demand(state.groupActiveState.kind === "active", "removed");
  const members = membersOf(state.ratchetTree);
  const committer = members.find(({ leaf }) => leaf === state.privatePath.leafIndex);
  if (committer === undefined) throw new CryptoError("state_malformed");
  const removed = input.remove.map((device) => {
    const member = members.find((one) => equal(one.device, device));
    if (member === undefined || member === committer)
      throw new CryptoError("remove_refused", { device: uuidText(device) });
    return member;
  });
  demand(new Set(removed).size === removed.length, "remove_refused");
  const packages = input.add.map((one) => demandAddable(policy, one, roster, input.now, profile));
  const orderHashes = input.orders.map(({ hash }) => hash).sort(compare);
  const expired = input.orders.some(({ expiresAt }) => expiresAt <= input.now);
  demand(!expired, "membership_refused", { rule: "orders" });
  const roles = sortedRoles(input.roles);
  const added = packages.map(({ leafNode: { signaturePublicKey } }, i) => {
    const { person, device } = input.add[i] ?? committer;
    return { person, device, signatureKey: signaturePublicKey };
  });
  const change = { committer, members, removed, added, roles, orderHashes };
  const { membership } = judgeChange(policy, change, roster, input.standing, input.now);

  const removes = removed.map(({ leaf }): ProposalRemove => ({
    proposalType: "remove",
    remove: { removed: leaf },
  }));
  const adds = packages.map((keyPackage): ProposalAdd => ({ proposalType: "add", add: { keyPackage } }));
  const { seen } = input;
  const forNewcomers = (): Extension => ({
    extensionType: GROUP_INFO_EXTENSION,
    extensionData: encodeGroupInfoExtension({
      policy: encodePolicy(policy),
      seen,
      profile: profileFor(policy, input.profile, membership),
    }),
  });
  const options = {
    authenticatedData: encodeAuthenticatedData({ seen, frankingTag: new Uint8Array(), orderHashes, roles }),
    path: adds.length === 0 || removes.length > 0,
    groupInfoExtensions: adds.length === 0 ? [] : [forNewcomers()],
  };
  const impl = await ciphersuite(policy.suite);
  // Only a KeyPackage comes from outside; with none, a failure is ours.
  const made = await guarded(adds.length > 0 ? "key_package_refused" : "engine_failed", () =>
    makeCommit(state, [...removes, ...adds], options, impl),
  );
  const next = demandSoundGroup(made.state, policy, roster, profile);
  roster.demandAllLiving(next, input.now);
  const frame = encodeMessage(made.commit);
  const welcome =
    made.welcome && encodeMessage({ version: "mls10", wireformat: "mls_welcome", welcome: made.welcome });
  demand(frame.length <= MAX_HANDSHAKE && (welcome?.length ?? 0) <= MAX_HANDSHAKE, "group_too_large");
  return {
    group: { policy, state: made.state },
    commit: frame,
    welcome,
    epoch: Number(state.groupContext.epoch),
    membership,
  };
}
