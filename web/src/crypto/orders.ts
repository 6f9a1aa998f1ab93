/**
 * Orders of the directory authority: what the members of a group must do with a device or person. The authority cannot
 * touch a group; the next committer carries an order out by value and names its hash. The twin of
 * `messaging/formats/orders.py`.
 *
 *     order   = u16 format = 1; opaque group_id[32]; u8 action (1 remove, 2 add, 3 leave); opaque person[16];
 *               opaque device[16]; opaque statement_hash[32]; u64 expires_at; opaque request<V>
 *     asked   = u16 format = 1; opaque group_id[32]; opaque person[16]; opaque device[16]; opaque statement_hash[32]
 *     request = empty for remove; else the device's 64-byte signature over `asked`, label AddRequest or LeaveRequest
 *     signed  = opaque order<V>; opaque certificate<V>; opaque signature[64]
 *
 * The signature is over `order`, label Order, by the certificate's key; hash = SHA-256(order).
 */

import type { Uuid, VerifiedOrder } from "./api";
import { equal, sha256 } from "./bytes";
import {
  encodeSignedCertificate,
  parseCertificate,
  type SignedCertificate,
  verifyCertificate,
} from "./certificates";
import type { Chain } from "./chain";
import { CryptoError, demand } from "./errors";
import { type SignLabel, verify } from "./signing";
import { decode, type Reader, Writer } from "./tls";

export type OrderAction = VerifiedOrder["action"];

/** What a device signs to be let in or to leave. */
export interface OrderRequest {
  groupId: Uint8Array;
  person: Uuid;
  device: Uuid;
  /** The newest statement of the person when it asks. */
  statementHash: Uint8Array;
}

export interface Order extends OrderRequest {
  action: OrderAction;
  /** Milliseconds UTC. */
  expiresAt: number;
  request: Uint8Array;
}

export interface SignedOrder {
  order: Order;
  certificate: SignedCertificate;
  signature: Uint8Array;
}

/** Names of the rules in `detail.rule` of `order_refused`. */
export type OrderRule =
  | "malformed"
  | "certificate"
  | "signature"
  | "expired"
  | "group"
  | "person"
  | "statement"
  | "device"
  | "request";

const ACTIONS: readonly OrderAction[] = ["remove", "add", "leave"];

/** Under which label the device signs its request; a removal needs none. */
export const REQUEST_LABELS: Readonly<Record<"add" | "leave", SignLabel>> = {
  add: "AddRequest",
  leave: "LeaveRequest",
};

/** The bytes that a device signs under `REQUEST_LABELS`. */
export const encodeOrderRequest = ({ groupId, person, device, statementHash }: OrderRequest): Uint8Array =>
  new Writer().u16(1).fixed(groupId, 32).fixed(person, 16).fixed(device, 16).fixed(statementHash, 32).bytes;

/** What the authority signs. */
export function encodeOrder(order: Order): Uint8Array {
  demand(order.request.length === (order.action === "remove" ? 0 : 64), "out_of_range");
  return new Writer()
    .u16(1)
    .fixed(order.groupId, 32)
    .u8(ACTIONS.indexOf(order.action) + 1)
    .fixed(order.person, 16)
    .fixed(order.device, 16)
    .fixed(order.statementHash, 32)
    .u64(order.expiresAt)
    .opaque(order.request).bytes;
}

export const encodeSignedOrder = ({ order, certificate, signature }: SignedOrder): Uint8Array =>
  new Writer().opaque(encodeOrder(order)).opaque(encodeSignedCertificate(certificate)).fixed(signature, 64)
    .bytes;

/** Reads an order; nothing is believed yet. Throws CryptoError of the parsing codes. */
export const parseOrder = (bytes: Uint8Array): SignedOrder => decode(bytes, readSigned, encodeSignedOrder);

function readSigned(reader: Reader): SignedOrder {
  const order = decode(reader.opaque(), readOrder, encodeOrder);
  return { order, certificate: parseCertificate(reader.opaque()), signature: reader.fixed(64) };
}

function readOrder(reader: Reader): Order {
  demand(reader.u16() === 1, "format_unknown");
  const groupId = reader.fixed(32);
  const action = ACTIONS[reader.u8() - 1];
  if (action === undefined) throw new CryptoError("unknown_value");
  return {
    groupId,
    action,
    person: reader.fixed(16),
    device: reader.fixed(16),
    statementHash: reader.fixed(32),
    expiresAt: reader.u64(),
    request: reader.opaque(),
  };
}

/** Throws `order_refused` with the rule unless `condition` holds. */
function rule(condition: boolean, name: OrderRule): asserts condition {
  if (!condition) throw new CryptoError("order_refused", { rule: name });
}

/** Runs `read`; a refusal of the crypto layer becomes `order_refused` with this rule. */
async function refusing<T>(name: OrderRule, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof CryptoError) throw new CryptoError("order_refused", { rule: name });
    throw error;
  }
}

/** What an order is judged by. `person`: the verified chain of the person it names. */
export interface OrderContext {
  /** The root pinned at first contact; without one no order is believed. */
  root: Uint8Array | null;
  groupId: Uint8Array;
  /** Milliseconds UTC: now, or the server's time of the commit that names the order. */
  at: number;
  person: Pick<Chain, "person" | "statementHashes" | "everListed">;
}

/**
 * Verifies an order against the pinned root and the person's chain. An Add or a Leave carries the device's own
 * signature, so that the authority alone lets nobody in and ends nobody's membership. Whether the order fits a commit
 * is judged by `membership.ts`.
 *
 * @throws CryptoError `order_refused` with `detail.rule`: malformed, certificate, signature, expired, group, person,
 *   statement (the chain known here may be too short: fetch it and ask again), device, request.
 */
export async function verifyOrder(bytes: Uint8Array, context: OrderContext): Promise<VerifiedOrder> {
  const { root, groupId, at, person } = context;
  const { order, certificate, signature } = await refusing("malformed", () => parseOrder(bytes));
  const { key } = await refusing("certificate", () =>
    verifyCertificate(certificate, { root, purpose: "authority", at }),
  );
  const unsigned = encodeOrder(order);
  rule(await verify(key, "Order", unsigned, signature), "signature");
  rule(at < order.expiresAt, "expired");
  rule(equal(order.groupId, groupId), "group");
  rule(equal(order.person, person.person), "person");
  const known = person.statementHashes.some((hash) => equal(hash, order.statementHash));
  rule(known, "statement");
  const { action, device, statementHash, expiresAt, request } = order;
  if (action !== "remove") {
    const listed = person.everListed.find((entry) => equal(entry.device, device));
    rule(listed !== undefined, "device");
    const asked = encodeOrderRequest(order);
    rule(await verify(listed.signatureKey, REQUEST_LABELS[action], asked, order.request), "request");
  }
  const hash = await sha256(unsigned);
  return { hash, action, person: order.person, device, statementHash, expiresAt, request };
}
