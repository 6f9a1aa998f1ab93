/**
 * Every reason for which the crypto layer refuses. Codes are stable: the core decides by them, logs carry them, and
 * they cross from the worker unchanged. A code is never renamed or given a second meaning.
 */
export const cryptoErrorCodes = {
  // Bytes that are not the one canonical encoding of the structure asked for.
  truncated: "the bytes end too early",
  trailing_bytes: "bytes are left after the structure",
  length_invalid: "a vector's length cannot be read",
  length_not_minimal: "a vector's length takes more bytes than it needs",
  not_canonical: "the value encodes to other bytes",
  unknown_value: "a field holds a value outside its choices",
  out_of_range: "a number or length is out of range",
  format_unknown: "a newer format",

  // What a person types or a device signs.
  recovery_code_malformed: "not a recovery code, or a mistyped one",
  activation_code_malformed: "not an activation code, or a mistyped one",
  passphrase_short: "a passphrase of fewer than 12 characters",
  wrong_passphrase: "the vault does not open",
  vault_malformed: "not a wrapped vault of this version",
  key_malformed: "a key of the wrong length or kind",

  // Identity chains; `detail.rule` names the rule.
  statement_refused: "an identity statement breaks a rule",
  chain_empty: "no statement at all",
  chain_rolled_back: "the chain is shorter than the one pinned",
  chain_forked: "the chain differs from the one pinned",

  // Trust: what is believed because the offline root vouches for it; `detail.rule` names the rule.
  certificate_refused: "a certificate that the pinned root did not give for this",
  order_refused: "an order that is not believed",
  orders_unknown: "a commit names an order that is not known here",

  // Key transparency.
  key_log_refused: "what the key log shows does not fit; `detail.rule` names what",

  // Devices of one person.
  approval_refused: "an approval that does not belong to this offer and chain",
  history_refused: "a chunk of history that does not open",

  // Groups: what is asked of them.
  membership_refused: "a rule of membership forbids it; `detail.rule` names it",
  profile_malformed: "not a profile of a group conversation",
  policy_refused: "the policy does not fit",
  group_id: "of another group",
  suite: "another cipher suite",
  device_not_listed: "no verified chain ever listed this device with this key",
  device_revoked: "the device has been revoked",
  device_expired: "the device has expired",
  device_duplicate: "the device stands in the tree twice",
  person_not_in_conversation: "a third person in a direct conversation",
  key_package_refused: "a KeyPackage that the device may not publish",
  welcome_refused: "a Welcome that may not be taken",
  capabilities: "capabilities, extensions or a credential that no Beep client has",
  group_context: "the group carries context extensions",
  state_malformed: "not a group state of this version",
  removed: "this device was removed from the group",
  group_too_large: "more devices than a group of this suite may have",
  content_too_large: "the content does not fit into one envelope",
  slot_refused: "a slot that does not open",
  slot_old: "a slot that is not newer than the one known",

  // Frames of the log.
  frame_malformed: "not one canonical MLSMessage",
  wire_format: "PublicMessage and PrivateMessage swapped, or neither",
  content_type: "not the content type of this kind of envelope",
  epoch_mismatch: "the frame's epoch is not the envelope's",
  epoch_old: "made in an epoch that has ended before in the log",
  epoch_unknown: "made in an epoch that this device has not reached",
  sender_type: "the sender is not a member",
  sender_unknown: "nobody is at the sender's leaf",
  sender_mismatch: "the sender's leaf is not the envelope's device",
  own_frame: "a frame of this very device",
  proposal_reference: "a proposal by reference",
  proposal_type: "a proposal other than Add and Remove",
  remove_refused: "a Remove of an empty leaf, of the committer or twice",
  path_missing: "a commit without the UpdatePath that it needs",
  path_leaf_changed: "the path changes the committer's identity, key or capabilities",
  authenticated_data: "authenticated data that cannot be read or does not fit the frame",
  plaintext: "the plaintext is not framed and padded as agreed",
  franking_tag: "the franking tag does not cover the content",
  replayed: "a generation that was used before",
  generation_too_far: "a generation more than 5,000 ahead",
  not_authentic: "a signature, tag or ciphertext does not verify",

  content_malformed: "not one MessagePack map with a type",
  engine_failed: "an internal failure",
} as const;

export type CryptoErrorCode = keyof typeof cryptoErrorCodes;

/** A typed refusal. `detail` holds only what may be logged: never a key, a code or content. */
export class CryptoError extends Error {
  override readonly name = "CryptoError";
  readonly code: CryptoErrorCode;
  readonly detail: Readonly<Record<string, string | number>>;

  constructor(code: CryptoErrorCode, detail: Readonly<Record<string, string | number>> = {}) {
    const more = Object.entries(detail).map(([key, value]) => `${key} ${value}`);
    super(`${code}: ${[cryptoErrorCodes[code], ...more].join("; ")}`);
    this.code = code;
    this.detail = detail;
  }
}

/** Throws `CryptoError(code)` unless `condition` holds. */
export function demand(
  condition: boolean,
  code: CryptoErrorCode,
  detail?: Readonly<Record<string, string | number>>,
): asserts condition {
  if (!condition) throw new CryptoError(code, detail);
}
