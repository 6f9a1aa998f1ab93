import { encodeGroupProfile, parseGroupProfile } from "../crypto/profile";
import { equal } from "../crypto/bytes";
import type { ProfileRecord } from "../store";
import type { Id } from "./api";
import type { Context } from "./context";
import { idBytes, idText } from "./ids";
import { pictureType } from "./pictures";
import type { Step } from "./step";

const MAX_NAME = 100;
export const MAX_PICTURE = 24_000;

export const NO_PROFILE: ProfileRecord = { name: "", picture: new Uint8Array(), at: 0, by: null };

/** Controls, and what turns text round or hides in it; but not the joiners that many scripts are written with. */
const UNSEEN = /(?![\u200c\u200d])[\p{C}\p{Zl}\p{Zp}]/gu;

/**
 * A name for people to read: NFC, at most 100 characters, no character that could reach beyond it. Names from others go
 * through it, too: a hostile client does not clean its own.
 */
export function cleanName(text: string): string {
  const clean = text.toWellFormed().normalize("NFC").replace(UNSEEN, " ").replace(/\s+/gu, " ").trim();
  return [...clean].slice(0, MAX_NAME).join("").trim();
}

/** Name and picture of a group as they are known here. */
export async function readProfile({ store }: Context, conversation: Id): Promise<ProfileRecord> {
  return (await store.get("profiles", await store.conversation(conversation)))?.value ?? NO_PROFILE;
}

/** What a newcomer is told of a group, signed with the GroupInfo. The engine adds the membership after the commit. */
export async function profileBytes(context: Context, conversation: Id): Promise<Uint8Array> {
  const { name, picture, at, by } = await readProfile(context, conversation);
  return encodeGroupProfile({ name, picture, at, by: by === null ? null : idBytes(by), members: [] });
}

/** What a Welcome tells of the group. Throws `CryptoError`. */
export function openProfile(bytes: Uint8Array): ProfileRecord {
  const { name, picture, at, by } = parseGroupProfile(bytes);
  const shown = pictureType(picture) ? picture : new Uint8Array();
  return { name: cleanName(name), picture: shown, at, by: by && idText(by) };
}

/** An admin has changed the group's name or picture: the last word in the log's order holds. */
export async function takeProfile(
  { store }: Context,
  step: Step,
  said: { name: string; picture: Uint8Array; at: number; by: Id },
  place: { seq: number; time: number },
): Promise<void> {
  const { blind } = step;
  const before = step.profile ?? (await store.get("profiles", blind))?.value ?? NO_PROFILE;
  const name = cleanName(said.name);
  const picture = said.picture.length === 0 || pictureType(said.picture) ? said.picture : before.picture;
  step.setProfile({ ...said, name, picture });
  if (name !== before.name) step.notice(place.seq, place.time, { kind: "renamed", by: said.by, name });
  if (!equal(picture, before.picture)) step.notice(place.seq, place.time, { kind: "picture", by: said.by });
}
