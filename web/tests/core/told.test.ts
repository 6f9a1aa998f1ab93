/** What the server says of a conversation overtakes its log; neither may undo the other. */

import { expect, it } from "vitest";
import type { Open } from "../../src/core/told";
import { begunServer, frozenAt, settleServer } from "../../src/core/told";
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

it("remembers that a group was stopped until the begin that ends it has been read", () => {
  const record = { generation: 1, ...server({ frozenSeq: 5, toldAt: 8 }) };
  expect(frozenAt(record, { generation: 1, frozenSeq: null })).toBeNull();
  expect(frozenAt({ ...record, generation: 0 }, { generation: 2, frozenSeq: null })).toBeNull();
  expect(frozenAt(record, { generation: 2, frozenSeq: 9 })).toBe(9);
  expect(frozenAt(record, { generation: 2, frozenSeq: null })).toBe(5);
  // Said with the begin in the log, as the server says it: the begin ends it all the same, but not what came after.
  begunServer(record, { seq: 8, generation: 2, groupId: null });
  expect(record.server.frozenSeq).toBeNull();
  record.server.frozenSeq = 9;
  begunServer(record, { seq: 8, generation: 2, groupId: null });
  expect(record.server.frozenSeq).toBe(9);
});
