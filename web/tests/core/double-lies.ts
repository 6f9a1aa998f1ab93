/** Lies for `ServerDouble.tamper`. Each is a function over what is told; `lies` puts several together. */

import type * as wire from "../../src/wire/frames";
import type { Device, Told } from "./double";

export type Lie = (told: Told, to: Device) => Told | null;

/** One after the other; the first that tells nothing ends it. */
export const lies =
  (...all: readonly Lie[]): Lie =>
  (told, to) =>
    all.reduce<Told | null>((told, lie) => (told === null ? null : lie(told, to)), told);

/** Only this device is lied to. */
export const onlyTo =
  (device: string, lie: Lie): Lie =>
  (told, to) =>
    to.device === device ? lie(told, to) : told;

/** Changes, or leaves out (null), envelopes wherever they are told: live and in pages. */
export const onEnvelopes =
  (change: (envelope: wire.Envelope, to: Device) => wire.Envelope | null): Lie =>
  (told, to) => {
    if (told.t !== "envelopes" && told.t !== "page") return told;
    const envelopes = told.envelopes.flatMap((one) => change(one, to) ?? []);
    if (told.t === "envelopes" && envelopes.length === 0) return null;
    return { ...told, envelopes };
  };

/** Changes, or leaves out, items of the mailbox. */
export const onMail =
  (change: (mail: wire.Mail, to: Device) => wire.Mail | null): Lie =>
  (told, to) =>
    told.t === "mail" ? { ...told, items: told.items.flatMap((one) => change(one, to) ?? []) } : told;

/** Changes, or leaves out, read positions. */
export const onSlots =
  (change: (slot: wire.Slot, to: Device) => wire.Slot | null): Lie =>
  (told, to) => {
    if (told.t === "slots") return { ...told, slots: told.slots.flatMap((one) => change(one, to) ?? []) };
    if (told.t !== "slot_changed") return told;
    const slot = change(told.slot, to);
    return slot ? { ...told, slot } : null;
  };

/** What the server says of a conversation's state. */
export const onState =
  (change: (state: wire.ConversationState, to: Device) => wire.ConversationState): Lie =>
  (told, to) => {
    if (told.t === "conversation_changed") return { ...told, state: change(told.state, to) };
    if (told.t === "behind")
      return { ...told, conversations: told.conversations.map((state) => change(state, to)) };
    return told;
  };

/** Tells no event: only what a device asks for reaches it. */
export const silence: Lie = (told) => ("re" in told ? told : null);
