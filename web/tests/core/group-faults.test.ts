/** Groups when something goes wrong: a commit that nobody can use, a long absence, a server restored to an older point. */

import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { Id, MessageItem, Notice } from "../../src/core/api";
import { ask, type Errand } from "../../src/core/errands";
import { LARGE, NORMAL } from "../../src/core/begins";
import { idBytes, newId } from "../../src/core/ids";
import { ASKED_MS } from "../../src/core/leaves";
import { readView } from "../../src/core/pending";
import { readProfile } from "../../src/core/profiles";
import { TransportError } from "../../src/transport";
import { concat } from "../../src/crypto/bytes";
import { hurry } from "./clock";
import { TestDevice } from "./device";
import { ServerDouble } from "./double";
import { onEnvelopes, onlyTo, onMail, onState } from "./double-lies";

let server: ServerDouble;
let ayesha: TestDevice;
let omar: TestDevice;
let sana: TestDevice;
let talk: Id;

const quiet = (): void => undefined;
const act = (device: TestDevice, errand: Errand): Promise<unknown> => ask(device.context.bus, errand, quiet);
const view = (device: TestDevice) => readView(device.context, talk);
const patience = { timeout: 50_000 };

const notices = (items: readonly MessageItem[]): Notice[] =>
  items.flatMap((item) => (item.notice ? [item.notice] : []));

async function caught(...devices: TestDevice[]): Promise<void> {
  for (const device of devices)
    await expect
      .poll(async () => {
        const { record } = await view(device);
        return record.standing === "in" && record.cursor === server.talks.get(talk)?.envelopes.length;
      }, patience)
      .toBe(true);
}

beforeEach(async () => {
  server = new ServerDouble();
  [ayesha, omar, sana] = await Promise.all([
    TestDevice.create(server),
    TestDevice.create(server),
    TestDevice.create(server),
  ]);
  await Promise.all([ayesha.start(), omar.start(), sana.start()]);
  const persons = [omar.person, sana.person];
  talk = (await act(ayesha, { do: "create", name: "Budget", picture: null, persons })) as Id;
  await caught(ayesha, omar, sana);
});

afterEach(() => {
  for (const device of [ayesha, omar, sana]) if (device.sync) device.kill();
});

/** Omar's client spoils its own commit; the server, which cannot verify it, takes it. */
function omarSpoils(spoil: (body: Uint8Array) => void): void {
  const request = omar.link.request.bind(omar.link);
  omar.link.request = ((tag: string, fields: { body?: Uint8Array }) => {
    if (tag === "commit" && fields.body) spoil(fields.body);
    return request(tag as "commit", fields as never);
  }) as typeof omar.link.request;
}

/** Two members have reported a commit, which stops the group. Its successor may be there before anybody looks. */
async function stopped(): Promise<void> {
  const reports = () => [...(server.talks.get(talk)?.reports.values() ?? [])];
  await expect.poll(() => reports().map((persons) => persons.size), patience).toEqual([2]);
}

describe("a commit that nobody can use", () => {
  it("is reported, freezes the group, and a successor of its founder takes everybody along", async () => {
    omarSpoils((body) => {
      body[body.length - 1] = (body.at(-1) ?? 0) ^ 1;
    });
    await omar.composer.add(talk, "after my healing");
    await stopped();
    omar.kill();
    await expect.poll(() => server.talks.get(talk)?.generation, patience).toBe(2);
    await sana.composer.add(talk, "in the new one");
    await ayesha.settled(talk, 1);
    for (const device of [ayesha, sana]) {
      expect(notices(await device.items(talk))).toContainEqual({
        kind: "successor",
        by: ayesha.person,
        reason: "broken",
      });
      expect((await view(device)).group?.membership).toHaveLength(3);
    }
  });

  it("is reported although it seems to name somebody whom nobody knows", async () => {
    const nobody = newId();
    for (const { context } of [ayesha, sana]) {
      const { api } = context;
      const identity = api.identity.bind(api);
      api.identity = (person, after) =>
        person === nobody ? Promise.reject(new TransportError("not_found")) : identity(person, after);
    }
    const name = new TextEncoder().encode(`${nobody}/${newId()}`);
    // Within what is sealed for another member: well-formed, and opaque to the server.
    omarSpoils((body) => {
      body.set(name, body.length - 700);
    });
    await omar.composer.add(talk, "after my healing");
    await stopped();
    omar.kill();
    await expect.poll(() => server.talks.get(talk)?.generation, patience).toBe(2);
  });
});

describe("a newcomer who is lied to", () => {
  it("joins although the commit seems to name somebody whom nobody knows", async () => {
    const hamid = await TestDevice.create(server);
    const name = new TextEncoder().encode(`${newId()}/${newId()}`);
    server.tamper = onlyTo(
      hamid.device,
      onEnvelopes((one) => (one.kind === 2 ? { ...one, body: concat(one.body, name) } : one)),
    );
    await hamid.start();
    await act(ayesha, { do: "add", conversation: talk, persons: [hamid.person] });
    await expect.poll(async () => (await joined(hamid))?.membership.length, patience).toBe(4);
    hamid.kill();
  });

  it("takes no group for the conversation of its own devices", async () => {
    const hamid = await TestDevice.create(server);
    server.tamper = onlyTo(
      hamid.device,
      onState((state) => ({ ...state, kind: "self", persons: [idBytes(hamid.person)] })),
    );
    await hamid.start();
    await act(ayesha, { do: "add", conversation: talk, persons: [hamid.person] });
    // What is read, muted and drafted here would be told to everybody in it.
    const refused = () => hamid.context.journal.entries().some(({ code }) => code === "policy_refused");
    await expect.poll(refused, patience).toBe(true);
    expect(await joined(hamid)).toBeUndefined();
    hamid.kill();
  });

  async function joined({ context }: TestDevice) {
    const rows = await context.store.all("groups");
    return rows.find(({ value }) => value.state !== null)?.value;
  }
});

describe("a group that outgrows its suite", () => {
  it("goes on in a classical successor with the same members, name and admin", async () => {
    await ayesha.composer.add(talk, "before");
    await omar.settled(talk, 1);
    expect(await ayesha.sync?.groups.succeed(talk, LARGE)).toBe(true);
    await caught(ayesha, omar, sana);
    await omar.composer.add(talk, "after");
    await sana.settled(talk, 2);
    for (const device of [ayesha, omar, sana]) {
      const { record, group } = await view(device);
      expect(record.generation).toBe(2);
      expect(group).toMatchObject({ suite: LARGE.suite, sizeClass: "large" });
      expect(group?.membership.find(({ role }) => role === "admin")?.person).toBe(ayesha.person);
      expect((await readProfile(device.context, talk)).name).toBe("Budget");
      expect(notices(await device.items(talk))).toContainEqual({
        kind: "successor",
        by: ayesha.person,
        reason: "policy",
      });
    }
  });

  it("is made anew by nobody but an admin", async () => {
    await expect(omar.sync?.groups.succeed(talk, LARGE)).rejects.toMatchObject({ code: "not_admin" });
    expect(server.talks.get(talk)?.generation).toBe(1);
    await omar.composer.add(talk, "still here");
    await sana.settled(talk, 1);
  });
});

describe("a device that was away for long", () => {
  it("catches up with messages, a newcomer, a removal and a revocation in one go", async () => {
    onTestFinished(hurry(8));
    const [noor, bilal] = [await TestDevice.create(server), await TestDevice.create(server)];
    await Promise.all([noor.start(), bilal.start()]);
    await act(ayesha, { do: "add", conversation: talk, persons: [bilal.person] });
    await caught(bilal, omar, sana);
    omar.kill();
    await ayesha.composer.add(talk, "one");
    await sana.settled(talk, 1);
    await act(ayesha, { do: "add", conversation: talk, persons: [noor.person] });
    await noor.composer.add(talk, "two");
    await ayesha.settled(talk, 2);
    await act(ayesha, { do: "remove", conversation: talk, person: bilal.person });
    const second = await sana.approve();
    await second.start();
    await caught(second);
    await second.revoke(sana.device);
    await second.composer.add(talk, "three");
    await ayesha.settled(talk, 3);
    await omar.open();
    await omar.start();
    await omar.settled(talk, 3);
    expect(await omar.texts(talk)).toEqual(["one", "two", "three"]);
    await omar.composer.add(talk, "back");
    await ayesha.settled(talk, 4);
    const seen = notices(await omar.items(talk)).map(({ kind }) => kind);
    for (const kind of ["added", "removed", "device-added", "device-removed"]) expect(seen).toContain(kind);
    expect(seen).not.toContain("log-mismatch");
    for (const device of [noor, bilal, second]) device.kill();
  });

  it("is let in again by order when its leaf was taken, and marks what it missed", async () => {
    await ayesha.composer.add(talk, "one");
    await omar.settled(talk, 1);
    omar.kill();
    await server.removeEverywhere(omar.person, omar.device);
    await ayesha.composer.add(talk, "missed");
    await sana.settled(talk, 2);
    await omar.open();
    await omar.start();
    await caught(omar);
    await ayesha.composer.add(talk, "read");
    await expect.poll(() => omar.texts(talk), patience).toEqual(["one", "read"]);
    expect(notices(await omar.items(talk)).map(({ kind }) => kind)).toContain("gap");
    await omar.composer.add(talk, "thanks");
    await sana.settled(talk, 4);
  });

  /** While Omar is away, Ayesha carries out what he asked for long ago: one commit takes his leaf and gives him another. */
  async function carriedOutLate(): Promise<void> {
    onTestFinished(hurry(8));
    await ayesha.composer.add(talk, "one");
    await omar.settled(talk, 1);
    ayesha.kill();
    sana.kill();
    await omar.sync?.groups.askIn(talk);
    omar.kill();
    expect(server.talks.get(talk)?.openOrders(server.now())).toHaveLength(2);
    // By then a Welcome into a known group would be refused as one that nobody asked for.
    server.offset = 2 * ASKED_MS;
    for (const device of [ayesha, omar, sana]) device.profile.offset = server.offset;
    await ayesha.open();
    await ayesha.start();
    await caught(ayesha);
    await expect.poll(() => server.talks.get(talk)?.openOrders(server.now()), patience).toEqual([]);
    await ayesha.composer.add(talk, "while you were away");
    await ayesha.settled(talk, 2);
  }

  it("reads on when a request of long ago takes its leaf and gives it another", async () => {
    await carriedOutLate();
    const epoch = server.talks.get(talk)?.epoch;
    await omar.open();
    await omar.start();
    await caught(omar);
    await expect.poll(() => omar.texts(talk), patience).toEqual(["one", "while you were away"]);
    expect(server.talks.get(talk)?.epoch).toBe(epoch);
    expect(notices(await omar.items(talk)).map(({ kind }) => kind)).not.toContain("gap");
  });

  /** Spoils the next Welcome that Omar gets. */
  function spoilsWelcome(): void {
    let spoilt: number | null = null;
    server.tamper = onlyTo(
      omar.device,
      onMail((mail) => {
        spoilt ??= mail.log_seq;
        return mail.log_seq === spoilt ? { ...mail, welcome: mail.welcome.map((octet) => octet ^ 1) } : mail;
      }),
    );
  }

  it("asks to be let in again when the Welcome of such a commit is spoilt, and marks what it missed", async () => {
    await carriedOutLate();
    spoilsWelcome();
    const epoch = server.talks.get(talk)?.epoch ?? 0;
    await omar.open();
    await omar.start();
    await expect.poll(() => server.talks.get(talk)?.epoch, patience).toBeGreaterThan(epoch);
    await caught(omar);
    // The commit was sound, and nobody is told otherwise.
    expect(server.talks.get(talk)?.reports.size).toBe(0);
    await ayesha.composer.add(talk, "read");
    await expect.poll(() => omar.texts(talk), patience).toEqual(["one", "read"]);
    expect(notices(await omar.items(talk)).map(({ kind }) => kind)).toContain("gap");
  });

  it("knows at once that its leaf is gone when the Welcome that it has just asked for is spoilt", async () => {
    onTestFinished(hurry(8));
    await ayesha.composer.add(talk, "one");
    await omar.settled(talk, 1);
    spoilsWelcome();
    await omar.sync?.groups.askIn(talk);
    await expect.poll(async () => (await view(omar)).record.standing, patience).toBe("waiting");
    // The commit is judged by the tree that it ends: nothing of that is kept, and nobody is told that it is unsound.
    expect((await view(omar)).group?.state).toBeNull();
    expect(server.talks.get(talk)?.reports.size).toBe(0);
    await ayesha.composer.add(talk, "missed");
    await sana.settled(talk, 2);
    omar.kill();
    await omar.open();
    await omar.start();
    await caught(omar);
    await ayesha.composer.add(talk, "read");
    await expect.poll(() => omar.texts(talk), patience).toEqual(["one", "read"]);
    expect(notices(await omar.items(talk)).map(({ kind }) => kind)).toContain("gap");
  });
});

describe("a group in which no device lives any more", () => {
  it("is begun anew by a member who was in it, with everybody as they were", async () => {
    await ayesha.composer.add(talk, "one");
    await omar.settled(talk, 1);
    await server.removeEverywhere(omar.person, omar.device);
    await expect.poll(async () => (await view(omar)).record.standing, patience).not.toBe("in");
    omar.kill();
    for (const lost of [ayesha, sana]) {
      await lost.revoke(lost.device);
      lost.kill();
    }
    await omar.open();
    await omar.start();
    await expect.poll(() => server.talks.get(talk)?.generation, patience).toBe(2);
    await caught(omar);
    const roles = (await view(omar)).group?.membership.map(({ person, role }) => [person, role]);
    expect(roles).toHaveLength(3);
    expect(roles).toContainEqual([ayesha.person, "admin"]);
    await omar.composer.add(talk, "still here");
    await omar.settled(talk, 2);
  });

  it.each([
    ["hybrid", NORMAL],
    ["classical", LARGE],
  ])("keeps the suite of the last generation that the member was in: %s", async (_, shape) => {
    expect(await ayesha.sync?.groups.succeed(talk, shape)).toBe(true);
    await caught(ayesha, omar, sana);
    omar.kill();
    // Nobody could take Omar along: of the third generation his device knows that it has begun, and no more.
    server.device(omar.device).packages = [];
    expect(await ayesha.sync?.groups.succeed(talk, shape)).toBe(true);
    await caught(ayesha, sana);
    for (const lost of [ayesha, sana]) {
      await lost.revoke(lost.device);
      lost.kill();
    }
    await omar.open();
    await omar.start();
    await expect.poll(() => server.talks.get(talk)?.generation, patience).toBe(4);
    await caught(omar);
    const { group } = await view(omar);
    expect(group).toMatchObject(shape);
    expect(group?.membership).toHaveLength(3);
  });
});

describe("a server that was restored to an older point", () => {
  it("gets back what its members hold, and everybody talks on", async () => {
    for (const text of ["one", "two"]) await ayesha.composer.add(talk, text);
    await sana.settled(talk, 2);
    await omar.composer.add(talk, "three");
    await ayesha.settled(talk, 3);
    await caught(ayesha, omar, sana);
    const room = server.talks.get(talk)!;
    const before = room.envelopes.length;
    const hashes = room.hashes.map((hash) => Buffer.from(hash).toString("hex"));
    for (const device of [ayesha, omar, sana]) device.kill();
    room.restore(3);
    server.readOnly = true;
    await omar.open();
    await omar.start();
    await expect.poll(() => room.envelopes.length, patience).toBe(before);
    expect(room.hashes.map((hash) => Buffer.from(hash).toString("hex"))).toEqual(hashes);
    server.readOnly = false;
    for (const device of [ayesha, sana]) {
      await device.open();
      await device.start();
    }
    await ayesha.composer.add(talk, "four");
    await omar.settled(talk, 4);
    expect(notices(await omar.items(talk)).map(({ kind }) => kind)).not.toContain("log-mismatch");
  });
});
