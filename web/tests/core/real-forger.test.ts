/** A member with a changed client reports words that were never said: see real-server.test.ts for what it needs. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { twist } from "./ceremonies";
import { type Colleague, demo, freePeople, newcomer, url } from "./colleague";

describe.skipIf(url === undefined || demo === undefined)("a forger before a real server", () => {
  let forger: Colleague;
  let other: Colleague;

  beforeAll(async () => {
    const free = freePeople();
    forger = await newcomer(free);
    other = await newcomer(free);
  }, 120_000);

  afterAll(async () => {
    await forger.app.signOut();
    await other.app.signOut();
  });

  it("reports what was said as something else", async () => {
    const talk = await other.app.openDirect(forger.personId);
    await other.app.send(talk, "Thank you for your help");
    const { id: conversation } = await forger.row(talk);
    const said = await forger.hears(conversation, "Thank you for your help");
    await twist(forger, said.id, "I shall have you dismissed");
    expect(await forger.app.moderators()).not.toEqual([]);
    await forger.app.report(conversation, [said.id], "Look at what I am told");
    const gone = async () =>
      (await forger.context.store.all("outbox")).filter(({ value }) => value.phase !== "acked");
    await expect.poll(gone, { timeout: 50_000 }).toEqual([]);
  }, 120_000);
});
