/** Groups of whole apps for the tests of attacks: made quickly, asked for what they show. */

import { expect } from "vitest";
import type { Id, MessageItem, Notice } from "../../src/core/api";
import { idBytes } from "../../src/core/ids";
import { numbered } from "../../src/store";
import { unrest } from "./agreement";
import { settled } from "./clock";
import { ServerDouble, type Talk } from "./double";
import { Ledger } from "./ledger";
import { Member } from "./member";

export const PATIENCE = 30_000;

export interface Company {
  server: ServerDouble;
  ledger: Ledger;
  /** The founder and admin first. */
  members: Member[];
  talk: Talk;
  id: Id;
}

/** `count` persons with a device each, all in one group that the first one made. */
export async function company(count: number): Promise<Company> {
  const server = new ServerDouble();
  const ledger = new Ledger();
  server.overheard = (tag, fields) => {
    ledger.hear(tag, fields);
  };
  const members: Member[] = [];
  for (let i = 0; i < count; i++) members.push(await Member.create(server, { ledger, classical: true }));
  await Promise.all(members.map((member) => member.open()));
  await Promise.all(members.map((member) => member.connected()));
  const persons = members.slice(1).map((member) => member.person);
  const id = await members[0]!.app!.createGroup({ name: "Company", picture: null, persons });
  const talk = server.talks.get(id)!;
  await calm({ talk, members });
  return { server, ledger, members, talk, id };
}

/** Waits until everything has come to rest. */
export const calm = ({ talk, members }: Pick<Company, "talk" | "members">): Promise<void> =>
  settled(() => unrest(talk, members), PATIENCE);

/** What the conversation shows on this device, oldest first. */
export async function items(member: Member, id: Id): Promise<readonly MessageItem[]> {
  const list = await member.app!.openMessages(id);
  while (!list.atStart.get()) await list.loadOlder();
  const found = list.items.get();
  list.close();
  return found;
}

export const texts = async (member: Member, id: Id): Promise<string[]> =>
  (await items(member, id)).filter((item) => item.kind === "text").map((item) => item.text);

export const notices = async (member: Member, id: Id): Promise<Notice[]> =>
  (await items(member, id)).flatMap((item) => item.notice ?? []);

/** Waits until this device shows the text. */
export async function reads(member: Member, id: Id, text: string): Promise<void> {
  await settled(async () => {
    const shown = await texts(member, id);
    return shown.includes(text) ? null : `without "${text}": ${shown.join(", ")}; ${await member.troubles()}`;
  }, PATIENCE);
}

/** One speaks and all the others hear it. */
export async function heard({ members, id }: Company, speaker: Member, text: string): Promise<void> {
  await speaker.app!.send(id, text);
  for (const member of members) if (member.running) await reads(member, id, text);
}

/** The devices in this device's tree. */
export async function tree(member: Member, talk: Talk): Promise<Id[]> {
  const { store, env } = member.context;
  const blind = await store.conversation(talk.id);
  const record = (await store.get("conversations", blind))!.value;
  const group = (await store.get("groups", numbered(blind, record.generation)))!.value;
  const { members } = await env.engine.describe(group.state!);
  return members
    .map(({ device }) => Buffer.from(device).toString("hex"))
    .map((hex) => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5"))
    .sort();
}

export async function expectTree(
  members: readonly Member[],
  talk: Talk,
  devices: readonly Id[],
): Promise<void> {
  for (const member of members) expect(await tree(member, talk)).toEqual([...devices].sort());
}

/** How the log row at `seq` was judged. */
export async function outcome(member: Member, talk: Talk, seq: number): Promise<string> {
  const blind = await member.context.store.conversation(talk.id);
  const row = (await member.context.store.get("log", numbered(blind, seq)))?.value;
  return row ? `${row.outcome}${row.code === null ? "" : ` ${row.code}`}` : "nothing";
}

export const conversationOf = (talk: Talk): Uint8Array => idBytes(talk.id);
