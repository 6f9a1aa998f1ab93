/** Name and picture of a group are a member's words: what could mislead the eye is taken out, what scripts need stays. */

import { expect, it } from "vitest";
import { rememberConversation } from "../../src/core/catchup";
import { newId } from "../../src/core/ids";
import { cleanName, openProfile, readProfile, takeProfile } from "../../src/core/profiles";
import { Step } from "../../src/core/step";
import { encodeGroupProfile } from "../../src/crypto/profile";
import { TestDevice } from "./device";
import { ServerDouble } from "./double";

/** Closes the isolation that a sentence puts around a name, and turns the rest of the sentence round. */
const HOSTILE = "Budget\u2069\u202e\n\u0007 evil";
const NONE = new Uint8Array();

it("a name keeps what Persian, Urdu and families of emoji are written with", () => {
  for (const name of ["می‌خواهم", "گروه‌های کاری", "👩‍👩‍👧 family", "Ministère de l’Énergie"])
    expect(cleanName(name)).toBe(name);
  expect(cleanName("  two \t spaces\u2028 ")).toBe("two spaces");
});

it("a name from a Welcome turns no sentence round", () => {
  const profile = { name: HOSTILE, picture: NONE, at: 1, by: null, members: [] };
  expect(openProfile(encodeGroupProfile(profile)).name).toBe("Budget evil");
});

it("a picture from a Welcome that is none is left out", () => {
  const svg = new TextEncoder().encode("<svg xmlns='http://www.w3.org/2000/svg'/>");
  const profile = { name: "Budget", picture: svg, at: 1, by: null, members: [] };
  expect(openProfile(encodeGroupProfile(profile)).picture).toHaveLength(0);
});

it("a name from an admin turns no sentence round", async () => {
  const device = await TestDevice.create(new ServerDouble());
  const { context } = device;
  const id = newId();
  const told = { generation: 0, epoch: 0, groupId: null, blocked: false, orders: 0, frozenSeq: null };
  await rememberConversation(context, { id, kind: "group", persons: [], lastSeq: 0, left: false, ...told });
  const stored = await context.store.get("conversations", await context.store.conversation(id));
  const step = new Step(context, stored!);
  const said = { name: HOSTILE, picture: NONE, at: 1, by: newId() };
  await takeProfile(context, step, said, { seq: 1, time: 1 });
  await context.store.commit(step.batch);
  expect((await readProfile(context, id)).name).toBe("Budget evil");
  const lines = (await context.store.all("messages")).map((row) => row.value.notice);
  expect(lines).toEqual([{ kind: "renamed", by: said.by, name: "Budget evil" }]);
});
