/**
 * A random walk: devices of several persons over one server, and steps that come while others are under way. The steps
 * are data made from a seed, so that a walk that fails can be told again and made shorter.
 */

import type { App, Id } from "../../src/core/api";
import { AppError } from "../../src/core/api";
import { idText } from "../../src/core/ids";
import { disagreements, outcomes, present, unrest } from "./agreement";
import { seeded, settled, sleep } from "./clock";
import { ServerDouble, type Talk } from "./double";
import { Ledger } from "./ledger";
import { Died, Member } from "./member";

const DAY_MS = 86_400_000;
const SKEW_MS = 2 * 60_000;
const MOST_DEVICES_OF_ONE = 3;
const MOST_MISSES = 200;

const WEIGHTS = {
  send: 30,
  add: 8,
  remove: 6,
  leave: 2,
  admin: 3,
  rename: 2,
  approve: 4,
  revoke: 3,
  die: 8,
  restart: 8,
  cut: 6,
  join: 8,
  days: 1,
  drop: 4,
} as const;

type Kind = keyof typeof WEIGHTS;

/** `a` and `b` in [0, 1) choose among what there is when the step comes. */
export interface StepOfWalk {
  kind: Kind;
  a: number;
  b: number;
  /** Milliseconds until the next step. */
  pause: number;
}

export interface WalkPlan {
  seed: number;
  persons: number;
  steps: readonly StepOfWalk[];
}

export function plan(seed: number, persons: number, length: number): WalkPlan {
  const random = seeded(seed);
  const bag = Object.entries(WEIGHTS).flatMap(([kind, weight]) => Array<Kind>(weight).fill(kind as Kind));
  const steps = Array.from({ length }, () => ({
    kind: bag[Math.floor(random() * bag.length)]!,
    a: random(),
    b: random(),
    pause: Math.floor(random() ** 2 * 120),
  }));
  return { seed, persons, steps };
}

export const story = ({ seed, persons, steps }: WalkPlan): string =>
  [
    `seed ${String(seed)}, ${String(persons)} persons:`,
    ...steps.map(({ kind, a, b, pause }) => `  ${kind} ${a.toFixed(3)} ${b.toFixed(3)} +${String(pause)}`),
  ].join("\n");

const pick = <T>(from: readonly T[], at: number): T | undefined => from[Math.floor(at * from.length)];

const KINDS: Readonly<Record<number, string>> = { 1: "message", 2: "commit", 3: "begin" };

/** Refusals that a person may meet when others do something at the same time. */
const FAULTS: ReadonlySet<string> = new Set([
  "internal",
  "storage_failed",
  "group_refused",
  "identity_chain_refused",
]);

export class Walk {
  readonly server = new ServerDouble();
  readonly ledger = new Ledger();
  readonly members: Member[] = [];
  readonly said = new Map<string, Id>();
  readonly faults: string[] = [];
  talk!: Talk;
  #missed = 0;
  #words = 0;

  constructor(private readonly planned: WalkPlan) {
    this.server.overheard = (tag, fields) => {
      this.ledger.hear(tag, fields);
    };
  }

  async run(
    patience: number,
  ): Promise<{ ciphertexts: number; envelopes: number; commits: number; devices: number }> {
    await this.#begin();
    for (const step of this.planned.steps) {
      try {
        await this.#take(step);
      } catch (error) {
        if (!(error instanceof Died)) throw error;
      }
      await sleep(step.pause);
    }
    await this.#recover();
    await this.#quiet(patience);
    // Whatever happened, everybody can still speak, and is heard by all.
    for (const member of present(this.talk, this.members)) this.#say(member);
    await this.#quiet(patience);
    const found = await disagreements(this.talk, this.members, this.said);
    found.push(...this.faults);
    if (found.length > 0) throw new Error(found.join("\n"));
    return {
      ciphertexts: await this.ledger.check(),
      envelopes: this.talk.envelopes.length,
      commits: this.talk.epoch - 1,
      devices: this.members.length,
    };
  }

  /** What somebody who looks for the reason wants to know first. */
  async scene(): Promise<string> {
    const { talk, server } = this;
    const orders = talk.openOrders(server.now());
    const lines = orders.map(({ action, device }) => `order: ${action} ${idText(device).slice(0, 4)}`);
    for (const { seq, kind, epoch, device } of talk.envelopes) {
      const heard = this.members.filter((one) => talk.audience.get(seq)?.has(one.device));
      const to = heard.map((one) => one.device.slice(0, 4)).join(" ");
      lines.push(
        `${String(seq)}: ${KINDS[kind]} in epoch ${String(epoch)} by ${idText(device).slice(0, 4)}` +
          (to === "" ? "" : ` to ${to}`),
      );
    }
    lines.push(
      `epoch ${String(talk.epoch)}, leaves ${[...talk.leaves].map(([leaf, { device }]) => `${String(leaf)}:${device.slice(0, 4)}`).join(" ")}`,
    );
    for (const member of this.members) {
      const role = talk.participants.get(member.person);
      const state = server.isRevoked(member.device) ? "revoked" : member.running ? "runs" : "dead";
      const who = `${member.device.slice(0, 4)} of ${member.person.slice(0, 4)}`;
      const day = Math.round(member.offset / DAY_MS);
      const standing = role ? `${role.role}${role.left === null ? "" : " (out)"}` : "stranger";
      const troubles = member.running ? await member.troubles() : "";
      lines.push(`${who}: ${standing}, ${state}, day ${String(day)}: ${troubles.slice(-400)}`);
      if (member.running) lines.push(`  ${await outcomes(member, talk)}`);
    }
    return lines.join("\n");
  }

  end(): void {
    for (const member of this.members) member.kill();
  }

  async #begin(): Promise<void> {
    const options = { ledger: this.ledger, classical: true };
    for (let i = 0; i < this.planned.persons; i++)
      this.members.push(await Member.create(this.server, options));
    for (const member of this.members) this.#setClock(member);
    await Promise.all(this.members.map((member) => member.open()));
    await Promise.all(this.members.map((member) => member.connected()));
    const [founder, ...others] = this.members as [Member, ...Member[]];
    const some = others.slice(0, Math.ceil(others.length / 2)).map((member) => member.person);
    const id = await founder.app!.createGroup({ name: "Walk", picture: null, persons: some });
    this.talk = this.server.talks.get(id)!;
    this.#say(founder);
  }

  /** Everything that was cut or had died is there again. */
  async #recover(): Promise<void> {
    for (const member of this.members) {
      if (this.server.isRevoked(member.device)) continue;
      member.diesAfter = null;
      if (member.running) member.setOnline(true);
      else await this.#restart(member);
    }
  }

  async #restart(member: Member): Promise<void> {
    member.online = true;
    await member.open();
  }

  async #quiet(patience: number): Promise<void> {
    let calm = 0;
    await settled(async () => {
      const still = await unrest(this.talk, this.members);
      calm = still === null ? calm + 1 : 0;
      return still ?? (calm < 6 ? "not calm for long enough" : null);
    }, patience);
  }

  get #awake(): Member[] {
    return this.members.filter((member) => member.running && !this.server.isRevoked(member.device));
  }

  #persons(inside: boolean): Id[] {
    const all = [...new Set(this.members.map((member) => member.person))];
    return all.filter((person) => this.talk.isMember(person) === inside);
  }

  #say(member: Member): void {
    const text = `${member.device.slice(0, 4)} says ${String(++this.#words)}`;
    this.said.set(text, member.device);
    this.#watch(member, (app) => app.send(this.talk.id, text));
  }

  /** A person's wish: it may be refused, or die with the process, but not fail by a fault of the client. */
  #watch(member: Member, wish: (app: App) => Promise<unknown>): void {
    if (!member.app) return;
    const { life } = member;
    wish(member.app).catch((error: unknown) => {
      this.#missed += 1;
      if (this.#missed > MOST_MISSES) this.faults.push("hardly any wish came true");
      const refused = error instanceof AppError && !FAULTS.has(error.code);
      if (refused || !member.running || member.life !== life) return;
      this.faults.push(
        `a wish ended with ${error instanceof Error ? `${error.name} ${error.message}` : "?"}`,
      );
    });
  }

  async #take({ kind, a, b }: StepOfWalk): Promise<void> {
    const { talk } = this;
    const actor = pick(present(talk, this.#awake), a);
    switch (kind) {
      case "send":
        if (actor) this.#say(actor);
        return;
      case "add": {
        const person = pick(this.#persons(false), b);
        if (actor && person) this.#watch(actor, (app) => app.addMembers(talk.id, [person]));
        return;
      }
      case "remove":
      case "admin": {
        const person = pick(this.#persons(true), b);
        if (!actor || !person || person === actor.person) return;
        if (kind === "remove" && this.#persons(true).length > 2)
          this.#watch(actor, (app) => app.removeMember(talk.id, person));
        else this.#watch(actor, (app) => app.setAdmin(talk.id, person, b < 0.7));
        return;
      }
      case "leave":
        if (actor && this.#persons(true).length > 2) this.#watch(actor, (app) => app.leaveGroup(talk.id));
        return;
      case "rename":
        if (actor) this.#watch(actor, (app) => app.renameGroup(talk.id, `Walk ${String(this.#words)}`));
        return;
      case "approve":
        return this.#approve(pick(this.#awake, a));
      case "revoke":
        return this.#revoke(pick(this.#awake, a), b);
      case "die": {
        const member = pick(this.#awake, a);
        if (member) member.diesAfter = 1 + Math.floor(b * 12);
        return;
      }
      case "restart": {
        const sleeping = this.members.filter((one) => !one.running && !this.server.isRevoked(one.device));
        const member = pick(sleeping, a);
        if (member) await this.#restart(member);
        return;
      }
      case "cut":
        pick(this.#awake, a)?.setOnline(false);
        return;
      case "join":
        pick(
          this.#awake.filter((member) => !member.online),
          a,
        )?.setOnline(true);
        return;
      case "drop": {
        const member = pick(this.#awake, a);
        member?.setOnline(false);
        member?.setOnline(true);
        return;
      }
      case "days":
        return this.#days(b);
    }
  }

  /** Days go by for everybody; whoever runs starts anew, as machines do overnight. */
  async #days(b: number): Promise<void> {
    this.server.offset += (1 + Math.floor(b * 6)) * DAY_MS;
    const running = this.#awake;
    for (const member of this.members) {
      if (running.includes(member)) member.kill();
      this.#setClock(member);
    }
    for (const member of running) await member.open();
  }

  /** No two clocks agree: each is up to two minutes off, always by the same. */
  #setClock(member: Member): void {
    const skew = (parseInt(member.device.slice(0, 2), 16) / 255 - 0.5) * 2 * SKEW_MS;
    member.offset = this.server.offset + Math.round(skew);
  }

  async #approve(member: Member | undefined): Promise<void> {
    if (!member || this.server.living(member.person).length >= MOST_DEVICES_OF_ONE) return;
    // A statement of the other device may have come first.
    const added = await member.approve().catch(() => null);
    if (!added) return;
    this.members.push(added);
    this.#setClock(added);
    await added.open();
  }

  async #revoke(member: Member | undefined, b: number): Promise<void> {
    if (!member) return;
    const others = this.server.living(member.person).filter((device) => device !== member.device);
    const device = pick(others, b);
    if (device) this.#watch(member, (app) => app.revokeDevice(device));
    return Promise.resolve();
  }
}
