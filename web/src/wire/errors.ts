// Generated from messaging/protocol and beep/errors.py by `make generate`. Do not edit.

/** Every refusal that Beep can give, over HTTP and the socket. */
export const REFUSALS = [
  /** The request does not have the documented shape. (HTTP 400) */
  "bad_request",
  /** There is no session, or it has ended. (HTTP 401) */
  "not_signed_in",
  /** The origin, the role or the relation does not allow this. (HTTP 403) */
  "forbidden",
  /** There is no such thing, or you may not know of it. (HTTP 404) */
  "not_found",
  /** The address exists; this method does not. (HTTP 405) */
  "method_not_allowed",
  /** Somebody else changed this first; read it again. (HTTP 409) */
  "conflict",
  /** The body is larger than the documented limit. (HTTP 413) */
  "too_large",
  /** Too many requests; `retry_after` says how many seconds to wait. (HTTP 429) */
  "rate_limited",
  /** The server"s queue is full; `retry_after` says how many seconds to wait. (HTTP 503) */
  "busy",
  /** The server failed; nothing was stored. (HTTP 500) */
  "internal",
  /** The activation code and personnel number do not belong together, or have expired. (HTTP 403) */
  "code_refused",
  /** This activation letter has been used. (HTTP 409) */
  "code_used",
  /** Login, passphrase or one-time code is wrong. (HTTP 403) */
  "sign_in_refused",
  /** The one-time code is wrong or has been used. (HTTP 403) */
  "totp_refused",
  /** The challenge is unknown or too old; begin again. (HTTP 403) */
  "challenge_refused",
  /** The recovery code does not belong to this person. (HTTP 403) */
  "recovery_refused",
  /** The ticket is unknown or too old; begin again. (HTTP 403) */
  "ticket_refused",
  /** The directory does not list this person as active. (HTTP 403) */
  "person_inactive",
  /** A secret of the wrong length or an all-zero secret was sent. (HTTP 400) */
  "weak_secret",
  /** The identity statement"s bytes are not canonical. (HTTP 400) */
  "statement_malformed",
  /** The identity statement breaks a rule of the chain; `detail.rule` names it. (HTTP 409) */
  "statement_refused",
  /** The chain has a newer statement; fetch it and sign again. (HTTP 409) */
  "statement_stale",
  /** No such device, or it is not listed by its person. (HTTP 404) */
  "device_unknown",
  /** The pairing has ended, or this step does not fit it. (HTTP 409) */
  "pairing_refused",
  /** The reset was not asked for, was dropped, or is not signed yet; `detail.state`. (HTTP 403) */
  "reset_refused",
  /** No more history fits into this transfer. (HTTP 409) */
  "history_full",
  /** This device has been revoked or has expired. (HTTP 403) */
  "device_revoked",
  /** A KeyPackage breaks a rule; `detail.rule` names it. (HTTP 400) */
  "key_package_refused",
  /** The pool of KeyPackages for this suite is full. (HTTP 409) */
  "key_package_pool_full",
  /** A device of this person has no KeyPackage left for the suite. (HTTP 409) */
  "no_key_package",
  /** You are not a member of this conversation. (HTTP 403) */
  "not_a_member",
  /** A direct conversation needs another, active person. (HTTP 400) */
  "no_partner",
  /** The group policy breaks a rule; `detail.rule` names it. (HTTP 400) */
  "policy_refused",
  /** The MLS frame breaks a rule; `detail.rule` names it. (HTTP 400) */
  "frame_refused",
  /** Another generation is current; `detail` has generation and epoch. (HTTP 409) */
  "generation_conflict",
  /** Another epoch is current; `detail` has generation and epoch. (HTTP 409) */
  "epoch_conflict",
  /** A successor group needs a revoked leaf in the current one. (HTTP 409) */
  "successor_not_allowed",
  /** A leaf of this group is revoked; begin a successor or remove it first. (HTTP 409) */
  "removal_due",
  /** An open order must be executed by this commit; fetch the orders. (HTTP 409) */
  "order_due",
  /** This device may not be let in by an order; `detail.rule` says why. (HTTP 409) */
  "rejoin_refused",
  /** The server was restored to an older point and takes only re-uploads for now. (HTTP 503) */
  "read_only",
  /** This counter was used for another body; the device must stop and rejoin. (HTTP 409) */
  "counter_old",
  /** The counter is above last + 1; `detail.last` has the last one. (HTTP 409) */
  "counter_gap",
  /** A slot with this counter or a higher one is stored. (HTTP 409) */
  "slot_old",
  /** The device had no leaf then; `detail.until` ends what it may not read, `detail.last_seq` the log. (HTTP 403) */
  "not_readable",
  /** The range is empty, too long or outside the log. (HTTP 400) */
  "range_refused",
  /** The frame is not one that the protocol allows here; the socket is closed. (HTTP 400) */
  "protocol_violation",
  /** The first frame on a socket must be hello. (HTTP 400) */
  "hello_first",
] as const;

export type RefusalCode = (typeof REFUSALS)[number];
