/** What one person's devices tell each other: when it was said counts, however late and however often it is told. */

import { beforeEach, expect, it } from "vitest";
import type { Composer } from "../../src/core/composer";
import { rememberConversation } from "../../src/core/catchup";
import { idBytes, newId } from "../../src/core/ids";
import { SelfSync, takeSync } from "../../src/core/selfsync";
import { Step } from "../../src/core/step";
import { readSynced, Synced } from "../../src/core/synced";
import { type Content, decodeContent } from "../../src/crypto/content";
import { TestDevice } from "./device";
import { ServerDouble } from "./double";

type Said = Extract<Content, { t: "sync" }>;

const base = new Uint8Array(32).fill(7);
const HOUR = 3_600_000;

let device: TestDevice;
let synced: Synced;
let self: string;
let said: Said[];

beforeEach(async () => {
  const server = new ServerDouble();
  device = await TestDevice.create(server);
  synced = new Synced(device.context);
  self = newId();
  said = [];
  const told = { generation: 0, epoch: 0, groupId: null, blocked: false, orders: 0, frozenSeq: null };
  const view = {
    id: self,
    kind: "self" as const,
    persons: [device.person],
    lastSeq: 0,
    left: false,
    ...told,
  };
  await rememberConversation(device.context, view);
});

/** Everything that waits is told; what was said. */
async function tell(): Promise<Said[]> {
  const composer = {
    post: (_: string, content: Uint8Array) => {
      said.push(decodeContent(content) as Said);
      return Promise.resolve(newId());
    },
  };
  await new SelfSync(device.context, composer as unknown as Composer).poke();
  return said.splice(0);
}

/** Another own device says something. */
async function hear(at: number, values: Said["values"]): Promise<void> {
  const { context } = device;
  const stored = await context.store.get("conversations", await context.store.conversation(self));
  const step = new Step(context, stored!);
  await takeSync(context, step, { t: "sync", id: idBytes(newId()), at, values }, newId());
  await context.store.commit(step.batch);
}

it("a mark that is told once more is no younger for it, and gives way to what cleared it", async () => {
  const person = newId();
  await synced.set("verified", person, base);
  const [first] = await tell();
  device.profile.offset = 2 * HOUR;
  await synced.set("draft", newId(), "typed just now");
  await synced.tellAll();
  const again = (await tell()).find(({ values }) => `verified:${person}` in values);
  expect(again?.at).toBe(first?.at);
  // The directory changed meanwhile, and the other device cleared the mark an hour ago.
  await hear((first?.at ?? 0) + HOUR, { [`verified:${person}`]: new Uint8Array() });
  expect(await readSynced(device.context.store, "verified", person)).toHaveLength(0);
});

it("values that were said at different times are not told as the newest of them", async () => {
  const conversation = newId();
  await synced.set("mute", conversation, 5);
  device.profile.offset = HOUR;
  await synced.set("verified", newId(), base);
  device.profile.offset = 2 * HOUR;
  const messages = await tell();
  const muted = messages.find(({ values }) => `mute:${conversation}` in values);
  expect(muted?.at).toBeLessThan(device.context.now() - HOUR);
});

it("a clock that is ages ahead does not keep this device from telling", async () => {
  const conversation = newId();
  await hear(253_402_300_799_999, { [`mute:${conversation}`]: 5 });
  expect(await readSynced(device.context.store, "mute", conversation)).toBe(5);
  await synced.set("mute", conversation, 9);
  expect((await tell()).map(({ values }) => values)).toEqual([{ [`mute:${conversation}`]: 9 }]);
});

it("what was read on another device is read, though something was said here later", async () => {
  const conversation = newId();
  await synced.set("read", conversation, 3);
  await hear(device.context.now() - HOUR, { [`read:${conversation}`]: 8 });
  const { store } = device.context;
  const reads = await store.get("reads", await store.conversation(conversation));
  expect(reads?.value.readSeq).toBe(8);
});
