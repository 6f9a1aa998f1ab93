import type { Processed } from "../crypto/api";
import { sha256, toHex } from "../crypto/bytes";
import { decodeContent } from "../crypto/content";
import { named } from "../store";
import type { Envelope } from "../wire/frames";
import type { Context } from "./context";
import { cryptoCode } from "./errors";
import { idText } from "./ids";
import type { Place, Step } from "./step";

export const waitingId = (seq: number): string => `seq-${String(seq)}`;

type Application = Extract<Processed, { kind: "application" }>;

/** Puts a decrypted application message on the screen's table. Content of a member is still not trusted to be sound. */
export async function takeMessage(
  context: Context,
  step: Step,
  result: Application,
  place: Place,
): Promise<void> {
  const { seq, member } = result;
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
  if (known || step.changed.includes(id)) {
    context.journal.note("message", "repeated");
    return;
  }
  const at = content.at ?? context.now();
  if (content.t === "text") step.message({ ...base, id, kind: "text", at, text: content.text });
  else step.message({ ...base, id, kind: "newer-version", at, text: "" });
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
