/** What the server says of a conversation overtakes its log; neither may undo the other. */

import { expect, it } from "vitest";
import type { Open } from "../../src/core/told";
import { begunServer, settleServer } from "../../src/core/told";
import type { ConversationRecord } from "../../src/store";

const server = (open: Partial<Open>): Pick<ConversationRecord, "server"> => ({
  server: {
    ...{ lastSeq: 8, generation: 1, epoch: 2, groupId: null },
    ...{ blocked: true, orders: 2, frozenSeq: null, left: false, toldAt: 7 },
    ...open,
  },
});

it("takes a commit's effect into what the server said before it", () => {
  const record = server({});
  settleServer(record, { seq: 8, epoch: 3, executed: 1 });
  expect(record.server).toMatchObject({ epoch: 3, blocked: false, orders: 1 });
});

it("leaves what the server said with the commit in its log", () => {
  // One order was carried out by the commit at 8, another has come since: only that one is counted.
  const record = server({ orders: 1, toldAt: 8 });
  settleServer(record, { seq: 8, epoch: 3, executed: 1 });
  expect(record.server).toMatchObject({ epoch: 3, blocked: true, orders: 1 });
});

it("clears what was open when a generation begins, unless it was said of the one that began", () => {
  const groupId = new Uint8Array([1]);
  const before = server({ frozenSeq: 5 });
  begunServer(before, { seq: 8, generation: 2, groupId });
  const sound = { blocked: false, orders: 0, frozenSeq: null };
  expect(before.server).toMatchObject({ generation: 2, epoch: 1, groupId, ...sound });
  const after = server({ toldAt: 9 });
  begunServer(after, { seq: 8, generation: 2, groupId });
  expect(after.server).toMatchObject({ generation: 2, blocked: true, orders: 2 });
});
