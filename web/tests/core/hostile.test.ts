/** A server, a partner and a worker that misbehave: each is refused, nothing of ours is lost, the next send works. */

import { beforeEach, expect, it } from "vitest";
import { idBytes, newId } from "../../src/core/ids";
import { sha256, toHex } from "../../src/crypto/bytes";
import { Batch, named, numbered } from "../../src/store";
import { TransportError } from "../../src/transport";
import { CryptoError } from "../../src/crypto/errors";
import { firstStatement, nextStatement } from "../../src/crypto/statements";
import { verifyChain } from "../../src/crypto/chain";
import { deviceSigner, recoverySigner } from "../../src/core/identities";
import { encodeContent } from "../../src/crypto/content";
import { TestDevice } from "./device";
import { ServerDouble } from "./double";
let server: ServerDouble, ayesha: TestDevice, omar: TestDevice, talk: string;
beforeEach(async () => {
  server = new ServerDouble();
  ayesha = await TestDevice.create(server);
  omar = await TestDevice.create(server);
  talk = await ayesha.meet(omar);
});
const both = () => Promise.all([ayesha.start(), omar.start()]);
const sleep = (ms: number) => new Promise((r) => setTimeout(r, ms));
const replay = (seq: number, to: TestDevice[]) => {
  const t = server.talks.get(talk)!;
  const first = t.envelopes[seq - 1]!;
  const envelope = { ...first, seq: t.envelopes.length + 1 };
  t.envelopes.push(envelope);
  t.hashes.push(new Uint8Array(32));
  for (const d of to) d.link.push({ t: "envelopes", conversation: idBytes(talk), envelopes: [envelope] });
};
const group = async (d: TestDevice, g = 1) =>
  (await d.context.store.get("groups", numbered(await d.context.store.conversation(talk), g)))?.value;
it("a begin replayed later leaves the partner's group", async () => {
  await both();
  await ayesha.composer.add(talk, "one");
  await omar.settled(talk, 1);
  expect((await group(omar))?.state).not.toBeNull();
  replay(1, [omar]);
  await sleep(500);
  expect((await group(omar))?.state).not.toBeNull();
});
it("an own message replayed at another seq is not a rollback", async () => {
  await both();
  await ayesha.composer.add(talk, "one");
  await omar.settled(talk, 1);
  await ayesha.settled(talk, 1);
  await sleep(300);
  replay(2, [ayesha]);
  await sleep(500);
  expect(ayesha.rolledBack).toBe(false);
});
it("a dead worker while joining does not refuse the Welcome", async () => {
  const join = omar.engine.join.bind(omar.engine);
  omar.engine.join = () => Promise.reject(new CryptoError("engine_failed"));
  await both();
  await ayesha.composer.add(talk, "one");
  await ayesha.settled(talk, 1);
  await sleep(700);
  omar.kill();
  omar.engine.join = join;
  await omar.open();
  await omar.start();
  await omar.settled(talk, 1);
});
it("identity_changed lost: Welcome of a device newer than the cached chain", async () => {
  const e = ayesha.engine,
    person = idBytes(ayesha.person);
  const decoyId = idBytes(newId());
  const decoy = await e.generateDeviceKeys({ person, device: decoyId });
  const code = await e.newRecoveryCode();
  const entry = (keys: typeof decoy) => ({
    id: keys.device,
    name: "x",
    kind: "regular" as const,
    signatureKey: keys.signaturePublic,
    addedAt: 1,
    expiresAt: null,
  });
  const rec = await recoverySigner(e, code, person);
  const v1 = await firstStatement({
    person,
    device: entry(decoy),
    at: 1,
    deviceSigner: deviceSigner(e, decoy),
    recovery: rec,
  });
  const chain = await verifyChain([v1], { person });
  const v2 = await nextStatement({ chain, add: [entry(ayesha.keys)], revoke: [decoyId], at: 2, signer: rec });
  server.chains.set(ayesha.person, [v1]);
  await omar.start();
  await omar.sync!.identities.fresh(ayesha.person);
  server.chains.set(ayesha.person, [v1, v2]);
  await ayesha.start();
  await ayesha.composer.add(talk, "one");
  await ayesha.settled(talk, 1);
  await omar.settled(talk, 1);
});
it("healing is not given up because the server was busy", async () => {
  await both();
  await ayesha.composer.add(talk, "one");
  await omar.settled(talk, 1);
  let busy = 1;
  omar.link.before = (tag) => {
    if (tag === "commit" && busy-- > 0) throw new TransportError("busy");
  };
  await omar.composer.add(talk, "two");
  await ayesha.settled(talk, 2);
  expect(server.talks.get(talk)!.envelopes.map((x) => x.kind)).toEqual([3, 1, 2, 1]);
});
it("healing is not given up because the server lies about the epoch", async () => {
  await both();
  await ayesha.composer.add(talk, "one");
  await omar.settled(talk, 1);
  omar.link.before = (tag) => {
    if (tag === "commit") throw new TransportError("epoch_conflict");
  };
  await omar.composer.add(talk, "two");
  await sleep(1500);
  expect(server.talks.get(talk)!.envelopes.map((x) => x.kind)).toEqual([3, 1]);
});
it("marks of the own replaced device are not the partner's", async () => {
  await ayesha.start();
  await ayesha.composer.add(talk, "one");
  await ayesha.settled(talk, 1);
  // an older device of the same person (listed revoked in its chain) acknowledged up to here
  ayesha.link.push({
    t: "delivered",
    conversation: idBytes(talk),
    mark: { device: idBytes(newId()), seq: 2 },
  });
  await sleep(300);
  expect((await ayesha.items(talk)).find((i) => i.text === "one")?.state).toBe("sent");
});
it("a state from the server that names a far generation does not stop us for ever", async () => {
  await both();
  await ayesha.composer.add(talk, "one");
  await omar.settled(talk, 1);
  const t = server.talks.get(talk)!;
  ayesha.link.push({ t: "conversation_changed", state: { ...server.state(t), generation: 7 } });
  await sleep(300);
  ayesha.link.push({ t: "conversation_changed", state: server.state(t) });
  await ayesha.composer.add(talk, "two");
  await omar.settled(talk, 2);
});
it("keys of rows do not say who wrote", async () => {
  await both();
  await ayesha.composer.add(talk, "one");
  await omar.settled(talk, 1);
  await omar.composer.add(talk, "two");
  await ayesha.settled(talk, 2);
  await sleep(1500);
  for (const d of [omar, ayesha]) {
    const rows = (
      await Promise.all(
        d.database.dexie.tables.map(async (t) => (await t.toCollection().primaryKeys()).map(String)),
      )
    ).flat();
    for (const id of [omar.person, ayesha.person, omar.device, ayesha.device, talk])
      expect(rows.filter((k) => k.includes(id))).toEqual([]);
  }
});
it("a partner's time does not hold the list's top for ever", async () => {
  await both();
  await ayesha.composer.add(talk, "one");
  await omar.settled(talk, 1);
  const real = omar.engine.encrypt.bind(omar.engine);
  omar.engine.encrypt = (i) =>
    real({
      ...i,
      content: encodeContent({ t: "text", id: idBytes(newId()), at: 253_402_300_000_000, text: "late" }),
    });
  await omar.composer.add(talk, "late");
  await ayesha.settled(talk, 2);
  const at = (await ayesha.context.store.get("conversations", await ayesha.context.store.conversation(talk)))!
    .value.at;
  expect(at).toBeLessThan(Date.now() + 86_400_000);
});
it("a copied message gives way to the one that was decrypted here", async () => {
  await both();
  await ayesha.composer.add(talk, "one");
  await omar.settled(talk, 1);
  omar.kill();
  const message = await ayesha.composer.add(talk, "two");
  await ayesha.settled(talk, 2);
  await omar.open();
  // Another device of Omar's was quicker to say what it is, and said something else.
  const { store } = omar.context;
  const blind = await store.conversation(talk);
  const hash = await sha256(idBytes(ayesha.person), idBytes(message));
  const id = toHex(hash.subarray(0, 16));
  const [first] = (await store.all("messages")).filter((row) => row.value.text === "one");
  const copied = { ...first!.value, id, order: 3, seq: 3, text: "three", copied: true };
  await store.commit(new Batch().put("messages", named(blind, id), copied, { group: blind, order: 3 }));
  await omar.start();
  await expect.poll(() => omar.texts(talk), { timeout: 50_000 }).toEqual(["one", "two"]);
  const row = (await store.get("messages", named(blind, id)))!.value;
  expect(row).toMatchObject({ copied: false, mine: false });
  const record = (await store.get("conversations", blind))!.value;
  expect(record.unread).toContain(row.seq);
});
it("nothing is encrypted before the log has been read to its end on this connection", async () => {
  await both();
  await ayesha.composer.add(talk, "one");
  await omar.settled(talk, 1);
  await ayesha.settled(talk, 1);
  ayesha.kill();
  await ayesha.open();
  const tags: string[] = [];
  ayesha.link.before = (tag) => void tags.push(tag);
  void ayesha.start();
  await ayesha.composer.add(talk, "two");
  await omar.settled(talk, 2);
  expect(tags).toContain("fetch");
  expect(tags.indexOf("fetch")).toBeLessThan(tags.indexOf("send"));
});
