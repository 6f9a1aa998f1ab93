/** Groups of several people over the server's double: what people do to them, and what that shows at everybody. */

import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { ask, type Errand } from "../../src/core/errands";
import { readView } from "../../src/core/pending";
import { readProfile } from "../../src/core/profiles";
import type { Id, MessageItem, Notice } from "../../src/core/api";
import { hurry } from "./clock";
import { TestDevice } from "./device";
import { ServerDouble } from "./double";

let server: ServerDouble;
let ayesha: TestDevice;
let omar: TestDevice;
let sana: TestDevice;

const quiet = (): void => undefined;
const act = (device: TestDevice, errand: Errand): Promise<unknown> => ask(device.context.bus, errand, quiet);

async function makeGroup(by: TestDevice, others: TestDevice[], name = "Budget"): Promise<Id> {
  const persons = others.map(({ person }) => person);
  return (await act(by, { do: "create", name, picture: null, persons })) as Id;
}

const view = (device: TestDevice, talk: Id) => readView(device.context, talk);

/** Until the device has everything of the log and stands as said. */
async function caught(device: TestDevice, talk: Id, standing = "in"): Promise<void> {
  await expect
    .poll(
      async () => {
        const { record } = await view(device, talk).catch(() => ({ record: null }));
        const end = server.talks.get(talk)?.lastSeq(device.person);
        return { standing: record?.standing, end: record?.cursor === end };
      },
      { timeout: 50_000 },
    )
    .toEqual({ standing, end: true });
}

async function roles(device: TestDevice, talk: Id): Promise<Record<Id, string>> {
  const { group } = await view(device, talk);
  return Object.fromEntries((group?.membership ?? []).map(({ person, role }) => [person, role]));
}

const notices = (items: readonly MessageItem[]): Notice[] =>
  items.flatMap((item) => (item.notice ? [item.notice] : []));

beforeEach(async () => {
  server = new ServerDouble();
  [ayesha, omar, sana] = await Promise.all([
    TestDevice.create(server),
    TestDevice.create(server),
    TestDevice.create(server),
  ]);
});

const start = (...devices: TestDevice[]): Promise<unknown> => Promise.all(devices.map((one) => one.start()));

describe("a group of three", () => {
  it("begins with a name, is read by all, and shows who made it", async () => {
    await start(ayesha, omar, sana);
    const talk = await makeGroup(ayesha, [omar, sana]);
    await ayesha.composer.add(talk, "one");
    await omar.settled(talk, 1);
    await omar.composer.add(talk, "two");
    await sana.settled(talk, 2);
    await ayesha.settled(talk, 2);
    expect(await sana.texts(talk)).toEqual(["one", "two"]);
    expect(await roles(sana, talk)).toEqual({
      [ayesha.person]: "admin",
      [omar.person]: "member",
      [sana.person]: "member",
    });
    expect((await readProfile(sana.context, talk)).name).toBe("Budget");
    const [made, took] = notices(await sana.items(talk));
    expect(made).toEqual({ kind: "group-begun", by: ayesha.person });
    expect(took).toEqual({
      kind: "added",
      by: ayesha.person,
      persons: expect.toSatisfy(
        (all: Id[]) => all.toSorted().join() === [omar.person, sana.person].toSorted().join(),
      ),
    });
  });

  it("takes in a fourth person, who reads from then on and knows the name", async () => {
    const noor = await TestDevice.create(server);
    await start(ayesha, omar, sana, noor);
    const talk = await makeGroup(ayesha, [omar, sana]);
    await ayesha.composer.add(talk, "before");
    await omar.settled(talk, 1);
    const done = await act(ayesha, { do: "add", conversation: talk, persons: [noor.person] });
    expect(done).toEqual({ added: [noor.person], invited: [] });
    await caught(noor, talk);
    await ayesha.composer.add(talk, "after");
    await noor.settled(talk, 1);
    expect(await noor.texts(talk)).toEqual(["after"]);
    await noor.composer.add(talk, "hello");
    await omar.settled(talk, 3);
    expect((await readProfile(noor.context, talk)).name).toBe("Budget");
    for (const device of [omar, noor])
      expect(notices(await device.items(talk))).toContainEqual({
        kind: "added",
        by: ayesha.person,
        persons: [noor.person],
      });
    // Nothing of hers is on another device: she was not there.
    expect(notices(await noor.items(talk))).not.toContainEqual({ kind: "history-elsewhere" });
  });

  it("removes a person, whose keys are erased and who reads no more", async () => {
    await start(ayesha, omar, sana);
    const talk = await makeGroup(ayesha, [omar, sana]);
    await ayesha.composer.add(talk, "one");
    await sana.settled(talk, 1);
    await act(ayesha, { do: "remove", conversation: talk, person: sana.person });
    await caught(sana, talk, "out");
    const gone = await view(sana, talk);
    expect(gone.group?.state).toBeNull();
    expect(notices(await sana.items(talk))).toContainEqual({ kind: "you-removed", by: ayesha.person });
    await ayesha.composer.add(talk, "without Sana");
    await omar.settled(talk, 2);
    expect(await sana.texts(talk)).toEqual(["one"]);
    expect(notices(await omar.items(talk))).toContainEqual({
      kind: "removed",
      by: ayesha.person,
      persons: [sana.person],
    });
    const id = await sana.composer.add(talk, "let me in");
    await expect
      .poll(async () => (await sana.items(talk)).find((item) => item.id === id)?.error, { timeout: 50_000 })
      .toBe("not_a_member");
    // Added again, she reads from there on, after a line that says what is missing.
    await act(ayesha, { do: "add", conversation: talk, persons: [sana.person] });
    await caught(sana, talk);
    await omar.composer.add(talk, "welcome back");
    await expect
      .poll(() => sana.texts(talk), { timeout: 50_000 })
      .toEqual(["one", "welcome back", "let me in"]);
    expect(notices(await sana.items(talk)).map(({ kind }) => kind)).toContain("gap");
  });

  it("lets a member leave: somebody else's commit carries the order out", async () => {
    await start(ayesha, omar, sana);
    const talk = await makeGroup(ayesha, [omar, sana]);
    await caught(sana, talk);
    await caught(omar, talk);
    await act(sana, { do: "leave", conversation: talk });
    await caught(sana, talk, "out");
    expect(notices(await sana.items(talk))).toContainEqual({ kind: "you-left" });
    await caught(omar, talk);
    expect(notices(await omar.items(talk))).toContainEqual({ kind: "left", person: sana.person });
    expect(await roles(omar, talk)).not.toHaveProperty(sana.person);
    await omar.composer.add(talk, "she left");
    await ayesha.settled(talk, 1);
  });

  it("makes and unmakes admins, and keeps the last one", async () => {
    await start(ayesha, omar, sana);
    const talk = await makeGroup(ayesha, [omar, sana]);
    await caught(omar, talk);
    await expect(act(omar, { do: "remove", conversation: talk, person: sana.person })).rejects.toMatchObject({
      code: "not_admin",
    });
    await expect(
      act(ayesha, { do: "role", conversation: talk, person: ayesha.person, admin: false }),
    ).rejects.toMatchObject({ code: "last_admin" });
    await act(ayesha, { do: "role", conversation: talk, person: omar.person, admin: true });
    await caught(omar, talk);
    expect((await roles(omar, talk))[omar.person]).toBe("admin");
    await act(omar, { do: "role", conversation: talk, person: ayesha.person, admin: false });
    await caught(sana, talk);
    expect(await roles(sana, talk)).toMatchObject({ [omar.person]: "admin", [ayesha.person]: "member" });
    expect(notices(await sana.items(talk))).toContainEqual({
      kind: "admin",
      by: omar.person,
      person: ayesha.person,
      admin: false,
    });
  });

  it("is renamed by an admin alone, in the order of the log", async () => {
    await start(ayesha, omar, sana);
    const talk = await makeGroup(ayesha, [omar, sana]);
    await caught(omar, talk);
    await expect(
      act(omar, { do: "profile", conversation: talk, name: "Mine", picture: null }),
    ).rejects.toMatchObject({ code: "not_admin" });
    await act(ayesha, { do: "profile", conversation: talk, name: "Budget 2027", picture: null });
    await caught(omar, talk);
    expect((await readProfile(omar.context, talk)).name).toBe("Budget 2027");
    expect((await readProfile(ayesha.context, talk)).name).toBe("Budget 2027");
    expect(notices(await omar.items(talk))).toContainEqual({
      kind: "renamed",
      by: ayesha.person,
      name: "Budget 2027",
    });
  });

  it("lets both of two racing admins have their way, one after the other", async () => {
    const [noor, bilal] = [await TestDevice.create(server), await TestDevice.create(server)];
    await start(ayesha, omar, sana, noor, bilal);
    const talk = await makeGroup(ayesha, [omar, sana]);
    await act(ayesha, { do: "role", conversation: talk, person: omar.person, admin: true });
    await caught(omar, talk);
    await Promise.all([
      act(ayesha, { do: "add", conversation: talk, persons: [noor.person] }),
      act(omar, { do: "add", conversation: talk, persons: [bilal.person] }),
    ]);
    for (const device of [ayesha, omar, sana, noor, bilal]) await caught(device, talk);
    expect(Object.keys(await roles(sana, talk))).toHaveLength(5);
    await noor.composer.add(talk, "all here");
    for (const device of [ayesha, omar, sana, bilal]) await device.settled(talk, 1);
  });

  it("invites who has no device yet and takes them in when they have one", async () => {
    const late = await TestDevice.create(server);
    const statements = server.chains.get(late.person) ?? [];
    server.chains.delete(late.person);
    await start(ayesha, omar, sana);
    const talk = await makeGroup(ayesha, [omar, late]);
    await caught(omar, talk);
    expect((await roles(omar, talk))[late.person]).toBe("invited");
    for (const statement of statements) await server.appendStatement(late.person, statement);
    await late.start();
    await caught(late, talk);
    expect((await roles(ayesha, talk))[late.person]).toBe("member");
    await caught(omar, talk);
    await caught(ayesha, talk);
    // Whichever device let them in: it is the invitation that counts, and nobody has "added" them now.
    for (const device of [ayesha, omar]) {
      const told = notices(await device.items(talk));
      expect(told.some(({ kind }) => kind === "joined")).toBe(true);
      expect(told).not.toContainEqual(expect.objectContaining({ kind: "added", persons: [late.person] }));
    }
    await ayesha.composer.add(talk, "now you read");
    await late.settled(talk, 1);
  });
});

describe("devices in a group", () => {
  it("adds a person's new device by another one of theirs", async () => {
    await start(ayesha, omar);
    const talk = await makeGroup(ayesha, [omar]);
    await ayesha.composer.add(talk, "before");
    await omar.settled(talk, 1);
    const second = await omar.approve();
    await second.start();
    await omar.sync?.groups.attend(talk);
    await caught(second, talk);
    await ayesha.composer.add(talk, "to both");
    await second.settled(talk, 1);
    await omar.settled(talk, 2);
    expect(await second.texts(talk)).toEqual(["to both"]);
    expect(notices(await ayesha.items(talk))).toContainEqual({ kind: "device-added", person: omar.person });
    // The device is new, its person is not.
    const told = notices(await second.items(talk)).map(({ kind }) => kind);
    expect(told).toContain("device-added");
    expect(told).not.toContain("added");
  });

  it("lets in by order a device that asks, and removes one that was revoked", async () => {
    onTestFinished(hurry(8));
    await start(ayesha, omar);
    const talk = await makeGroup(ayesha, [omar]);
    await caught(omar, talk);
    const second = await omar.approve();
    omar.kill();
    await second.start();
    await caught(second, talk);
    await ayesha.composer.add(talk, "one");
    await second.settled(talk, 1);
    await second.revoke(omar.device);
    await caught(ayesha, talk);
    await expect
      .poll(async () => (await view(ayesha, talk)).group?.devices.map(({ device }) => device).sort(), {
        timeout: 50_000,
      })
      .toEqual([ayesha.device, second.device].sort());
    await second.composer.add(talk, "only me now");
    await ayesha.settled(talk, 2);
  });
});
