/** Key transparency at the client: what it believes, what it refuses, and what its members tell each other. */

import { beforeEach, describe, expect, it } from "vitest";
import { ask, type Errand } from "../../src/core/errands";
import type { Id } from "../../src/core/api";
import { CryptoError } from "../../src/crypto/errors";
import { KeyLog } from "../../src/core/keylog";
import { TestDevice } from "./device";
import { ServerDouble } from "./double";
import { KeyLogDouble } from "./double-keys";

const HOUR_MS = 3_600_000;

let server: ServerDouble;
let keys: KeyLogDouble;
let ayesha: TestDevice;
let omar: TestDevice;

beforeEach(async () => {
  server = new ServerDouble();
  keys = await KeyLogDouble.create(server);
  server.keys = () => keys;
  [ayesha, omar] = await Promise.all([TestDevice.create(server), TestDevice.create(server)]);
});

const quiet = (): void => undefined;
const act = (device: TestDevice, errand: Errand): Promise<unknown> => ask(device.context.bus, errand, quiet);
const record = async (device: TestDevice) => (await device.context.store.get("account", "me"))?.value.keyLog;
const log = (device: TestDevice): string[] => device.context.journal.entries().map(({ code }) => code);

/** What `judge` gives of Omar at Ayesha. */
async function judged(): Promise<{ devices: number; listed: number }> {
  const { identities, context } = { identities: ayesha.sync!.identities, context: ayesha.context };
  const refresh = (person: Id) => identities.refresh(person);
  const [chain] = await context.keyLog.judge([await identities.refresh(omar.person)], refresh);
  return { devices: chain?.devices.length ?? 0, listed: chain?.everListed.length ?? 0 };
}

async function codeOf(act_: () => Promise<unknown>): Promise<string> {
  try {
    await act_();
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return "nothing";
}

describe("a device list", () => {
  beforeEach(async () => {
    await ayesha.start();
  });

  it("is believed when everybody is shown it, and the checkpoint is pinned", async () => {
    expect(await judged()).toEqual({ devices: 1, listed: 1 });
    const pin = await record(ayesha);
    expect(pin).toMatchObject({ alarm: null, gossip: null, witnesses: ["w1", "w2", "w3"] });
    expect(pin?.size).toBeGreaterThan(0);
    const { asked } = keys;
    expect(await judged()).toEqual({ devices: 1, listed: 1 });
    expect(keys.asked).toBe(asked);
    const trust = await ayesha.context.keyLog.describe([ayesha.person, omar.person]);
    expect(trust?.checks.find(({ name }) => name === "listed")).toMatchObject({
      state: "good",
      count: 1,
      of: 1,
    });
  });

  it("is not asked about where the server has no key log", async () => {
    const other = new ServerDouble();
    const [one, two] = await Promise.all([TestDevice.create(other), TestDevice.create(other)]);
    await one.start();
    const { identities } = one.sync!;
    const chain = await identities.refresh(two.person);
    const refresh = (person: Id) => identities.refresh(person);
    expect(await one.context.keyLog.judge([chain], refresh)).toEqual([chain]);
    expect(await one.context.keyLog.describe([two.person])).toBeNull();
    expect(await one.context.keyLog.gossip()).toEqual({});
  });

  it("with a device that is not in the log yet is taken without it", async () => {
    expect(await judged()).toEqual({ devices: 1, listed: 1 });
    keys.silent = true;
    await omar.approve();
    expect(await judged()).toEqual({ devices: 1, listed: 1 });
    keys.silent = false;
    expect(await judged()).toEqual({ devices: 2, listed: 2 });
  }, 120_000);

  it("that is left out makes a message wait, whatever is asked about others meanwhile", async () => {
    expect(await judged()).toEqual({ devices: 1, listed: 1 });
    keys.silent = true;
    await omar.approve();
    const { keyLog, self } = ayesha.context;
    const refresh = (person: Id) => ayesha.sync!.identities.refresh(person);
    const chain = await refresh(omar.person);
    expect((await keyLog.judge([chain], refresh))[0]?.devices).toHaveLength(1);
    await keyLog.judge([await refresh(self.person)], refresh);
    const unlisted = (person: Id) => new CryptoError("device_not_listed", { device: omar.device, person });
    expect(await keyLog.orLater(unlisted(omar.person))).toMatchObject({ code: "busy", retryAfter: 3 });
    expect(await keyLog.orLater(unlisted(self.person))).toBeInstanceOf(CryptoError);
    keys.silent = false;
    expect((await keyLog.judge([chain], refresh))[0]?.devices).toHaveLength(2);
    expect(await keyLog.orLater(unlisted(omar.person))).toBeInstanceOf(CryptoError);
  }, 120_000);

  it("of another chain than everybody is shown is refused for good", async () => {
    expect(await judged()).toEqual({ devices: 1, listed: 1 });
    // The server shows a chain without its newest statement: a revocation is hidden, an old list served.
    const whole = server.chains.get(omar.person) ?? [];
    await omar.approve();
    await keys.publish();
    keys.silent = true;
    server.chains.set(omar.person, whole);
    const refresh = (person: Id) => ayesha.sync!.identities.refresh(person);
    // Another tab, which remembers nothing but the store.
    const fresh = new KeyLog(ayesha.context);
    const chain = await ayesha.sync!.identities.refresh(omar.person);
    expect(await codeOf(() => fresh.judge([chain], refresh))).toBe("identity_chain_refused");
    const key = await ayesha.context.store.person(omar.person);
    expect((await ayesha.context.store.get("chains", key))?.value.alarm).toBe("key_log");
  }, 120_000);
});

describe("an old or unwitnessed checkpoint", () => {
  it.each([
    ["too few witnesses", { awake: 1 }],
    ["an old quorum", { behind: 2 * HOUR_MS }],
    ["a clock that is wrong", { behind: -HOUR_MS }],
  ])(
    "with %s blocks only what is new",
    async (_, lie) => {
      const sana = await TestDevice.create(server);
      await ayesha.start();
      expect(await judged()).toEqual({ devices: 1, listed: 1 });
      Object.assign(keys, lie);
      ayesha.profile.offset += HOUR_MS;
      server.offset += HOUR_MS;
      expect(await judged()).toEqual({ devices: 1, listed: 1 });
      const { identities } = ayesha.sync!;
      const refresh = (person: Id) => identities.refresh(person);
      const stranger = await identities.refresh(sana.person);
      expect((await ayesha.context.keyLog.judge([stranger], refresh))[0]?.devices).toEqual([]);
      expect(await codeOf(() => ayesha.context.keyLog.demand([stranger], refresh))).toBe("busy");
      const trust = await ayesha.context.keyLog.describe([sana.person]);
      expect(trust?.state).not.toBe("good");
      expect((await record(ayesha))?.alarm).toBeNull();
      // A day later nothing is encrypted any more.
      ayesha.profile.offset += 24 * HOUR_MS;
      server.offset += 24 * HOUR_MS;
      expect(await codeOf(judged)).toBe("keys_stale");
    },
    120_000,
  );
});

describe("a server that contradicts itself", () => {
  beforeEach(async () => {
    await ayesha.start();
    expect(await judged()).toEqual({ devices: 1, listed: 1 });
  });

  const again = async (): Promise<string> => {
    ayesha.profile.offset += HOUR_MS;
    server.offset += HOUR_MS;
    return codeOf(judged);
  };

  it("with another log of the same size or another past is caught, and stays caught", async () => {
    const forked = keys.fork();
    await keys.publish();
    await judged();
    const evil = forked;
    await evil.publish(new Map([[omar.person, new Uint8Array(32)]]));
    await evil.publish();
    await keys.publish();
    const pin = await record(ayesha);
    expect(await again()).toBe("nothing");
    expect((await record(ayesha))?.size).toBeGreaterThan(pin?.size ?? 0);
    for (let i = 0; i < 4; i++) await evil.publish();
    keys = evil;
    expect(await again()).toBe("keys_refused");
    expect(["consistency", "split_view"]).toContain((await record(ayesha))?.alarm);
    expect(await again()).toBe("keys_refused");
    const trust = await ayesha.context.keyLog.describe([omar.person]);
    expect(trust?.state).toBe("bad");
  }, 120_000);

  it("with a shorter log is caught", async () => {
    await keys.publish();
    expect(await again()).toBe("nothing");
    keys.silent = true;
    keys.shown = 1;
    expect(await again()).toBe("keys_refused");
    expect((await record(ayesha))?.alarm).toBe("rolled_back");
  }, 120_000);
});

describe("one's own keys", () => {
  it("that one does not know raise the alarm and stop sending", async () => {
    await keys.publish(new Map([[ayesha.person, new Uint8Array(32).fill(7)]]));
    keys.silent = true;
    await ayesha.start();
    await expect.poll(async () => (await record(ayesha))?.alarm, { timeout: 50_000 }).toBe("own_keys");
    expect(await codeOf(judged)).toBe("keys_refused");
    const trust = await ayesha.context.keyLog.describe([]);
    expect(trust?.checks.find(({ name }) => name === "own")?.state).toBe("bad");
  }, 120_000);

  it("that one knows are looked at when the connection begins", async () => {
    await ayesha.start();
    await expect.poll(async () => (await record(ayesha))?.own ?? 0, { timeout: 50_000 }).toBeGreaterThan(0);
    expect((await record(ayesha))?.alarm).toBeNull();
  }, 120_000);
});

describe("members", () => {
  it("who are shown two logs find out by each other's commits", async () => {
    await Promise.all([ayesha.start(), omar.start()]);
    const persons = [omar.person];
    const talk = (await act(ayesha, { do: "create", name: "Budget", picture: null, persons })) as Id;
    await expect.poll(async () => (await record(omar))?.size ?? 0, { timeout: 50_000 }).toBeGreaterThan(0);
    // From now on Omar is shown another log than Ayesha.
    const evil = keys.fork();
    await evil.publish(new Map([[ayesha.person, new Uint8Array(32).fill(9)]]));
    const omars = server.device(omar.device);
    const hers = keys;
    server.keys = (to) => (to === omars ? evil : hers);
    await hers.publish();
    const sana = await TestDevice.create(server);
    await act(ayesha, { do: "add", conversation: talk, persons: [sana.person] });
    await expect
      .poll(async () => (await record(omar))?.gossip, { timeout: 50_000 })
      .toMatchObject({ person: ayesha.person });
    expect(log(omar).join()).toContain("a member's checkpoint");
    const trust = await omar.context.keyLog.describe([ayesha.person]);
    expect(trust?.checks.find(({ name }) => name === "members")).toMatchObject({
      state: "bad",
      by: ayesha.person,
    });
    // What is his to decide: nothing of hers is stopped by it.
    expect((await record(omar))?.alarm).toBeNull();
  }, 120_000);

  describe("and a server that keeps one of them apart", () => {
    let talk: Id;
    /** What Omar is shown from now on; the others go on with `keys`. */
    let his: KeyLogDouble;

    beforeEach(async () => {
      await Promise.all([ayesha.start(), omar.start()]);
      talk = (await act(ayesha, {
        do: "create",
        name: "Budget",
        picture: null,
        persons: [omar.person],
      })) as Id;
      await expect.poll(async () => (await record(omar))?.size ?? 0, { timeout: 50_000 }).toBeGreaterThan(0);
      const omars = server.device(omar.device);
      const theirs = keys;
      his = keys;
      server.keys = (to) => (to === omars ? his : theirs);
    });

    /** A commit of hers, which carries her checkpoint to him. */
    async function commit(): Promise<void> {
      const sana = await TestDevice.create(server);
      await act(ayesha, { do: "add", conversation: talk, persons: [sana.person] });
    }
    const membersAt = async (device: TestDevice) =>
      (await device.context.keyLog.describe([ayesha.person]))?.checks.find(({ name }) => name === "members");
    const heard = async () => (await record(omar))?.heard ?? [];
    const judgedAtOmar = () => {
      const { identities } = omar.sync!;
      const refresh = (person: Id) => identities.refresh(person);
      return codeOf(async () =>
        omar.context.keyLog.judge([await identities.refresh(ayesha.person)], refresh),
      );
    };
    function pass(ms: number): void {
      for (const device of [ayesha, omar]) device.profile.offset += ms;
      server.offset += ms;
    }

    it("on an old view that the witnesses go on signing: others are ahead of him", async () => {
      his = keys.fork();
      his.silent = true;
      await keys.publish();
      await commit();
      const said = async () => (await heard())[0]?.ahead;
      await expect.poll(said, { timeout: 50_000 }).toBe(true);
      const pin = await record(omar);
      expect((await heard())[0]?.size).toBeGreaterThan(pin?.size ?? 0);
      expect(await membersAt(omar)).toMatchObject({ state: "warning", by: ayesha.person });
      // His view is fresh by the witnesses' clocks: nothing else would have told him.
      pass(2 * HOUR_MS);
      expect(await judgedAtOmar()).toBe("nothing");
      const trust = await omar.context.keyLog.describe([ayesha.person]);
      expect(trust?.checks.find(({ name }) => name === "fresh")?.state).toBe("good");
      expect(await membersAt(omar)).toMatchObject({ state: "bad", by: ayesha.person });
      // A member may lie about more than he is shown: a warning, and nothing of his is stopped.
      pass(24 * HOUR_MS);
      expect(await judgedAtOmar()).toBe("nothing");
      // The server was only slow: once the log that he is shown has reached hers, and continues it, all is well.
      his = keys;
      pass(HOUR_MS);
      expect(await judgedAtOmar()).toBe("nothing");
      await expect.poll(heard, { timeout: 50_000 }).toEqual([]);
      expect(await membersAt(omar)).toMatchObject({ state: "good" });
    }, 120_000);

    it("and answers with another log than hers, once his has caught up with it", async () => {
      his = keys.fork();
      his.silent = true;
      await commit();
      await expect.poll(async () => (await heard())[0]?.ahead, { timeout: 50_000 }).toBe(true);
      his.silent = false;
      for (let i = 0; i < 20; i++) await his.publish(new Map([[ayesha.person, new Uint8Array(32).fill(9)]]));
      pass(HOUR_MS);
      await judgedAtOmar();
      await expect
        .poll(async () => (await record(omar))?.gossip, { timeout: 50_000 })
        .toEqual({ person: ayesha.person, code: "split_view" });
      expect(await heard()).toEqual([]);
    }, 120_000);

    it("and withholds the proofs is not believed: it is remembered, said, and in the end stopped", async () => {
      keys.withholding = true;
      // His pin must be beyond hers, so that the proof is the server's to give.
      const { checkpoint } = await ayesha.context.keyLog.gossip();
      for (let i = 0; i < 20; i++) await keys.publish();
      expect(await codeOf(() => omar.context.keyLog.heard(checkpoint!, ayesha.person, ayesha.device))).toBe(
        "nothing",
      );
      expect(await heard()).toMatchObject([{ person: ayesha.person, device: ayesha.device, ahead: false }]);
      const { since } = (await heard())[0]!;
      expect(await membersAt(omar)).toMatchObject({ state: "waiting" });
      // A later one of hers does not begin the hours anew.
      pass(30 * 60_000);
      await commit();
      await expect.poll(async () => (await heard())[0]?.size, { timeout: 50_000 }).not.toBe(checkpoint!.size);
      expect(await heard()).toMatchObject([{ device: ayesha.device, since }]);
      pass(HOUR_MS);
      expect(await judgedAtOmar()).toBe("nothing");
      expect(await membersAt(omar)).toMatchObject({ state: "warning", by: ayesha.person });
      // Another process knows of it from the store.
      omar.kill();
      await omar.open();
      await omar.start();
      pass(23 * HOUR_MS);
      expect(await judgedAtOmar()).toBe("keys_stale");
      expect((await record(omar))?.alarm).toBeNull();
      // The proof comes, and it fits.
      keys.withholding = false;
      expect(await judgedAtOmar()).toBe("nothing");
      expect(await heard()).toEqual([]);
      expect(await membersAt(omar)).toMatchObject({ state: "good" });
    }, 120_000);

    it("and members who say more than can be remembered use no more room", async () => {
      for (let i = 0; i < 3; i++) await keys.publish();
      pass(HOUR_MS);
      expect(await judgedAtOmar()).toBe("nothing");
      keys.withholding = true;
      const root = new Uint8Array(32).fill(3);
      const id = (i: number): Id => `00000000-0000-4000-8000-${String(i).padStart(12, "0")}`;
      const say = (person: number, device: number) =>
        omar.context.keyLog.heard({ size: 1, root }, id(person), id(device));
      // One member with ever new devices crowds out no word but their own, and does not begin the hours anew.
      await say(0, 0);
      const { since } = (await heard())[0]!;
      pass(1);
      for (let i = 1; i < 20; i++) await say(0, i);
      expect(await heard()).toHaveLength(8);
      expect(Math.min(...(await heard()).map((one) => one.since))).toBe(since);
      for (let i = 1; i < 70; i++) await say(i, 100 + i);
      expect(await heard()).toHaveLength(64);
      keys.withholding = false;
      // What was kept is still judged: none of it is of this log.
      await omar.context.keyLog.heard({ size: 1, root }, ayesha.person, ayesha.device);
      await expect
        .poll(async () => (await record(omar))?.gossip?.code, { timeout: 50_000 })
        .toBe("split_view");
      expect(await heard()).toEqual([]);
    }, 120_000);
  });
});
