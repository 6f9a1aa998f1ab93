/**
 * The whole client but its views, twice, against the real server. `BEEP_TEST_URL` names a demo server and
 * `BEEP_TEST_DEMO` its demo.json; pytest starts both and runs this file. Without them there is nothing to run against.
 */

import { execSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Colleague, demo, freePeople, kill, newcomer, url } from "./colleague";
import { until } from "./node";

describe.skipIf(url === undefined || demo === undefined)("two cores and a real server", () => {
  let ayesha: Colleague;
  let omar: Colleague;
  let conversation: string;

  beforeAll(async () => {
    const free = freePeople();
    ayesha = await newcomer(free);
    omar = await newcomer(free);
  }, 120_000);

  afterAll(async () => {
    await ayesha.app.signOut();
    await omar.app.signOut();
  });

  it("finds a colleague and sends the first message", async () => {
    // The pool fills in the background; one package is enough to begin.
    const found = await ayesha.app.searchPeople(omar.person.name.latin);
    expect(found.map((card) => card.id)).toContain(omar.personId);
    conversation = await ayesha.app.openDirect(omar.personId);
    await ayesha.app.send(conversation, "السلام علیکم");
    const sent = await ayesha.texts(conversation, 1);
    expect(sent[0]?.state).not.toBe("queued");
    const summary = await omar.conversation();
    expect(summary.partner?.id).toBe(ayesha.personId);
    const got = await omar.texts(summary.id, 1);
    expect(got[0]).toMatchObject({ text: "السلام علیکم", mine: false, sender: ayesha.personId });
  }, 120_000);

  it("exchanges twenty messages both ways, in order and once", async () => {
    const expected = ["السلام علیکم"];
    for (let i = 0; i < 10; i++) {
      for (const [who, text] of [
        [omar, `reply ${String(i)} خوش آمدید`],
        [ayesha, `line ${String(i)} سلام`],
      ] as const) {
        await who.app.send(conversation, text);
        expected.push(text);
        await (who === omar ? ayesha : omar).texts(conversation, expected.length);
      }
    }
    for (const who of [ayesha, omar]) {
      const items = await who.texts(conversation, expected.length);
      expect(items.map((item) => item.text)).toEqual(expected);
      const seqs = items.map((item) => item.seq ?? 0);
      expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
    }
  }, 120_000);

  it("tells when a message was delivered and read", async () => {
    const items = await omar.texts(conversation, 21);
    await omar.app.markRead(conversation, items.at(-1)?.seq ?? 0);
    const list = await ayesha.app.openMessages(conversation);
    await until(list.items, (now) => now.filter((item) => item.mine).every((item) => item.state === "read"));
    list.close();
    await until(omar.app.unread, (unread) => unread === 0);
  }, 120_000);

  it("shows that somebody types", async () => {
    omar.app.typing(conversation);
    await until(ayesha.app.conversations, (all) => all[0]?.partnerTyping === true);
    await omar.app.send(conversation, "typed");
    await until(
      ayesha.app.conversations,
      (all) => all[0]?.partnerTyping === false && all[0].lastMessage?.text === "typed",
    );
  }, 120_000);

  it("opens without typing after a restart, with everything there", async () => {
    await ayesha.app.setDraft(conversation, "not yet said");
    await ayesha.restart();
    expect(ayesha.app.session.get().kind).toBe("open");
    const items = await ayesha.texts(conversation, 22);
    expect(items.at(-1)?.text).toBe("typed");
    expect((await ayesha.conversation()).draft).toBe("not yet said");
    await until(ayesha.app.connection, (state) => state === "online");
  }, 120_000);

  it("sends what was written without a network once, when it comes back", async () => {
    ayesha.tab.setOnline(false);
    for (let i = 0; i < 12; i++) await ayesha.app.send(conversation, `offline ${String(i)}`);
    await omar.app.send(conversation, "meanwhile");
    ayesha.tab.setOnline(true);
    const [hers, his] = await Promise.all([ayesha.texts(conversation, 35), omar.texts(conversation, 35)]);
    expect(hers.map((item) => item.text)).toEqual(his.map((item) => item.text));
    const offline = his.map((item) => item.text).filter((text) => text.startsWith("offline"));
    expect(offline).toEqual(Array.from({ length: 12 }, (_, i) => `offline ${String(i)}`));
  }, 120_000);

  it.skipIf(kill === undefined)(
    "loses nothing and shows nothing twice when the server is killed with sends in flight",
    async () => {
      const before = (await omar.texts(conversation, 35)).length;
      const said: string[] = [];
      for (let round = 0; round < 5; round++) {
        const sends = [0, 1, 2, 3].flatMap((number) =>
          [ayesha, omar].map(async (who) => {
            const text = `round ${String(round)} number ${String(number)} by ${who.person.login}`;
            said.push(text);
            await who.app.send(conversation, text);
          }),
        );
        await Promise.all(sends);
        await new Promise((resolve) => setTimeout(resolve, 15 * round));
        execSync(kill ?? "");
      }
      const [hers, his] = [
        await ayesha.texts(conversation, before + said.length, 90_000),
        await omar.texts(conversation, before + said.length, 90_000),
      ];
      expect(hers.map((item) => item.text)).toEqual(his.map((item) => item.text));
      expect(
        hers
          .slice(before)
          .map((item) => item.text)
          .sort(),
      ).toEqual([...said].sort());
      for (const who of [ayesha, omar]) {
        const own = hers
          .filter((item) => item.text.endsWith(`by ${who.person.login}`))
          .map((item) => item.text);
        expect(own).toEqual(said.filter((text) => text.endsWith(`by ${who.person.login}`)));
      }
    },
    240_000,
  );

  it("locks, refuses a wrong passphrase and unlocks", async () => {
    await omar.app.lock();
    expect(omar.app.session.get()).toMatchObject({ kind: "locked", login: omar.person.login });
    expect(omar.app.conversations.get()).toEqual([]);
    await expect(omar.app.unlock("not the passphrase at all")).rejects.toMatchObject({
      code: "wrong_passphrase",
    });
    await omar.app.unlock(omar.passphrase);
    const before = (await ayesha.texts(conversation, 35)).length;
    expect((await omar.texts(conversation, before)).length).toBe(before);
    await until(omar.app.connection, (state) => state === "online");
  }, 120_000);

  it("replaces a device with the recovery code; the conversation goes on in a successor group", async () => {
    const before = omar.app;
    const second = await omar.elsewhere();
    await second.app.finishReplace({ recoveryCode: omar.recoveryCode, deviceName: "Second" });
    await until(second.app.connection, (state) => state === "online");
    await until(second.app.conversations, (all) => all.some((one) => one.id === conversation));
    await second.app.send(conversation, "from the new device");
    const list = await ayesha.app.openMessages(conversation);
    await list.jumpToLatest();
    const items = await until(list.items, (now) => now.some((item) => item.text === "from the new device"));
    expect(
      items.some((item) => item.notice?.kind === "new-device" && item.notice.person === omar.personId),
    ).toBe(true);
    await ayesha.app.send(conversation, "welcome back");
    await second.texts(conversation, 2);
    list.close();
    // The old device is out at once, and knows why.
    await until(before.session, (now) => now.kind === "revoked");
    expect(before.session.get()).toEqual({ kind: "revoked", reason: "replaced" });
    await before.erase();
    omar.app = second.app;
  }, 120_000);
});
