/**
 * Times groups under Node: `node scripts/bench-groups.mjs [suite:devices…]`, suite `hybrid` or `classical`. One JSON line
 * a measurement, times in milliseconds, sizes in bytes. Every device belongs to another person.
 *
 * "young": nobody but the founder has spoken, so a path secret is sealed to nearly every leaf. "lived": everybody has
 * healed once, as everybody does before speaking.
 */

import { fileURLToPath } from "node:url";
import { runnerImport } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
const load = async (path) => {
  const file = fileURLToPath(new URL(`../src/crypto/${path}`, import.meta.url));
  return (await runnerImport(file, { root, configFile: false, logLevel: "error" })).module;
};
const { LocalEngine } = await load("engine.ts");
const { encodeGroupProfile } = await load("profile.ts");

const engine = new LocalEngine();
const now = Date.now();
const CHUNK = 100;
const SUITES = { classical: 0x0001, hybrid: 0x0053 };
const id = () => crypto.getRandomValues(new Uint8Array(16));
const zeros = (count) => new Uint8Array(count);
const seen = { seq: 0, transcript: zeros(32) };
const base = zeros(32).fill(1);
const profile = encodeGroupProfile({ name: "Bench", picture: zeros(0), at: 0, by: null, members: [] });

async function timed(act) {
  const start = performance.now();
  const result = await act();
  return [Number((performance.now() - start).toFixed(1)), result];
}

async function newDevice(suite) {
  const keys = await engine.generateDeviceKeys({ person: id(), device: id() });
  const { person, device, signaturePublic: signatureKey } = keys;
  const request = { keys, suite, count: 1, lastResort: false, now, lifetime: 86_400_000 };
  const [keyPackage] = await engine.generateKeyPackages(request);
  const entry = { person, device, signatureKey, base, revokedAt: null, expiresAt: null };
  return { keys, keyPackage, entry, add: { person, device, keyPackage: keyPackage.keyPackage } };
}

class Group {
  constructor(name, size) {
    this.name = name;
    this.size = size;
    this.suite = SUITES[name];
    this.standing = { membership: [], bases: [], orders: [] };
  }

  report(what, fields) {
    console.log(JSON.stringify({ bench: "groups", suite: this.name, devices: this.size, what, ...fields }));
  }

  /** The founder begins with the first hundred and adds the others a hundred at a time. */
  async found() {
    this.devices = [];
    for (let i = 0; i < this.size; i++) this.devices.push(await newDevice(this.suite));
    const [founder, ...others] = this.devices;
    this.roster = this.devices.map(({ entry }) => entry);
    const policy = {
      ...{ conversation: id(), kind: "group", persons: [], suite: this.suite, retentionClass: 0 },
      sizeClass: this.name === "classical" ? "large" : "normal",
      ...{ ministry: zeros(16), registry: zeros(32), predecessor: zeros(32) },
    };
    const first = others.slice(0, CHUNK).map(({ add }) => add);
    const [ms, begun] = await timed(() =>
      engine.begin({
        ...{ keys: founder.keys, policy, add: first, roster: this.roster, seen, profile, now },
        roles: [{ person: founder.keys.person, role: "admin" }],
      }),
    );
    this.report("begin", {
      added: first.length,
      ms,
      commit: begun.commit.length,
      welcome: begun.welcome.length,
    });
    this.groupId = begun.groupId;
    this.conversation = policy.conversation;
    this.standing.membership = begun.membership;
    this.states = new Map([[0, begun.pendingState]]);
    let { welcome } = begun;
    for (let done = first.length; done < others.length; done += CHUNK) {
      const add = others.slice(done, done + CHUNK).map((one) => one.add);
      const made = await this.commit("add", 0, { add });
      welcome = made.welcome;
    }
    await this.join(this.size - 1, welcome);
  }

  async commit(what, leaf, change = {}) {
    const nothing = { add: [], remove: [], roles: [], orders: [] };
    const input = {
      ...{ seen, roster: this.roster, profile, now, standing: this.standing },
      ...nothing,
      ...change,
    };
    const [ms, made] = await timed(() => engine.commit({ state: this.states.get(leaf), ...input }));
    const sizes = { commit: made.commit.length, ...(made.welcome && { welcome: made.welcome.length }) };
    const counts = change.add ? { added: change.add.length } : {};
    this.report(what, { ...counts, ms, ...sizes, state: made.pendingState.length });
    this.standing.membership = made.membership;
    this.states.set(leaf, made.pendingState);
    return made;
  }

  async join(leaf, welcome) {
    const { keys, keyPackage } = this.devices[leaf];
    const expected = { conversation: this.conversation, persons: [], groupId: this.groupId };
    const [ms, joined] = await timed(() =>
      engine.join({ keys, welcome, keyPackage, expected, roster: this.roster, now }),
    );
    this.report("join", { ms, state: joined.state.length });
    this.states.set(leaf, joined.state);
  }

  async process(what, leaf, envelopes) {
    const [ms, { state, results }] = await timed(() =>
      engine.process({
        ...{ state: this.states.get(leaf), groupId: this.groupId, roster: this.roster, now },
        ...{ envelopes, standing: this.standing },
      }),
    );
    if (results.some(({ kind }) => kind === "refused" || kind === "waiting"))
      throw new Error(JSON.stringify(results));
    this.report(what, { envelopes: envelopes.length, ms });
    this.states.set(leaf, state);
  }

  async healAndTake(what, from, to) {
    const { epoch, commit } = await this.commit(`empty commit, ${what}`, from);
    const sender = this.devices[from].keys.device;
    await this.process(`process it, ${what}`, to, [{ seq: 2, epoch, kind: "commit", sender, body: commit }]);
  }

  async talk() {
    const last = this.size - 1;
    const frames = [];
    const content = zeros(120);
    const started = performance.now();
    const { epoch } = await engine.describe(this.states.get(0));
    for (let i = 0; i < 20; i++) {
      const sent = await engine.encrypt({
        state: this.states.get(0),
        content,
        seen,
        roster: this.roster,
        now,
      });
      this.states.set(0, sent.state);
      const sender = this.devices[0].keys.device;
      frames.push({ seq: 3 + i, epoch, kind: "application", sender, body: sent.body });
    }
    const ms = Number(((performance.now() - started) / frames.length).toFixed(1));
    this.report("encrypt one", { ms, state: this.states.get(0).length });
    await this.process("process one message", last, frames.slice(0, 1));
    await this.process("process a batch", last, frames.slice(1));
    engine.forget();
    const [cold] = await timed(() => engine.describe(this.states.get(last)));
    this.report("open a saved state", { ms: cold });
  }
}

const wanted = process.argv.slice(2);
const all = ["hybrid:60", "hybrid:100", "hybrid:150", "classical:250", "classical:500", "classical:1000"];
for (const one of wanted.length > 0 ? wanted : all) {
  const [name, devices] = one.split(":");
  const group = new Group(name, Number(devices));
  await group.found();
  const last = group.size - 1;
  await group.healAndTake("young", last, 0);
  await group.healAndTake("young, the founder's", 0, last);
  await group.talk();
  group.report("peak memory", { megabytes: Math.round(process.resourceUsage().maxRSS / 1024) });
}
