/** Reports to moderators: what is proved and what is not; and what diagnostics tell. */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Id, ModerationReport } from "../../src/core/api";
import { idBytes } from "../../src/core/ids";
import { encodeContent } from "../../src/crypto/content";
import { DeviceDouble } from "./double-devices";
import { items } from "./group";
import { Member } from "./member";
import { until } from "./node";

const SUITES = [0x0053] as const;

let server: DeviceDouble;
let ayesha: Member;
let omar: Member;
let moderator: Member;
let conversation: Id;

beforeEach(async () => {
  server = new DeviceDouble();
  ayesha = await Member.create(server, { suites: SUITES });
  omar = await Member.create(server, { suites: SUITES });
  moderator = await Member.create(server, { suites: SUITES });
  server.moderators = [moderator.person];
  for (const member of [ayesha, omar, moderator]) await member.open();
  conversation = await omar.app!.openDirect(ayesha.person);
  await omar.app!.send(conversation, "a threat");
  await omar.app!.send(conversation, "another");
  await expect.poll(async () => (await texts(ayesha)).length, { timeout: 50_000 }).toBe(2);
});

afterEach(() => {
  for (const member of [ayesha, omar, moderator]) member.kill();
});

const texts = async (member: Member) =>
  (await items(member, conversation)).filter((item) => item.kind === "text");

/** The moderator's first report once nothing in it is being checked. */
async function judged(): Promise<ModerationReport> {
  const all = await until(
    moderator.app!.reports,
    (reports) =>
      reports.length > 0 &&
      reports.every((one) => one.items.every((item) => item.verdict.endsWith("proved"))),
    120_000,
  );
  return all[0]!;
}

describe("a report", () => {
  it("proves what was said, by whom, and nobody else sees it", async () => {
    const ids = (await texts(ayesha)).map((item) => item.id);
    await ayesha.app!.report(conversation, ids, "please look");
    const report = await judged();
    expect(report).toMatchObject({ reporter: { id: ayesha.person }, note: "please look" });
    expect(report.items.map(({ text, verdict, sender }) => [text, verdict, sender.id])).toEqual([
      ["a threat", "proved", omar.person],
      ["another", "proved", omar.person],
    ]);
    // The moderator has never heard of whoever is reported, and is told who that is.
    await until(moderator.app!.reports, ([one]) =>
      Boolean(one?.items.every(({ sender }) => sender.name.latin !== "")),
    );
    expect(await texts(omar)).toHaveLength(2);
    // In the conversation with the moderator it is one line.
    const talk = [...server.talks.values()].find((one) => one.participants.has(moderator.person))!;
    const shown = await items(moderator, talk.id);
    expect(shown.filter((item) => item.kind === "report").map((item) => item.text)).toEqual(["please look"]);
    expect(moderator.app!.conversations.get()).toHaveLength(1);
  }, 120_000);

  it("of words that were never said, or said by another, is not proved", async () => {
    const { store } = ayesha.context;
    const [first, second] = await texts(ayesha);
    // Ayesha's client is changed: she puts other words into one message, and another sender onto the other.
    for (const { key, value } of await store.all("messages")) {
      if (!value.frank) continue;
      const content = encodeContent({ t: "text", id: new Uint8Array(16), at: 1, text: "much worse" });
      const change =
        value.id === first?.id ? { frank: { ...value.frank, content } } : { sender: moderator.person };
      await store.update("messages", key, (row) => row && { ...row, ...change });
    }
    await ayesha.app!.report(conversation, [first!.id, second!.id], "");
    const report = await judged();
    expect(report.items.map((item) => item.verdict)).toEqual(["not-proved", "not-proved"]);
  }, 120_000);

  it("waits for a network, and is checked when there is one", async () => {
    let cut = true;
    server.lost = (path) => cut && path === "moderation/envelope";
    await ayesha.app!.report(conversation, [(await texts(ayesha))[0]!.id], "x");
    await until(moderator.app!.reports, (all) => all[0]?.items[0]?.verdict === "checking", 50_000);
    moderator.kill();
    cut = false;
    await moderator.open();
    expect((await judged()).items[0]?.verdict).toBe("proved");
  }, 120_000);

  it("to somebody who moderates nothing asks the server nothing", async () => {
    server.moderators = [ayesha.person];
    let asked = 0;
    server.lost = (path) => {
      if (path === "moderation/envelope") asked += 1;
      return false;
    };
    const [own] = await texts(ayesha);
    // Omar's client is changed: it takes Ayesha, who has no duty, for a moderator.
    const blind = await omar.context.store.conversation(conversation);
    const rows = await omar.context.store.all("messages", `${blind}/`);
    const frank = { k: new Uint8Array(32), content: new Uint8Array(1) };
    for (const { key } of rows)
      await omar.context.store.update("messages", key, (row) =>
        row && row.kind === "text" ? { ...row, frank, sender: moderator.person } : null,
      );
    const ids = rows.filter((row) => row.value.kind === "text").map((row) => row.value.id);
    await omar.app!.report(conversation, ids, "look-ups under your name");
    await expect
      .poll(async () => (await items(ayesha, conversation)).some((item) => item.kind === "report"), {
        timeout: 50_000,
      })
      .toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(asked).toBe(0);
    expect(own?.text).toBe("a threat");
  }, 120_000);

  it("needs somebody else's words and somebody to read it", async () => {
    server.moderators = [];
    const [first] = await texts(ayesha);
    await expect(ayesha.app!.report(conversation, [first!.id], "")).rejects.toMatchObject({
      code: "no_moderator",
    });
    const own = await texts(omar);
    await expect(
      omar.app!.report(
        conversation,
        own.map((item) => item.id),
        "",
      ),
    ).rejects.toMatchObject({
      code: "nothing_to_report",
    });
  }, 120_000);
});

describe("diagnostics", () => {
  it("tell states and codes, never content, names or ids", async () => {
    const found = await ayesha.app!.diagnostics();
    expect(found.groups).toEqual([
      expect.objectContaining({
        conversation,
        kind: "direct",
        generation: 1,
        suite: "hybrid",
        devices: 2,
        cursor: 3,
        lastSeq: 3,
        waiting: 0,
        standing: "in",
      }),
    ]);
    expect(found.text).toContain("#1, direct, generation 1");
    expect(found.text).toContain("directory root: pinned");
    const hex = (id: Id): string => Buffer.from(idBytes(id)).toString("hex");
    for (const secret of [
      "threat",
      "another",
      "Person",
      omar.person,
      ayesha.person,
      ayesha.device,
      conversation,
    ])
      expect(found.text).not.toContain(secret);
    expect(found.text).not.toContain(hex(conversation));
  }, 120_000);

  it("name the last errors with their codes", async () => {
    ayesha.context.journal.note("send", "epoch_conflict");
    ayesha.context.journal.note("send", "epoch_conflict");
    const { errors, text } = await ayesha.app!.diagnostics();
    expect(errors).toContainEqual(
      expect.objectContaining({ label: "send (2 times)", code: "epoch_conflict" }),
    );
    expect(text).toContain("send (2 times): epoch_conflict");
  }, 120_000);
});
