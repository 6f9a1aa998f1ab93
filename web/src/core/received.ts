import type { Processed } from "../crypto/api";
import { sha256, toHex } from "../crypto/bytes";
import { type Content, decodeContent } from "../crypto/content";
import { type GroupRecord, named } from "../store";
import type { Envelope } from "../wire/frames";
import type { Id } from "./api";
import type { Context } from "./context";
import { cryptoCode } from "./errors";
import { idText } from "./ids";
import { takeProfile } from "./profiles";
import { takeReport } from "./reports";
import { takeSync } from "./selfsync";
import { type Place, type Step, waitingId } from "./step";

type Application = Extract<Processed, { kind: "application" }>;

/** Puts a decrypted application message on the screen's table. Content of a member is still not trusted to be sound. */
export async function takeMessage(
  context: Context,
  step: Step,
  result: Application,
  place: Place,
  time: number,
  group: GroupRecord | null,
): Promise<void> {
  const { seq, member } = result;
  const { kind } = step.conversation;
  const sender = idText(member.person);
  const mine = sender === context.self.person;
  const base = {
    conversation: step.conversation.id,
    order: seq,
    seq,
    mine,
    sender,
    copied: false,
    notice: null,
    failed: null,
    frank: { k: result.k, content: result.content },
  };
  let content: ReturnType<typeof decodeContent>;
  try {
    content = decodeContent(result.content);
  } catch (error) {
    step.row(seq, place, "refused", { code: cryptoCode(error) ?? "content_malformed" });
    return;
  }
  // The same id of the same person again is the same message again, whoever repeated it: shown once.
  // A hash, because ids are row keys and so in the clear at rest: whose message it is must not stand there.
  const id =
    content.id === null
      ? `content-${String(seq)}`
      : toHex((await sha256(member.person, content.id)).subarray(0, 16));
  const known = await context.store.get("messages", named(step.blind, id));
  step.row(seq, place, "applied");
  // Another own device's word for what stands at this place gives way to what was decrypted here.
  const copied = known?.value.copied === true && known.value.seq === seq;
  if ((known && !copied) || step.changed.includes(id)) {
    context.journal.note("message", "repeated");
    return;
  }
  const at = content.at ?? context.now();
  if (content.t === "sync") {
    if (kind === "self" && mine) await takeSync(context, step, content, idText(member.device));
  } else if (content.t === "profile") {
    await takeGroupProfile(context, step, { content, sender, group }, { seq, time });
  } else if (content.t === "report") {
    takeReport(context, step, content, { ...base, id, at });
  } else if (kind === "self") return;
  else if (content.t === "text") step.message({ ...base, id, kind: "text", at, text: content.text });
  else step.message({ ...base, id, kind: "newer-version", at, text: "" });
}

/** Name and picture are the admins' to change; from anybody else the words change nothing. */
export async function takeGroupProfile(
  context: Context,
  step: Step,
  said: { content: Extract<Content, { t: "profile" }>; sender: Id; group: GroupRecord | null },
  place: { seq: number; time: number },
): Promise<void> {
  const { content, sender, group } = said;
  const role = group?.membership.find(({ person }) => person === sender)?.role;
  if (step.conversation.kind !== "group" || role !== "admin") {
    context.journal.note("profile", "not by an admin");
    return;
  }
  const { name, picture, at } = content;
  await takeProfile(context, step, { name, picture: picture.slice(), at, by: sender }, place);
}

/** "Waiting for this message": the envelope is kept to be tried again. */
export function takeWaiting(step: Step, envelope: Envelope, code: string, place: Place): void {
  const { seq, generation, epoch, kind, device, time, body } = envelope;
  const kept = { generation, epoch, kind, device: device.slice(), time, body: body.slice() };
  step.row(seq, place, "waiting", { code, envelope: kept });
  if (!step.conversation.waiting.includes(seq)) step.conversation.waiting.push(seq);
  step.message({
    id: waitingId(seq),
    conversation: step.conversation.id,
    order: seq,
    seq,
    kind: "waiting",
    mine: false,
    sender: null,
    copied: false,
    at: time,
    text: "",
    notice: null,
    failed: null,
    frank: null,
  });
}
