/** In a group, "read" says that everybody else has read it, not that somebody has. */

import { expect, it } from "vitest";
import { calm, company, items } from "./group";

it("counts a message as read when the last of the others has read it, and keeps that", async () => {
  const { members, talk, id } = await company(3);
  const [founder, second, third] = members;
  if (!founder?.app || !second?.app || !third?.app) throw new Error("three apps were opened");
  await founder.app.send(id, "Please read this");
  await calm({ talk, members });
  const state = async () => (await items(founder, id)).find((item) => item.kind === "text")?.state;
  const seq = talk.envelopes.length;

  await second.app.markRead(id, seq);
  await expect.poll(() => [...talk.slots.values()].length, { timeout: 50_000 }).toBeGreaterThan(0);
  await calm({ talk, members });
  expect(await state()).not.toBe("read");
  const message = (await items(founder, id)).find((item) => item.kind === "text")?.id ?? "";
  const info = founder.app.messageInfo(id, message);
  const end = info.subscribe(() => undefined);
  const reached = () => info.get()?.people.map(({ person, state }) => [person.id, state]);
  await expect
    .poll(() => reached()?.toSorted(), { timeout: 50_000 })
    .toEqual(
      [
        [second.person, "read"],
        [third.person, "delivered"],
      ].toSorted(),
    );

  await third.app.markRead(id, seq);
  await expect.poll(state, { timeout: 50_000 }).toBe("read");
  await expect.poll(() => reached()?.every(([, how]) => how === "read"), { timeout: 50_000 }).toBe(true);

  const left = await founder.app.removeMember(id, third.person);
  expect(left).toBeUndefined();
  await calm({ talk, members: [founder, second] });
  expect(await state()).toBe("read");
  await expect.poll(() => reached(), { timeout: 50_000 }).toEqual([[second.person, "read"]]);
  end();
  for (const member of members) member.kill();
});
