/**
 * Who is in a conversation, as what, and which begin or commit may change it: the rules of `messaging/membership.py`,
 * on the same vectors. The module there says what each is for; the order of the checks is the same, so that a commit
 * that breaks several rules is refused with the same one.
 *
 * They decide by nothing but their arguments, and a client that comes back after a month must judge as those did who
 * were there. Hence: a device's base (the statement 1 or reset under which it was listed) never changes; `gone` holds
 * what a person's own chain says is out (revoked, or expired at the server's time of the commit); and a device is
 * always named with its person, for somebody else could list the same id.
 */

import type {
  GroupPolicy,
  MembershipEntry,
  MemberRole,
  PersonBase,
  RoleChange,
  Uuid,
  VerifiedOrder,
} from "./api";
import { compare, equal, isZero, toHex } from "./bytes";
import { CryptoError } from "./errors";

/** Names of the rules in `detail.rule` of `membership_refused`; the server's refusals use the same. */
export type MembershipRule =
  "role" | "roles" | "remove" | "person" | "stranger" | "reset" | "orders" | "members" | "last_admin";

/** A device with the base under which it was listed (`RosterDevice.base`). */
export interface ListedDevice {
  person: Uuid;
  device: Uuid;
  base: Uint8Array;
}

/** A device in the tree. */
export interface TreeLeaf extends ListedDevice {
  leaf: number;
}

/** What a commit does, and what it is judged by. */
export interface JudgedCommit {
  kind: GroupPolicy["kind"];
  /** The person whose device commits. */
  committer: Uuid;
  /** In direct and self conversations `fixedMembership(persons)`, which comes back as it is. */
  before: readonly MembershipEntry[];
  /** The tree before the commit. */
  leaves: readonly TreeLeaf[];
  /** Leaf indices in that tree. */
  removed: readonly number[];
  added: readonly ListedDevice[];
  roles: readonly RoleChange[];
  /** The orders that the commit names: verified, about this group, and not executed before. */
  orders: readonly Pick<VerifiedOrder, "action" | "person" | "device">[];
  gone: readonly { person: Uuid; device: Uuid }[];
  /** Every base of the persons concerned, oldest first. */
  bases: readonly PersonBase[];
}

/** Throws `membership_refused` with the rule unless `condition` holds. */
function rule(condition: boolean, name: MembershipRule): asserts condition {
  if (!condition) throw new CryptoError("membership_refused", { rule: name });
}

const keyOf = (person: Uuid, device: Uuid): string => `${toHex(person)}/${toHex(device)}`;
const isIn = (entry: MembershipEntry | undefined): boolean => entry !== undefined && entry.role !== "invited";

type Membership = Map<string, MembershipEntry>;

const mapOf = (entries: readonly MembershipEntry[]): Membership =>
  new Map(entries.map((entry) => [toHex(entry.person), entry]));

/** Ascending by person: one membership has one spelling. */
const listOf = (membership: Membership): MembershipEntry[] =>
  [...membership.values()].sort((a, b) => compare(a.person, b.person));

/** Membership of a direct or self conversation: its persons, for good. */
export const fixedMembership = (persons: readonly Uuid[]): MembershipEntry[] =>
  persons.map((person) => ({ person, role: "member", base: new Uint8Array(32) }));

/**
 * The membership after a commit.
 *
 * @throws CryptoError `membership_refused` with `detail.rule`.
 */
export function judge(input: JudgedCommit): MembershipEntry[] {
  const commit = new Commit(input);
  rule(isIn(commit.before.get(toHex(input.committer))), "role");
  if (input.kind === "group") {
    commit.checkRoles();
    commit.checkRemoved();
    const after = commit.admit();
    commit.checkOrders();
    commit.keepAnAdmin(after);
    return listOf(after);
  }
  rule(input.roles.length === 0, "roles");
  commit.checkRemoved();
  rule(
    input.added.every(({ person }) => commit.before.has(toHex(person))),
    "person",
  );
  // An order brings back who was there; after a reset the other person must do so.
  for (const { person, device, base } of input.added) {
    const known = input.leaves.some((leaf) => equal(leaf.person, person) && equal(leaf.base, base));
    rule(known || !commit.isAsked(person, device), "reset");
  }
  commit.checkOrders();
  rule(
    [...commit.before.keys()].every((person) => commit.isHere(person)),
    "members",
  );
  return listOf(commit.before);
}

/** One commit, and the questions that several rules ask of it. Persons are hex here. */
class Commit {
  readonly before: Membership;
  readonly #input: JudgedCommit;
  readonly #committer: string;
  readonly #isAdmin: boolean;
  readonly #removed: readonly TreeLeaf[];
  /** In the order of the tree. */
  readonly #staying: readonly TreeLeaf[];
  readonly #stayingPersons: ReadonlySet<string>;
  readonly #addedPersons: ReadonlySet<string>;
  /** Persons whose membership or invitation ends. */
  readonly #ending: ReadonlySet<string>;
  readonly #orders: ReadonlySet<string>;

  constructor(input: JudgedCommit) {
    this.#input = input;
    this.before = mapOf(input.before);
    this.#committer = toHex(input.committer);
    this.#isAdmin = this.before.get(this.#committer)?.role === "admin";
    const goes = new Set(input.removed);
    this.#removed = input.leaves.filter(({ leaf }) => goes.has(leaf));
    this.#staying = input.leaves.filter(({ leaf }) => !goes.has(leaf)).sort((a, b) => a.leaf - b.leaf);
    this.#stayingPersons = new Set(this.#staying.map(({ person }) => toHex(person)));
    this.#addedPersons = new Set(input.added.map(({ person }) => toHex(person)));
    const ends = input.roles.filter(({ role }) => role === "none");
    this.#ending = new Set(ends.map(({ person }) => toHex(person)));
    this.#orders = new Set(
      input.orders.map(({ action, person, device }) => `${action}/${keyOf(person, device)}`),
    );
  }

  isHere(person: string): boolean {
    return this.#stayingPersons.has(person) || this.#addedPersons.has(person);
  }

  isAsked(person: Uuid, device: Uuid): boolean {
    return this.#orders.has(`add/${keyOf(person, device)}`);
  }

  /** Who may change whom into what; a change that changes nothing is refused too. */
  checkRoles(): void {
    const { roles, orders } = this.#input;
    rule(new Set(roles.map(({ person }) => toHex(person))).size === roles.length, "roles");
    const leaving = new Set(
      orders.filter(({ action }) => action === "leave").map(({ person }) => toHex(person)),
    );
    for (const change of roles) {
      const person = toHex(change.person);
      const role = this.before.get(person)?.role;
      const joins = this.#addedPersons.has(person);
      if (change.role === "none") {
        rule(this.#isAdmin || leaving.has(person), "roles");
        // Ended means out of the tree, in this very commit.
        rule(role !== undefined && !this.isHere(person), "roles");
      } else if (change.role === "invited") {
        rule(this.#isAdmin && role === undefined && !joins, "roles");
      } else if (change.role === "member") {
        rule(this.#isAdmin && role === "admin", "roles");
      } else {
        rule(role === "member" || (role !== "admin" && joins), "roles");
        rule(this.#isAdmin || this.#mayClaim(person), "roles");
      }
    }
  }

  /**
   * Without an admin in the tree, the member at the lowest leaf may be made one: always the same. It is a deliberate
   * act in a later commit, for an admin who has just lost the only device comes back by order.
   */
  #mayClaim(person: string): boolean {
    const here = [...this.#input.leaves.map((leaf) => toHex(leaf.person)), ...this.#addedPersons];
    if (here.some((one) => this.before.get(one)?.role === "admin")) return false;
    return person === this.#oldestMember(this.before);
  }

  #oldestMember(membership: Membership): string | undefined {
    return this.#staying.map(({ person }) => toHex(person)).find((person) => isIn(membership.get(person)));
  }

  /** One's own devices, those that are out, those that an order names, and persons who end here. */
  checkRemoved(): void {
    const { removed, leaves, gone } = this.#input;
    const known = new Set(leaves.map(({ leaf }) => leaf));
    rule(
      removed.every((leaf) => known.has(leaf)),
      "remove",
    );
    rule(this.#stayingPersons.has(this.#committer), "remove");
    const out = new Set(gone.map(({ person, device }) => keyOf(person, device)));
    for (const { person, device } of this.#removed) {
      const allowed =
        toHex(person) === this.#committer ||
        out.has(keyOf(person, device)) ||
        this.#orders.has(`remove/${keyOf(person, device)}`) ||
        // By an admin or a Leave order, as `checkRoles` has seen to.
        this.#ending.has(toHex(person));
      rule(allowed, "remove");
    }
  }

  /** The membership with the role changes made and the added persons in. */
  admit(): Membership {
    const after = new Map(this.before);
    const admitted = new Map<string, Uint8Array>();
    for (const { person, device, base } of this.#input.added) {
      const key = toHex(person);
      const standing = this.before.get(key);
      const asked = this.isAsked(person, device);
      if (standing === undefined || standing.role === "invited") {
        // No order brings in somebody who is not a member.
        rule(!asked && (this.#isAdmin || standing !== undefined), "stranger");
        rule(!isZero(base), "reset");
      } else if (!equal(standing.base, base)) {
        rule(this.#isAdmin && !asked, "reset");
        rule(isLater(this.#input.bases, person, standing.base, base), "reset");
        // The person before the reset and the one after it are not in the tree together.
        rule(!this.#stayingPersons.has(key), "reset");
      }
      const other = admitted.get(key);
      rule(other === undefined || equal(other, base), "reset");
      admitted.set(key, base);
      const role = standing !== undefined && isIn(standing) ? standing.role : "member";
      after.set(key, { person, role, base });
    }
    for (const { person, role } of this.#input.roles) {
      const key = toHex(person);
      if (role === "none") after.delete(key);
      else if (role === "invited") after.set(key, { person, role, base: new Uint8Array(32) });
      else setRole(after, key, role);
    }
    return after;
  }

  /** Every order that the commit names is carried out by it. */
  checkOrders(): void {
    const { added, orders } = this.#input;
    const coming = new Set(added.map(({ person, device }) => keyOf(person, device)));
    const going = new Set(this.#removed.map(({ person, device }) => keyOf(person, device)));
    for (const { action, person, device } of orders) {
      if (action === "add") rule(coming.has(keyOf(person, device)), "orders");
      else if (action === "remove") rule(going.has(keyOf(person, device)), "orders");
      else rule(this.#ending.has(toHex(person)), "orders");
    }
  }

  /**
   * No admin gives the role up while no other is in the tree; when the last one leaves, the member at the lowest leaf
   * succeeds.
   */
  keepAnAdmin(after: Membership): void {
    const kept = [...after].some(([person, { role }]) => role === "admin" && this.isHere(person));
    if (kept) return;
    // The committer stays in the tree: an admin without the role now has taken it from itself.
    rule(!this.#isAdmin, "last_admin");
    const adminLeft = [...this.#ending].some((person) => this.before.get(person)?.role === "admin");
    const heir = adminLeft ? this.#oldestMember(after) : undefined;
    if (heir !== undefined) setRole(after, heir, "admin");
  }
}

function setRole(membership: Membership, key: string, role: MemberRole): void {
  const entry = membership.get(key);
  if (entry !== undefined) membership.set(key, { ...entry, role });
}

/** Whether the chain had base `latter` after `former`: a device from before a reset never comes back. */
function isLater(
  bases: readonly PersonBase[],
  person: Uuid,
  former: Uint8Array,
  latter: Uint8Array,
): boolean {
  const own = bases.filter((entry) => equal(entry.person, person)).map((entry) => entry.base);
  const was = own.findIndex((base) => equal(base, former));
  const is = own.findIndex((base) => equal(base, latter));
  return was !== -1 && is !== -1 && was < is;
}

/**
 * The membership that a begin makes. `tree` are all devices of the new group, the founder's included; `before` is the
 * membership of the generation before: empty in a group's first one, `fixedMembership(persons)` in direct and self
 * conversations.
 *
 * In a group, `roles` says what the tree cannot: every admin, everybody who is invited and, in a successor, members
 * who have no device in the tree. A successor changes no role. Only an admin may leave persons out, or take a person
 * back in after a reset.
 *
 * @throws CryptoError `membership_refused` with `detail.rule`.
 */
export function judgeBegin(input: {
  kind: GroupPolicy["kind"];
  committer: Uuid;
  before: readonly MembershipEntry[];
  tree: readonly ListedDevice[];
  roles: readonly RoleChange[];
  bases: readonly PersonBase[];
}): MembershipEntry[] {
  const before = mapOf(input.before);
  const committer = toHex(input.committer);
  const persons = new Set(input.tree.map(({ person }) => toHex(person)));
  if (input.kind !== "group") {
    rule(before.has(committer) && persons.has(committer), "role");
    rule(input.roles.length === 0, "roles");
    rule(
      [...persons].every((person) => before.has(person)),
      "person",
    );
    rule(persons.size === before.size, "members");
    return listOf(before);
  }

  const first = before.size === 0;
  rule(persons.has(committer) && (first || isIn(before.get(committer))), "role");
  const isAdmin = first || before.get(committer)?.role === "admin";
  const named = new Map(input.roles.map(({ person, role }) => [toHex(person), { person, role }]));
  rule(named.size === input.roles.length, "roles");
  const after: Membership = new Map();
  for (const { person, base } of input.tree) {
    const key = toHex(person);
    const standing = before.get(key);
    rule(first || standing !== undefined, "stranger");
    rule(!isZero(base), "reset");
    const other = after.get(key);
    rule(other === undefined || equal(other.base, base), "reset");
    if (standing !== undefined && isIn(standing) && !equal(standing.base, base))
      rule(isAdmin && isLater(input.bases, person, standing.base, base), "reset");
    after.set(key, { person, role: named.get(key)?.role === "admin" ? "admin" : "member", base });
  }
  for (const [key, { person, role }] of named) {
    const standing = before.get(key);
    const expected = first ? (key === committer ? "admin" : "invited") : (standing?.role ?? "none");
    // One spelling: who is in the tree and not named is a member.
    rule(role === expected && role !== "none" && (!persons.has(key) || role === "admin"), "roles");
    if (!persons.has(key)) after.set(key, standing ?? { person, role: "invited", base: new Uint8Array(32) });
  }
  rule(!first || named.has(committer), "roles");
  for (const [key, { role }] of before) {
    rule(role !== "admin" || !persons.has(key) || named.has(key), "roles");
    rule(isAdmin || after.has(key), "roles");
  }
  return listOf(after);
}

/**
 * What a newcomer is told must fit the tree: every device's person is in, under that device's base.
 *
 * @throws CryptoError `membership_refused`, rule `members`.
 */
export function demandSnapshot(membership: readonly MembershipEntry[], tree: readonly ListedDevice[]): void {
  const known = mapOf(membership);
  rule(known.size === membership.length, "members");
  for (const { person, base } of tree) {
    const entry = known.get(toHex(person));
    rule(entry !== undefined && isIn(entry) && equal(entry.base, base), "members");
  }
  for (const { role, base } of membership) rule((role === "invited") === isZero(base), "members");
}
