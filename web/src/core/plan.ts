import type { VerifiedOrder } from "../crypto/api";
import { equal } from "../crypto/bytes";
import type { Chain } from "../crypto/chain";
import type { DeviceEntry } from "../crypto/identity";
import type { GroupChange, GroupDevice, GroupRecord } from "../store";
import type { Id } from "./api";
import { idText } from "./ids";

/** What somebody asked for, or what is due without being asked. */
export type Wish =
  /** Nothing but what is due: orders, devices that are gone, devices of one's own. */
  | { kind: "due" }
  /** Persons to let in; those without a device are invited. */
  | { kind: "add"; persons: readonly Id[] }
  | { kind: "remove"; person: Id }
  | { kind: "role"; person: Id; admin: boolean };

/** What this device knows of a conversation when it makes a plan. */
export interface View {
  kind: "direct" | "group" | "self";
  self: GroupDevice;
  group: Pick<GroupRecord, "devices" | "membership">;
  /** Verified chains of everybody in the tree and of everybody whom the wish names; without one: no device yet. */
  chains: ReadonlyMap<Id, Chain>;
  /** Verified orders that nobody has executed. */
  orders: readonly VerifiedOrder[];
  now: number;
}

/** A commit by value before its KeyPackages are claimed. */
export interface Plan {
  remove: GroupDevice[];
  add: GroupDevice[];
  roles: GroupChange["roles"];
  orders: VerifiedOrder[];
}

export const isEmpty = (plan: Plan): boolean =>
  plan.remove.length + plan.add.length + plan.roles.length + plan.orders.length === 0;

/** Devices of a chain that may be added now. Temporary ones ask themselves when they open a conversation. */
export function livingDevices(chain: Chain | undefined, now: number, temporary = false): Id[] {
  const lives = ({ expiresAt }: DeviceEntry): boolean => expiresAt === null || now < expiresAt;
  return (chain?.devices ?? [])
    .filter((entry) => lives(entry) && (temporary || entry.kind === "regular"))
    .map(({ id }) => idText(id));
}

/**
 * The commit that the group needs now. It always holds what is due (the server refuses a commit that leaves a due order
 * open) and, beside it, what was wished for and is not so yet. The rules are `crypto/membership.ts`; a plan that breaks
 * one is refused there.
 */
export function makePlan(view: View, wish: Wish): Plan {
  const planning = new Planning(view);
  planning.orders();
  planning.gone();
  planning.ownDevices();
  if (wish.kind === "remove") planning.removePerson(wish.person);
  else if (wish.kind === "role") planning.role(wish.person, wish.admin);
  else if (wish.kind === "add") for (const person of wish.persons) planning.addPerson(person);
  return planning.plan();
}

class Planning {
  readonly #remove = new Map<Id, GroupDevice>();
  readonly #add = new Map<Id, GroupDevice>();
  readonly #roles = new Map<Id, GroupChange["roles"][number]["role"]>();
  readonly #orders: VerifiedOrder[] = [];
  readonly #tree: ReadonlyMap<Id, Id>;

  constructor(private readonly view: View) {
    this.#tree = new Map(view.group.devices.map(({ device, person }) => [device, person]));
  }

  orders(): void {
    const { view } = this;
    const adds: VerifiedOrder[] = [];
    for (const order of view.orders) {
      const [person, device] = [idText(order.person), idText(order.device)];
      if (order.expiresAt <= view.now) continue;
      if (order.action === "add") adds.push(order);
      else if (order.action === "remove" && this.#takeOut(person, device)) this.#orders.push(order);
      else if (order.action === "leave" && person !== view.self.person && this.#roleOf(person) !== null) {
        this.#takeOutPerson(person);
        this.#orders.push(order);
      }
    }
    for (const order of adds) {
      const [person, device] = [idText(order.person), idText(order.device)];
      const living = livingDevices(view.chains.get(person), view.now, true).includes(device);
      const present = this.#tree.has(device) && !this.#remove.has(device);
      if (!living || present || this.#roles.get(person) === "none" || !this.#mayReturn(person)) continue;
      this.#add.set(device, { person, device });
      this.#orders.push(order);
    }
  }

  /** Leaves that their own chains have revoked or let expire. */
  gone(): void {
    for (const [device, person] of this.#tree) {
      const entry = this.view.chains.get(person)?.everListed.find((one) => idText(one.device) === device);
      const expires = entry?.expiresAt ?? null;
      const expired = expires !== null && expires <= this.view.now;
      if (entry && (entry.revokedAt !== null || expired)) this.#takeOut(person, device);
    }
  }

  /** Devices of one's own person that are listed and have no leaf yet. */
  ownDevices(): void {
    const { person } = this.view.self;
    if (this.#mayReturn(person)) this.#addDevices(person);
  }

  removePerson(person: Id): void {
    if (this.#roleOf(person) === null) return;
    this.#takeOutPerson(person);
  }

  role(person: Id, admin: boolean): void {
    // Who leaves by this very commit has no role to be given.
    if (this.#roles.has(person)) return;
    const role = this.#roleOf(person);
    if (admin && role === "member") this.#roles.set(person, "admin");
    else if (!admin && role === "admin") this.#roles.set(person, "member");
  }

  addPerson(person: Id): void {
    const role = this.#roleOf(person);
    const living = livingDevices(this.view.chains.get(person), this.view.now);
    if (living.length === 0) {
      if (role === null) this.#roles.set(person, "invited");
    } else {
      this.#addDevices(person);
    }
  }

  plan(): Plan {
    const roles = [...this.#roles].map(([person, role]) => ({ person, role }));
    return { remove: [...this.#remove.values()], add: [...this.#add.values()], roles, orders: this.#orders };
  }

  #addDevices(person: Id): void {
    for (const device of livingDevices(this.view.chains.get(person), this.view.now))
      if (!this.#tree.has(device)) this.#add.set(device, { person, device });
  }

  #roleOf(person: Id): "member" | "admin" | "invited" | null {
    if (this.view.kind !== "group") return null;
    return this.view.group.membership.find((entry) => entry.person === person)?.role ?? null;
  }

  /** Members come back by order as long as their identity was not reset: after that an admin must add them. */
  #mayReturn(person: Id): boolean {
    if (this.view.kind !== "group") return true;
    const entry = this.view.group.membership.find((one) => one.person === person);
    const chain = this.view.chains.get(person);
    return entry !== undefined && entry.role !== "invited" && !!chain && equal(entry.base, chain.base);
  }

  /** Nobody removes their own leaf: another member, or another device of theirs, does. */
  #takeOut(person: Id, device: Id): boolean {
    if (this.#tree.get(device) !== person || device === this.view.self.device) return false;
    this.#remove.set(device, { person, device });
    return true;
  }

  #takeOutPerson(person: Id): void {
    for (const [device, owner] of this.#tree) if (owner === person) this.#takeOut(person, device);
    this.#roles.set(person, "none");
  }
}

/** What fits into one commit: whole persons, in the order of the plan. The rest follows in the next one. */
export function firstPart(plan: Plan, most: number): Plan {
  if (plan.add.length <= most) return plan;
  const chosen: GroupDevice[] = [];
  for (const person of new Set(plan.add.map((one) => one.person))) {
    const devices = plan.add.filter((one) => one.person === person);
    if (chosen.length > 0 && chosen.length + devices.length > most) break;
    chosen.push(...devices);
  }
  const orders = plan.orders.filter(
    ({ action, device }) => action !== "add" || chosen.some((one) => one.device === idText(device)),
  );
  return { ...plan, add: chosen, orders };
}
