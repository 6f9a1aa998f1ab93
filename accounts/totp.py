"""Time-based one-time codes (RFC 6238):

SHA-1, 30 seconds, six digits, as every authenticator application understands.

A code counts once: the step of the last accepted code is stored, and that step and older ones are refused.
One step of drift is allowed either way.
"""

import base64
import hmac
import secrets
from typing import Final
from urllib.parse import quote, urlencode

from django_otp.oath import hotp

from accounts import sealing
from accounts.folding import fold_digits
from accounts.models import Person, TotpFactor
from beep import clock

SEED_BYTES: Final = 20
STEP_SECONDS: Final = 30
DIGITS: Final = 6
DRIFT: Final = 1
"""Steps that a phone's clock may be early or late."""
ISSUER: Final = "Beep"


def new_seed() -> bytes:
    """20 random bytes (RFC 4226 §4)."""
    return secrets.token_bytes(SEED_BYTES)


def secret(seed: bytes) -> str:
    """The seed as people type it into an authenticator: base 32, 32 symbols."""
    return base64.b32encode(seed).decode()


def uri(*, seed: bytes, login: str) -> str:
    """The otpauth:// address that a QR code carries."""
    query = urlencode(
        {
            "secret": secret(seed),
            "issuer": ISSUER,
            "algorithm": "SHA1",
            "digits": DIGITS,
            "period": STEP_SECONDS,
        }
    )
    return f"otpauth://totp/{ISSUER}:{quote(login)}?{query}"


def code(*, seed: bytes, at_ms: int) -> str:
    """The code that an authenticator shows at `at_ms` (milliseconds UTC)."""
    return f"{hotp(seed, at_ms // (STEP_SECONDS * 1000), DIGITS):0{DIGITS}d}"


def matching_step(*, seed: bytes, token: str, after: int) -> int | None:
    """The step, later than `after`, whose code `token` is, within the drift; None when there is none.

    All steps are computed and compared, whichever matches.
    """
    typed = "".join(fold_digits(token).split())
    if len(typed) != DIGITS or not typed.isascii() or not typed.isdigit():
        return None
    current = clock.now_ms() // (STEP_SECONDS * 1000)
    matched: int | None = None
    for step in range(current - DRIFT, current + DRIFT + 1):
        right = hmac.compare_digest(typed, f"{hotp(seed, step, DIGITS):0{DIGITS}d}")
        if right and step > after and matched is None:
            matched = step
    return matched


def consume(*, factor: TotpFactor, token: str) -> bool:
    """Whether `token` is right and was not used; if so, it is used now."""
    seed = sealing.unseal(bytes(factor.sealed_seed), person=factor.user_id)
    step = matching_step(seed=seed, token=token, after=factor.last_step)
    if step is None:
        return False
    # Compare-and-swap: of two requests with the same code at the same moment, one moves the step.
    moved = TotpFactor.objects.filter(id=factor.id, last_step__lt=step).update(last_step=step)
    factor.last_step = max(factor.last_step, step)
    return moved == 1


def consume_for(*, person: Person, token: str) -> bool:
    """`consume` for the person's confirmed factor; false when there is none."""
    factor = TotpFactor.objects.filter(user=person, confirmed=True).first()
    return factor is not None and consume(factor=factor, token=token)


def enrol(*, person: Person, sealed_seed: bytes, token: str) -> bool:
    """Make the sealed seed the person's only factor, when `token` proves that it arrived."""
    step = first_step(person=person, sealed_seed=sealed_seed, token=token)
    if step is None:
        return False
    install(person=person, sealed_seed=sealed_seed, last_step=step)
    return True


def first_step(*, person: Person, sealed_seed: bytes, token: str) -> int | None:
    """The step of the code that proves that a sealed seed arrived; None when it does not."""
    return matching_step(seed=sealing.unseal(sealed_seed, person=person.id), token=token, after=-1)


def install(*, person: Person, sealed_seed: bytes, last_step: int) -> None:
    """Make the sealed seed, which a code of `last_step` proved, the person's only factor."""
    TotpFactor.objects.update_or_create(
        user=person,
        defaults={
            "name": "authenticator",
            "confirmed": True,
            "sealed_seed": sealed_seed,
            "last_step": last_step,
            "created_at": clock.now(),
        },
    )
