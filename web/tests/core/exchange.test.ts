import { beforeEach, describe, expect, it } from "vitest";
import { idBytes } from "../../src/core/ids";
import { numbered } from "../../src/store";
import { TransportError } from "../../src/transport";
import { TestDevice } from "./device";
import { ServerDouble } from "./double";
import { onEnvelopes, onlyTo } from "./double-lies";

let server: ServerDouble;
let ayesha: TestDevice;
let omar: TestDevice;
let talk: string;

beforeEach(async () => {
  server = new ServerDouble();
  ayesha = await TestDevice.create(server);
  omar = await TestDevice.create(server);
  talk = await ayesha.meet(omar);
});

const both = () => Promise.all([ayesha.start(), omar.start()]);

describe("two devices", () => {
  it("begins a group with the first message and reads each other in order", async () => {
    await both();
    await ayesha.composer.add(talk, "one");
    await omar.settled(talk, 1);
    await omar.composer.add(talk, "two");
    await ayesha.settled(talk, 2);
    await ayesha.composer.add(talk, "three");
    await omar.settled(talk, 3);
    await ayesha.settled(talk, 3);
    expect(await ayesha.texts(talk)).toEqual(["one", "two", "three"]);
    expect(await omar.texts(talk)).toEqual(["one", "two", "three"]);
    // Omar did not create the group, so his first message came after a healing commit.
    const kinds = server.talks.get(talk)?.envelopes.map((envelope) => envelope.kind);
    expect(kinds).toEqual([3, 1, 2, 1, 1]);
    expect(server.dump()).not.toContain(Buffer.from("three").toString("hex"));
  });

  it("lets one begin win when both begin at once; the loser's text follows in the winner's group", async () => {
    await omar.meet(ayesha);
    await both();
    await Promise.all([ayesha.composer.add(talk, "from Ayesha"), omar.composer.add(talk, "from Omar")]);
    const [hers, his] = [await ayesha.settled(talk, 2), await omar.settled(talk, 2)];
    expect(hers.map((item) => item.text)).toEqual(his.map((item) => item.text));
    const envelopes = server.talks.get(talk)?.envelopes ?? [];
    expect(envelopes.filter((envelope) => envelope.kind === 3)).toHaveLength(1);
    for (const device of [ayesha, omar]) {
      const counters = envelopes
        .filter((envelope) => Buffer.from(envelope.device).equals(Buffer.from(idBytes(device.device))))
        .map((envelope) => envelope.counter);
      expect(counters).toEqual(counters.map((_, i) => i + 1));
    }
  });

  it("re-encrypts under the same counter after losing an epoch, and never reuses a generation", async () => {
    await both();
    await ayesha.composer.add(talk, "one");
    await omar.settled(talk, 1);
    // Ayesha's frame is sealed but cannot leave; meanwhile Omar's healing commit begins the next epoch.
    const lost = (tag: string): void => {
      if (tag === "send") throw new TransportError("offline");
    };
    ayesha.link.before = lost;
    await ayesha.composer.add(talk, "late");
    await omar.composer.add(talk, "first");
    await omar.settled(talk, 2);
    ayesha.link.before = () => undefined;
    await ayesha.settled(talk, 3);
    await omar.settled(talk, 3);
    expect(await omar.texts(talk)).toEqual(["one", "first", "late"]);
    expect(ayesha.rolledBack).toBe(false);
  });

  it("sends a long queue in order with answers under way together", async () => {
    const texts = Array.from({ length: 25 }, (_, i) => `number ${String(i)}`);
    for (const text of texts) await ayesha.composer.add(talk, text);
    await both();
    await omar.settled(talk, 25);
    expect(await omar.texts(talk)).toEqual(texts);
    await ayesha.settled(talk, 25);
    expect(await ayesha.texts(talk)).toEqual(texts);
    expect(await ayesha.context.store.count("outbox")).toBe(0);
  });

  it("fails a message for good where the server refuses it, and tries again on demand", async () => {
    await both();
    await ayesha.composer.add(talk, "one");
    await omar.settled(talk, 1);
    ayesha.link.before = (tag) => {
      if (tag === "send") throw new TransportError("too_large");
    };
    const id = await ayesha.composer.add(talk, "refused");
    const items = await ayesha.settled(talk, 2);
    expect(items.at(-1)).toMatchObject({ id, state: "failed", error: "too_large" });
    ayesha.link.before = () => undefined;
    await ayesha.composer.retry(talk, id);
    await omar.settled(talk, 2);
    expect(await omar.texts(talk)).toEqual(["one", "refused"]);
    // The key of the refused frame is spent, and yet nobody takes its absence for a lie.
    const kinds = (await omar.items(talk)).map((item) => item.notice?.kind);
    expect(kinds).not.toContain("log-mismatch");
  });
});

describe("a log that lies", () => {
  const refused = async (device: TestDevice, seq: number) => {
    const blind = await device.context.store.conversation(talk);
    return (await device.context.store.get("log", numbered(blind, seq)))?.value;
  };

  it("notices the first of two in one breath withheld, without another word from anybody", async () => {
    await both();
    await ayesha.composer.add(talk, "one");
    await omar.settled(talk, 1);
    await omar.composer.add(talk, "two");
    await ayesha.settled(talk, 2);
    await omar.settled(talk, 2);
    const seen = server.talks.get(talk)!.envelopes.length;
    const closedUp = onEnvelopes((envelope) => {
      if (envelope.seq === seen + 1) return null;
      return envelope.seq > seen ? { ...envelope, seq: envelope.seq - 1 } : envelope;
    });
    server.tamper = onlyTo(omar.device, closedUp);
    // Both are sealed before either has come round: what they say of the log is the same.
    ayesha.link.before = (tag) => {
      if (tag === "send") throw new TransportError("offline");
    };
    await ayesha.composer.add(talk, "nobody shall read this");
    await ayesha.composer.add(talk, "but this they may");
    ayesha.link.before = () => undefined;
    const told = async () => (await omar.items(talk)).map(({ text, notice }) => notice?.kind ?? text);
    await expect.poll(told, { timeout: 50_000 }).toContain("log-mismatch");
    expect(await told()).not.toContain("nobody shall read this");
  });

  it("notices a changed body: the message is refused and the next sender's word shows the mismatch", async () => {
    await both();
    await ayesha.composer.add(talk, "one");
    await omar.settled(talk, 1);
    const honestly = server.tamper;
    server.tamper = onEnvelopes((envelope) => {
      if (envelope.seq !== 3) return envelope;
      const body = envelope.body.slice();
      body[body.length - 1] = (body.at(-1) ?? 0) ^ 1;
      return { ...envelope, body };
    });
    // Only Omar is lied to.
    const honest = ayesha.link.push.bind(ayesha.link);
    ayesha.link.push = () => undefined;
    await ayesha.composer.add(talk, "changed on the way");
    await expect.poll(() => refused(omar, 3)).toMatchObject({ outcome: "refused" });
    server.tamper = honestly;
    ayesha.link.push = honest;
    await ayesha.sync?.catchUp(talk);
    await ayesha.composer.add(talk, "after");
    await omar.settled(talk, 2);
    const items = await omar.items(talk);
    expect(items.filter((item) => item.notice?.kind === "log-mismatch")).toHaveLength(1);
    expect(await omar.texts(talk)).toEqual(["one", "after"]);
  });

  it("ignores a replay of what it has and a gap until the missing part is fetched", async () => {
    await both();
    await ayesha.composer.add(talk, "one");
    await omar.settled(talk, 1);
    const push = omar.link.push.bind(omar.link);
    omar.link.push = () => undefined;
    await ayesha.composer.add(talk, "two");
    await ayesha.settled(talk, 2);
    omar.link.push = push;
    await ayesha.composer.add(talk, "three");
    await omar.settled(talk, 3);
    const { envelopes } = server.talks.get(talk)!;
    push({ t: "envelopes", conversation: idBytes(talk), envelopes: [...envelopes].reverse() });
    await omar.sync?.catchUp(talk);
    expect(await omar.texts(talk)).toEqual(["one", "two", "three"]);
  });

  it("stops when the log holds a frame of this device that this database does not know", async () => {
    await both();
    await ayesha.composer.add(talk, "one");
    await omar.settled(talk, 1);
    const answer = await server.answer(server.devices[0]!, "send", {
      conversation: idBytes(talk),
      generation: 1,
      epoch: 1,
      counter: 3,
      body: Uint8Array.of(1, 2, 3),
    });
    expect(answer).toMatchObject({ t: "sent" });
    await expect.poll(() => ayesha.rolledBack).toBe(true);
  });
});
