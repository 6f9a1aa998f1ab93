/** What another own device says of the past becomes rows here only in the shapes that the views can show. */

import { describe, expect, it } from "vitest";
import { describeConversation, fromHistory, readConversation, toHistory } from "../../src/core/history-items";
import { idBytes, newId } from "../../src/core/ids";
import { MAX_TIME } from "../../src/crypto/content";
import type { ConversationRecord, MessageRecord, NoticeRecord } from "../../src/store";

const self = newId();
const other = newId();
const conversation = newId();

const text: MessageRecord = {
  id: "00112233445566778899aabbccddeeff",
  conversation,
  order: 7,
  seq: 7,
  kind: "text",
  mine: false,
  sender: other,
  copied: false,
  at: 1_000,
  text: "said long ago",
  notice: null,
  failed: null,
  frank: { k: new Uint8Array(32), content: new Uint8Array(3) },
};

const line = (notice: NoticeRecord): MessageRecord => ({
  ...text,
  id: `${notice.kind}-7`,
  seq: null,
  sender: null,
  kind: "notice",
  text: "",
  notice,
  frank: null,
});

const NOTICES: NoticeRecord[] = [
  { kind: "begun" },
  { kind: "new-device", person: other, mine: false },
  { kind: "group-begun", by: other },
  { kind: "added", by: other, persons: [self] },
  { kind: "invited", by: other, persons: [newId()] },
  { kind: "joined", persons: [newId()] },
  { kind: "removed", by: null, persons: [newId()] },
  { kind: "left", person: other },
  { kind: "admin", by: null, person: self, admin: true },
  { kind: "renamed", by: other, name: "" },
  { kind: "picture", by: other },
  { kind: "device-added", person: other },
  { kind: "device-removed", person: other },
  { kind: "successor", by: other, reason: "broken" },
  { kind: "identity-reset", person: other, wasVerified: true },
  { kind: "reset-requested", person: other, earliest: MAX_TIME },
  { kind: "directory-changed", person: other, wasVerified: false },
  { kind: "gap", from: 1, to: 2 },
];

describe("history", () => {
  it("brings texts and lines over as they were, marked as copied", async () => {
    for (const record of [text, ...NOTICES.map(line)]) {
      const read = fromHistory(await toHistory(record), self);
      expect(read).toEqual({ conversation, record: { ...record, copied: true } });
    }
  });

  it("brings over what a newer version has said, without words", async () => {
    const newer: MessageRecord = { ...text, kind: "newer-version", text: "" };
    for (const id of [text.id, "content-7"]) {
      const record = { ...newer, id };
      expect(fromHistory(await toHistory(record), self)).toEqual({
        conversation,
        record: { ...record, copied: true },
      });
    }
    const item = await toHistory(newer);
    expect(fromHistory({ ...item, x: "words" }, self)).toBeNull();
    expect(fromHistory({ ...item, id: "content-8" }, self)).toBeNull();
    expect(fromHistory({ ...item, u: false }, self)).toBeNull();
    expect(fromHistory({ ...(await toHistory(text)), id: "content-7" }, self)).toBeNull();
  });

  describe("a conversation", () => {
    const group = {
      id: conversation,
      kind: "group",
      persons: [self, other],
      standing: "out",
    } as ConversationRecord;
    const profile = { name: "Budget", picture: new Uint8Array(), at: 5, by: other };

    it("comes with its name, and with its people where it is over", () => {
      const told = readConversation(describeConversation(group, profile));
      expect(told).toEqual({ id: conversation, kind: "group", persons: [self, other], out: true, profile });
      const inside = describeConversation({ ...group, standing: "in" }, null);
      expect(readConversation(inside)).toMatchObject({ persons: [], out: false, profile: null });
      expect(describeConversation({ ...group, kind: "self" }, null)).toBeNull();
      // As a version before this one describes it.
      expect(readConversation({ id: idBytes(conversation), kind: "direct", persons: [] })).toMatchObject({
        out: false,
        profile: null,
      });
    });

    it("that is not one, or whose name and picture are not, is refused or cleaned", () => {
      const good = describeConversation(group, profile)!;
      const refused = [
        null,
        [],
        { ...good, id: new Uint8Array(15) },
        { ...good, kind: "self" },
        { ...good, out: 1 },
        { ...good, more: true },
        { ...good, profile: { ...good.profile, at: -1 } },
        { ...good, profile: { ...good.profile, name: "x".repeat(10_000) } },
        { ...good, profile: { ...good.profile, picture: new Uint8Array(24_001) } },
      ];
      for (const one of refused) expect(readConversation(one)).toBeNull();
      const hostile = {
        ...good.profile!,
        name: "Bud\u202eget\n",
        picture: new TextEncoder().encode("<svg/>"),
      };
      expect(readConversation({ ...good, profile: hostile })?.profile).toMatchObject({
        name: "Bud get",
        picture: new Uint8Array(),
      });
    });
  });

  it.each<[string, object]>([
    ["a line without what it says", { kind: "added", by: other }],
    ["a line without persons in its list", { kind: "removed", by: null, persons: [] }],
    ["a line with more than it says", { kind: "begun", by: other }],
    ["a line of an unknown reason", { kind: "successor", by: other, reason: "<b>" }],
    ["a time that no calendar has", { kind: "reset-requested", person: other, earliest: MAX_TIME + 1 }],
    ["a gap that no calendar has", { kind: "gap", from: 0, to: Number.MAX_SAFE_INTEGER }],
    ["a person who is none", { kind: "left", person: "x" }],
  ])("refuses %s", async (_, notice) => {
    const item = await toHistory(line({ kind: "begun" }));
    expect(fromHistory({ ...item, n: notice }, self)).toBeNull();
  });

  it.each<[string, object]>([
    ["beside its place in the log", { o: 7.5 }],
    ["without a place in the log", { q: null }],
    ["without a sender", { s: null }],
    ["of somebody else as our own", { mine: true }],
    ["of our own as somebody else's", { s: idBytes(self) }],
  ])("refuses a text %s", async (_, change) => {
    const item = await toHistory(text);
    expect(fromHistory(item, self)).not.toBeNull();
    expect(fromHistory({ ...item, ...change }, self)).toBeNull();
  });
});
