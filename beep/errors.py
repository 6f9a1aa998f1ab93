"""Every refusal that Beep can give, once: the same catalogue serves HTTP and the socket.

A refusal is a `BeepError` with a stable `code`. Clients act on the code and never on the text; the text is
for a developer who reads a log. Codes are never renamed or reused; `docs/protocol.md` lists them from here.
This module imports nothing from Beep, so that every layer may use it.
"""

from collections.abc import Mapping
from typing import Any, Final

CATALOGUE: Final[Mapping[str, tuple[int, str]]] = {
    # General
    "bad_request": (400, "The request does not have the documented shape."),
    "not_signed_in": (401, "There is no session, or it has ended."),
    "forbidden": (403, "The origin, the role or the relation does not allow this."),
    "not_found": (404, "There is no such thing, or you may not know of it."),
    "method_not_allowed": (405, "The address exists; this method does not."),
    "conflict": (409, "Somebody else changed this first; read it again."),
    "too_large": (413, "The body is larger than the documented limit."),
    "rate_limited": (429, "Too many requests; `retry_after` says how many seconds to wait."),
    "busy": (503, "The server's queue is full; `retry_after` says how many seconds to wait."),
    "internal": (500, "The server failed; nothing was stored."),
    # Getting in
    "code_refused": (
        403,
        "The activation code and personnel number do not belong together, or have expired.",
    ),
    "code_used": (409, "This activation letter has been used."),
    "sign_in_refused": (403, "Login, passphrase or one-time code is wrong."),
    "totp_refused": (403, "The one-time code is wrong or has been used."),
    "challenge_refused": (403, "The challenge is unknown or too old; begin again."),
    "recovery_refused": (403, "The recovery code does not belong to this person."),
    "ticket_refused": (403, "The ticket is unknown or too old; begin again."),
    "person_inactive": (403, "The directory does not list this person as active."),
    "weak_secret": (400, "A secret of the wrong length or an all-zero secret was sent."),
    # Identity
    "statement_malformed": (400, "The identity statement's bytes are not canonical."),
    "statement_refused": (409, "The identity statement breaks a rule of the chain; `detail.rule` names it."),
    "statement_stale": (409, "The chain has a newer statement; fetch it and sign again."),
    "device_unknown": (404, "No such device, or it is not listed by its person."),
    "pairing_refused": (409, "The pairing has ended, or this step does not fit it."),
    "reset_refused": (403, "The reset was not asked for, was dropped, or is not signed yet; `detail.state`."),
    "history_full": (409, "No more history fits into this transfer."),
    "device_revoked": (403, "This device has been revoked or has expired."),
    # KeyPackages (RFC 9420 §10)
    "key_package_refused": (400, "A KeyPackage breaks a rule; `detail.rule` names it."),
    "key_package_pool_full": (409, "The pool of KeyPackages for this suite is full."),
    "no_key_package": (409, "A device of this person has no KeyPackage left for the suite."),
    # Conversations and groups
    "not_a_member": (403, "You are not a member of this conversation."),
    "no_partner": (400, "A direct conversation needs another, active person."),
    "policy_refused": (400, "The group policy breaks a rule; `detail.rule` names it."),
    "frame_refused": (400, "The MLS frame breaks a rule; `detail.rule` names it."),
    "generation_conflict": (409, "Another generation is current; `detail` has generation and epoch."),
    "epoch_conflict": (409, "Another epoch is current; `detail` has generation and epoch."),
    "successor_not_allowed": (409, "A successor group needs a revoked leaf in the current one."),
    "removal_due": (409, "A leaf of this group is revoked; begin a successor or remove it first."),
    "order_due": (409, "An open order must be executed by this commit; fetch the orders."),
    "rejoin_refused": (409, "This device may not be let in by an order; `detail.rule` says why."),
    "read_only": (503, "The server was restored to an older point and takes only re-uploads for now."),
    "counter_old": (409, "This counter was used for another body; the device must stop and rejoin."),
    "counter_gap": (409, "The counter is above last + 1; `detail.last` has the last one."),
    "slot_old": (409, "A slot with this counter or a higher one is stored."),
    "not_readable": (
        403,
        "The device had no leaf then; `detail.until` ends what it may not read, `detail.last_seq` the log.",
    ),
    "range_refused": (400, "The range is empty, too long or outside the log."),
    # The socket
    "protocol_violation": (400, "The frame is not one that the protocol allows here; the socket is closed."),
    "hello_first": (400, "The first frame on a socket must be hello."),
}
"""Code → (HTTP status, meaning)."""


class BeepError(Exception):
    """A refusal with a stable code from `CATALOGUE`.

    `detail` holds small JSON-able facts that a client may act on (for example the current epoch), never
    content and never a secret. `retry_after` is in seconds.
    """

    def __init__(
        self,
        code: str,
        message: str = "",
        *,
        detail: Mapping[str, Any] | None = None,
        retry_after: float | None = None,
    ) -> None:
        if code not in CATALOGUE:
            raise ValueError(f"{code} is not in the catalogue of refusals")
        super().__init__(message or CATALOGUE[code][1])
        self.code: Final = code
        self.message: Final = message or CATALOGUE[code][1]
        self.detail: Final = dict(detail or {})
        self.retry_after: Final = retry_after

    @property
    def status(self) -> int:
        """HTTP status of this refusal."""
        return CATALOGUE[self.code][0]
