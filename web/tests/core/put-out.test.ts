/** Whom the server puts out of a group: what the device does about it then, and what it must not do. */

import { afterEach, beforeEach, expect, it } from "vitest";
import type { Id, Notice } from "../../src/core/api";
import { NORMAL } from "../../src/core/begins";
import { ask, type Errand } from "../../src/core/errands";
import { readView } from "../../src/core/pending";
import { type Batch, type ConversationRecord, numbered, StoreError } from "../../src/store";
import { hurried } from "./clock";
import { TestDevice } from "./device";
import { ServerDouble, type Talk } from "./double";
import { onlyTo, onState } from "./double-lies";

hurried(8);
let server: ServerDouble;
let ayesha: TestDevice, omar: TestDevice, sana: TestDevice;
let talk: Id;
let room: Talk;

const quiet = (): void => undefined;
const act = (device: TestDevice, errand: Errand): Promise<unknown> => ask(device.context.bus, errand, quiet);
const view = (device: TestDevice) => readView(device.context, talk);
const patience = { timeout: 50_000 };

const stands = async (device: TestDevice, standing: ConversationRecord["standing"]): Promise<void> => {
  await expect.poll(async () => (await view(device)).record.standing, patience).toBe(standing);
};
const caught = async (device: TestDevice): Promise<void> => {
  await expect.poll(async () => (await view(device)).record.cursor, patience).toBe(room.envelopes.length);
  await stands(device, "in");
};
const notices = async (device: TestDevice): Promise<Notice[]> =>
  (await device.items(talk)).flatMap(({ notice }) => (notice ? [notice] : []));

/** Tells this device, and no other, that its person is out. No commit says so. */
function say(device: TestDevice): void {
  server.tamper = onlyTo(
    device.device,
    onState((state) => ({ ...state, left: true })),
  );
  server.tellState(room, [device.person]);
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
  room = server.talks.get(talk)!;
  for (const device of [ayesha, omar, sana]) await caught(device);
});

afterEach(() => {
  for (const device of [ayesha, omar, sana]) if (device.sync) device.kill();
});

it("a wish to leave that was refused is none: who is put out later was removed, and has not left", async () => {
  // Stopped, as the device has not heard: nobody can leave it now.
  room.frozenSeq = room.envelopes.length;
  await expect(act(omar, { do: "leave", conversation: talk })).rejects.toMatchObject({
    code: "rejoin_refused",
  });
  room.frozenSeq = null;
  say(omar);
  await stands(omar, "out");
  expect(await notices(omar)).toContainEqual({ kind: "you-removed", by: null });
});

it("a wish to leave that was refused may be made again", async () => {
  room.frozenSeq = room.envelopes.length;
  await expect(act(omar, { do: "leave", conversation: talk })).rejects.toMatchObject({
    code: "rejoin_refused",
  });
  expect(omar.sync?.groups.leaving.has(talk)).toBe(false);
  room.frozenSeq = null;
  await act(omar, { do: "leave", conversation: talk });
  await stands(omar, "out");
  expect(await notices(omar)).toContainEqual({ kind: "you-left" });
});

/** Whether the transaction is the one in which the device writes that its person is out. */
const puts = (batch: Batch): boolean =>
  [...batch.changes.values()].some(
    ({ table, value }) =>
      table === "conversations" && (value as ConversationRecord | undefined)?.standing === "out",
  );

it("what met a row that somebody else had written is done again, and nothing beside it", async () => {
  const { store } = omar.context;
  const commit = store.commit.bind(store);
  let conflicts = 0;
  store.commit = (batch, options) => {
    if (conflicts > 0 || !puts(batch)) return commit(batch, options);
    conflicts += 1;
    return Promise.reject(new StoreError("conflict"));
  };
  const asked: string[] = [];
  const request = omar.link.request.bind(omar.link);
  omar.link.request = (tag, fields) => {
    asked.push(tag);
    return request(tag, fields);
  };
  say(omar);
  await stands(omar, "out");
  expect(conflicts).toBe(1);
  // The connection is sound: whoever began it anew would read every log again.
  expect(asked).not.toContain("resume");
});

it("a device whose person is out by the newest that it knows begins nothing with those of before", async () => {
  expect(await ayesha.sync!.groups.succeed(talk, NORMAL)).toBe(true);
  for (const device of [ayesha, omar, sana]) await caught(device);
  await act(ayesha, { do: "remove", conversation: talk, person: omar.person });
  await stands(omar, "out");
  const { blind } = await view(omar);
  const known = async (generation: number) =>
    (await omar.context.store.get("groups", numbered(blind, generation)))?.value.membership.length;
  expect([await known(1), await known(2)]).toEqual([3, 2]);
  for (const lost of [ayesha, sana]) {
    await lost.revoke(lost.device);
    lost.kill();
  }
  // A server that names him as a member all the same, where nobody is left who could say otherwise.
  room.participants.get(omar.person)!.left = null;
  server.tellState(room, [omar.person]);
  // It has asked, and has heard that nobody could let it in.
  const refused = () => omar.context.journal.entries().some(({ code }) => code === "rejoin_refused");
  await expect.poll(refused, patience).toBe(true);
  expect(await omar.sync!.groups.ensure(talk)).toBe(false);
  expect(room.generation).toBe(2);
});

it("all who are there ask to leave at once: nobody can carry out all of it, and all are out", async () => {
  const all = [ayesha, omar, sana];
  const end = room.envelopes.length;
  await Promise.all(all.map((device) => act(device, { do: "leave", conversation: talk })));
  for (const device of all) {
    await stands(device, "out");
    expect(await notices(device)).toContainEqual({ kind: "you-left" });
  }
  expect(all.some(({ person }) => room.isMember(person))).toBe(false);
  expect(room.blocked).toBe(false);
  expect(room.envelopes).toHaveLength(end);
});
