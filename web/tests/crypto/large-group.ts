/**
 * Groups of many devices, each of another person, by the engine alone: made as an app makes them, a hundred newcomers a
 * commit, with the time and size of every step. For a test and for `scripts/bench-groups.mjs`.
 *
 * "young": nobody but the founder has spoken, so a path secret is sealed to nearly every leaf.
 */

import type { InEnvelope, MadeKeyPackage, RosterDevice, Standing, Suite } from "../../src/crypto/api";
import { CLASSICAL } from "../../src/crypto/policy";
import { encodeGroupProfile } from "../../src/crypto/profile";
import {
  added,
  type Device,
  engine,
  newDevice,
  newId,
  newKeyPackage,
  now,
  seenAt,
  welcoming,
  zeros,
} from "./people-in-groups";

/** Newcomers of one commit: `AT_ONCE` of `src/core/commits.ts`. */
const CHUNK = 100;

interface Person extends Device {
  keyPackage: MadeKeyPackage;
}

/** One step: `ms` milliseconds, sizes in bytes. */
export interface Step {
  what: string;
  ms: number;
  added?: number;
  commit?: number;
  welcome?: number;
  state?: number;
  envelopes?: number;
}

export class LargeGroup {
  readonly people: Person[] = [];
  /** The states of those who take part, by their place among `people`. */
  readonly states = new Map<number, Uint8Array>();
  readonly #standing: Standing = { membership: [], bases: [], orders: [] };
  #conversation = newId();
  #groupId = zeros(32);
  #seq = 0;

  constructor(
    readonly suite: Suite,
    readonly size: number,
    private readonly report: (step: Step) => void,
  ) {}

  get last(): number {
    return this.size - 1;
  }

  /** The founder begins with the first hundred and adds the others a hundred at a time; the last one joins. */
  async found(): Promise<void> {
    for (let i = 0; i < this.size; i++) {
      const device = await newDevice();
      this.people.push({ ...device, keyPackage: await newKeyPackage(device, this.suite) });
    }
    const others = this.people.slice(1).map((one) => added(one, one.keyPackage));
    const first = others.slice(0, CHUNK);
    const begun = await this.#timed("begin", async () =>
      welcoming(
        await engine.begin({
          keys: this.#founder.keys,
          policy: {
            conversation: this.#conversation,
            kind: "group",
            persons: [],
            suite: this.suite,
            sizeClass: this.suite === CLASSICAL ? "large" : "normal",
            retentionClass: 0,
            ministry: zeros(16),
            registry: zeros(32),
            predecessor: zeros(32),
          },
          add: first,
          roles: [{ person: this.#founder.keys.person, role: "admin" }],
          roster: this.#roster,
          seen: seenAt(0),
          profile: encodeGroupProfile({ name: "Many", picture: zeros(0), at: 0, by: null, members: [] }),
          now,
        }),
      ),
    );
    this.#groupId = begun.groupId;
    this.#standing.membership = begun.membership;
    this.states.set(0, begun.pendingState);
    let { welcome } = begun;
    for (let done = first.length; done < others.length; done += CHUNK)
      ({ welcome } = welcoming(await this.#commit("add", 0, others.slice(done, done + CHUNK))));
    await this.#join(this.last, welcome);
  }

  /** An empty commit of one, taken by the other. */
  async heal(what: string, from: number, to: number): Promise<{ commit: Uint8Array }> {
    const made = await this.#commit(`empty commit, ${what}`, from, []);
    const envelope = this.#envelope(from, made.epoch, "commit", made.commit);
    await this.#process(`process it, ${what}`, to, [envelope]);
    return made;
  }

  /** What one says, as envelopes of the log. */
  async speak(from: number, contents: readonly Uint8Array[]): Promise<InEnvelope[]> {
    const { epoch } = await engine.describe(this.#state(from));
    const begun = performance.now();
    const envelopes: InEnvelope[] = [];
    for (const content of contents) {
      const sent = await engine.encrypt({
        state: this.#state(from),
        content,
        seen: seenAt(this.#seq),
        roster: this.#roster,
        now,
      });
      this.states.set(from, sent.state);
      envelopes.push(this.#envelope(from, epoch, "application", sent.body));
    }
    this.#tell("encrypt one", (performance.now() - begun) / contents.length, {
      state: this.#state(from).length,
    });
    return envelopes;
  }

  /** Reads them one batch; what was said in them. */
  async hear(to: number, envelopes: InEnvelope[]): Promise<Uint8Array[]> {
    const results = await this.#process(`process ${String(envelopes.length)}`, to, envelopes);
    return results.flatMap((one) => (one.kind === "application" ? [one.content] : []));
  }

  /** Opens a saved state, with nothing of it in memory. */
  async reopen(who: number): Promise<void> {
    engine.forget();
    await this.#timed("open a saved state", () => engine.describe(this.#state(who)));
  }

  get #founder(): Person {
    return this.people[0]!;
  }

  get #roster(): RosterDevice[] {
    return this.people.map(({ entry }) => entry);
  }

  #state(who: number): Uint8Array {
    const state = this.states.get(who);
    if (!state) throw new RangeError("takes no part");
    return state;
  }

  #envelope(from: number, epoch: number, kind: InEnvelope["kind"], body: Uint8Array): InEnvelope {
    this.#seq += 1;
    return { seq: this.#seq, epoch, kind, sender: this.people[from]!.keys.device, body };
  }

  async #commit(what: string, from: number, add: ReturnType<typeof added>[]) {
    const made = await this.#timed(what, () =>
      engine.commit({
        state: this.#state(from),
        add,
        remove: [],
        roles: [],
        orders: [],
        standing: this.#standing,
        seen: seenAt(this.#seq),
        roster: this.#roster,
        profile: encodeGroupProfile({ name: "Many", picture: zeros(0), at: 0, by: null, members: [] }),
        now,
      }),
    );
    this.#standing.membership = made.membership;
    this.states.set(from, made.pendingState);
    return made;
  }

  async #join(who: number, welcome: Uint8Array): Promise<void> {
    const { keys, keyPackage } = this.people[who]!;
    const expected = { conversation: this.#conversation, persons: [], groupId: this.#groupId };
    const joined = await this.#timed("join", () =>
      engine.join({ keys, welcome, keyPackage, expected, roster: this.#roster, now }),
    );
    this.states.set(who, joined.state);
  }

  async #process(what: string, to: number, envelopes: InEnvelope[]) {
    const { state, results } = await this.#timed(what, () =>
      engine.process({
        state: this.#state(to),
        groupId: this.#groupId,
        roster: this.#roster,
        now,
        envelopes,
        standing: this.#standing,
      }),
    );
    const bad = results.find(({ kind }) => kind === "refused" || kind === "waiting");
    if (bad) throw new Error(JSON.stringify(bad));
    this.states.set(to, state);
    return results;
  }

  async #timed<T extends object>(what: string, act: () => Promise<T>): Promise<T> {
    const begun = performance.now();
    const made = await act();
    const sizes: Record<string, number> = {};
    for (const [name, key] of Object.entries({
      commit: "commit",
      welcome: "welcome",
      state: "pendingState",
    })) {
      const value = (made as Record<string, unknown>)[key];
      if (value instanceof Uint8Array) sizes[name] = value.length;
    }
    this.#tell(what, performance.now() - begun, sizes);
    return made;
  }

  #tell(what: string, ms: number, more: Partial<Step>): void {
    this.report({ what, ms: Number(ms.toFixed(1)), ...more });
  }
}
