/** The answers of the HTTP API, checked field by field. A wrong shape is `TransportError("bad_answer")`. */

import * as v from "valibot";
import { fromBase64Url } from "./base64url";
import { TransportError } from "./errors";

export const uuid = v.pipe(v.string(), v.regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/));
export const time = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
export const count = time;

/** base64url in JSON, bytes in memory. */
export const bytes = v.pipe(
  v.string(),
  v.rawTransform<string, Uint8Array>(({ dataset, addIssue, NEVER }) => {
    const value = fromBase64Url(dataset.value);
    if (value) return value;
    addIssue({ message: "not base64url" });
    return NEVER;
  }),
);

const bilingual = v.object({ latin: v.string(), local: v.string() });

const personCard = v.object({
  id: uuid,
  name: bilingual,
  post: bilingual,
  unit: bilingual,
  ministry: bilingual,
  activated: v.boolean(),
  active: v.boolean(),
});

const me = v.object({
  person: personCard,
  login: v.string(),
  device: v.object({ id: uuid, name: v.string() }),
  salt: bytes,
  server_time: time,
  /** What this person is charged with beside talking, for example `moderator`. */
  duties: v.optional(v.array(v.string()), []),
});

const device = v.object({
  id: uuid,
  name: v.string(),
  kind: v.picklist([1, 2]),
  expires_at: v.optional(v.nullable(time), null),
  added_at: time,
  last_seen_at: v.nullable(time),
  revoked_at: v.nullable(time),
  current: v.boolean(),
});

const conversation = v.object({
  id: uuid,
  kind: v.picklist(["direct", "group", "self"]),
  persons: v.array(uuid),
  last_seq: count,
  generation: count,
  epoch: count,
  group_id: v.nullable(bytes),
  blocked: v.boolean(),
  orders: v.optional(count, 0),
  frozen_seq: v.optional(v.nullable(count), null),
  left: v.optional(v.boolean(), false),
});

const counts = v.object({ counts: v.record(v.string(), count) });

export const shapes = {
  personCard,
  me,
  device,
  conversation,
  counts,
  nothing: v.nullable(v.unknown()),
  activationOffer: v.object({
    person: personCard,
    login: v.string(),
    totp_secret: v.string(),
    totp_uri: v.string(),
  }),
  signInChallenge: v.object({ salt: bytes, challenge: bytes }),
  signInOutcome: v.variant("outcome", [
    v.object({ outcome: v.literal("session"), me }),
    v.object({
      outcome: v.literal("replace"),
      ticket: v.string(),
      person_id: uuid,
      chain: v.array(bytes),
    }),
  ]),
  recoveryChallenge: v.object({ person_id: uuid, challenge: bytes }),
  recoveryTicket: v.object({
    ticket: v.string(),
    person_id: uuid,
    chain: v.array(bytes),
    totp_secret: v.string(),
    totp_uri: v.string(),
  }),
  devices: v.object({ devices: v.array(device) }),
  people: v.object({ people: v.array(personCard), next: v.nullable(v.string()) }),
  statements: v.object({ statements: v.array(bytes) }),
  chainVersion: v.object({ version: count }),
  /** One package of each living device; `missing`: persons without a device, or without a package for it. */
  claimed: v.object({
    packages: v.array(v.object({ person: uuid, device: uuid, package: bytes })),
    missing: v.array(uuid),
  }),
  units: v.object({
    units: v.array(v.object({ id: uuid, name: bilingual, ministry: bilingual, people: count })),
    next: v.nullable(v.string()),
  }),
  matches: v.object({ matches: v.array(v.object({ line: v.string(), people: v.array(personCard) })) }),
};

export type PersonCardAnswer = v.InferOutput<typeof personCard>;
export type MeAnswer = v.InferOutput<typeof me>;
export type DeviceAnswer = v.InferOutput<typeof device>;
export type ConversationAnswer = v.InferOutput<typeof conversation>;
export type SignInOutcome = v.InferOutput<typeof shapes.signInOutcome>;
export type ClaimedAnswer = v.InferOutput<typeof shapes.claimed>;
export type RecoveryTicket = v.InferOutput<typeof shapes.recoveryTicket>;
export type ActivationOfferAnswer = v.InferOutput<typeof shapes.activationOffer>;

/** A parser for `Http` from a schema. */
export function parser<const S extends v.GenericSchema>(schema: S): (value: unknown) => v.InferOutput<S> {
  return (value) => {
    const result = v.safeParse(schema, value, { abortEarly: true });
    if (result.success) return result.output;
    // The path of the field, never its value: an answer may hold a secret.
    const where = result.issues[0].path?.map((item) => String(item.key)).join(".") ?? "";
    throw new TransportError("bad_answer", null, { where }, `unexpected answer at ${where}`);
  };
}
