/** What all honest devices of a conversation must agree on, with each other and with the log. */

import type { Id } from "../../src/core/api";
import { idText } from "../../src/core/ids";
import { toHex } from "../../src/crypto/bytes";
import { firstTranscript, nextTranscript } from "../../src/crypto/transcript";
import { idBytes } from "../../src/core/ids";
import { numbered } from "../../src/store";
import type { Talk } from "./double";
import type { Member } from "./member";

const HERE = 200;

async function stored(member: Member, talk: Talk) {
  const { store } = member.context;
  const blind = await store.conversation(talk.id);
  const record = (await store.get("conversations", blind))?.value ?? null;
  const group = record && (await store.get("groups", numbered(blind, record.generation)))?.value;
  return { blind, record, group: group ?? null };
}

/** What became of each envelope on this device, for whoever looks for the reason of a disagreement. */
export async function outcomes(member: Member, talk: Talk): Promise<string> {
  const { blind, record } = await stored(member, talk);
  const rows = await member.context.store.all("log", `${blind}/`);
  const told = rows.map(({ value }) => `${String(value.seq)} ${value.outcome} ${value.code ?? ""}`.trim());
  const at = record ? `${record.standing} at ${String(record.cursor)}` : "unknown";
  return `${at}: ${told.join(", ")}`;
}

/** The devices of members that are neither revoked nor switched off. */
export const present = (talk: Talk, members: readonly Member[]): Member[] =>
  members.filter(
    (member) => member.running && talk.isMember(member.person) && !member.server.isRevoked(member.device),
  );

/** Null when everything has come to rest: all have all of the log, all have a leaf, nothing is on its way. */
export async function unrest(talk: Talk, members: readonly Member[]): Promise<string | null> {
  if (talk.blocked) return "blocked";
  for (const member of present(talk, members)) {
    const who = `${member.device.slice(0, 4)} of ${member.person.slice(0, 4)}`;
    const { blind, record, group } = await stored(member, talk);
    if (!record) return `${who} does not know the conversation`;
    const end = talk.envelopes.length;
    if (record.cursor < end) return `${who} is at ${String(record.cursor)} of ${String(end)}`;
    if (talk.leafOf(member.device) === null) return `${who} has no leaf`;
    if (!group?.state) return `${who} has no group`;
    if (group.epoch !== talk.epoch)
      return `${who} is in epoch ${String(group.epoch)} of ${String(talk.epoch)}`;
    if (group.pending) return `${who} has a commit pending`;
    const outbox = await member.context.store.range("outbox", { group: blind });
    const live = outbox.filter((row) => row.value.phase !== "failed");
    if (live.length > 0) return `${who} has ${String(live.length)} in the outbox`;
  }
  return null;
}

async function transcripts(talk: Talk): Promise<string[]> {
  let value = await firstTranscript(idBytes(talk.id));
  const all = [toHex(value)];
  for (const [index, hash] of talk.hashes.entries()) {
    value = await nextTranscript(value, index + 1, hash);
    all.push(toHex(value));
  }
  return all;
}

/** seq → text as this device shows it. */
async function shown(member: Member, talk: Talk): Promise<Map<number, string>> {
  const { blind } = await stored(member, talk);
  const rows = await member.context.store.range("messages", { group: blind });
  return new Map(
    rows.flatMap(({ value }) =>
      value.kind === "text" && value.seq !== null ? [[value.seq, value.text]] : [],
    ),
  );
}

/** Whether this device shows that the server's log disagrees with what members saw. */
async function warned(member: Member, talk: Talk): Promise<boolean> {
  const { blind } = await stored(member, talk);
  const rows = await member.context.store.range("messages", { group: blind });
  return rows.some(({ value }) => value.notice?.kind === "log-mismatch");
}

/** Everything in which a device differs from the log, or from the others; empty when all agree. */
export async function disagreements(
  talk: Talk,
  members: readonly Member[],
  /** text → the device that sent it. */
  said: ReadonlyMap<string, Id>,
): Promise<string[]> {
  const found: string[] = [];
  const expected = await transcripts(talk);
  const tree = [...talk.leaves].map(([leaf, { device }]) => `${String(leaf)}:${device}`).sort();
  const standing = talk.membership
    .map(({ person, role, base }) => `${idText(person)}:${role}:${toHex(base)}`)
    .sort();
  const truth = new Map<number, string>();
  for (const member of members.filter((one) => one.running))
    for (const [seq, text] of await shown(member, talk))
      if (said.get(text) === idText(talk.envelopes[seq - 1]!.device)) truth.set(seq, text);
  for (const member of members.filter((one) => one.running && talk.knows(one.person))) {
    const who = `${member.device.slice(0, 4)} of ${member.person.slice(0, 4)}`;
    const { record, group } = await stored(member, talk);
    if (!record) continue;
    if (toHex(record.transcript) !== expected[record.cursor])
      found.push(`${who}: T at ${String(record.cursor)} is another`);
    const texts = await shown(member, talk);
    if (await warned(member, talk)) found.push(`${who} takes the honest server for a liar`);
    for (const envelope of talk.envelopes) {
      if (envelope.kind !== 1 || envelope.seq > record.cursor) continue;
      const may = talk.audience.get(envelope.seq)?.has(member.device) === true;
      const text = texts.get(envelope.seq);
      const wanted = truth.get(envelope.seq);
      if (may && wanted !== undefined && text !== wanted)
        found.push(`${who}: message ${String(envelope.seq)} is ${String(text)}, not ${wanted}`);
      if (!may && text !== undefined)
        found.push(`${who} can read ${String(envelope.seq)}, which it must not`);
    }
    if (!present(talk, [member]).length || !group?.state) continue;
    const { members: seats } = await member.context.env.engine.describe(group.state);
    const own = seats.map(({ leaf, device }) => `${String(leaf)}:${idText(device)}`).sort();
    if (own.join() !== tree.join()) found.push(`${who}: another tree`);
    if (talk.kind !== "group") continue;
    const roles = group.membership.map(({ person, role, base }) => `${person}:${role}:${toHex(base)}`).sort();
    if (roles.join() !== standing.join())
      found.push(`${who}: another membership\n${roles.join("\n")}\nnot\n${standing.join("\n")}`);
  }
  return found.slice(0, HERE);
}
