"""The witness policy as commands need it."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandError

from audit.note import Signer
from audit.policy import Policy, PolicyError


def configured_policy() -> Policy:
    """The policy that BEEP_WITNESSES names. Raises CommandError unless it is strong and names this log."""
    if settings.WITNESSES is None:
        raise CommandError("BEEP_WITNESSES is not set; see docs/operations.md")
    try:
        policy = Policy.parse(Path(settings.WITNESSES).read_text(encoding="utf-8"))
        policy.require_strong()
        policy.log(settings.LOG_ORIGIN)
    except (OSError, PolicyError, UnicodeDecodeError) as error:
        raise CommandError(f"BEEP_WITNESSES: {error}") from None
    return policy


def policy_for(signer: Signer) -> Policy:
    """The same, with `signer`'s being a key of the log."""
    policy = configured_policy()
    if signer.verifier not in policy.keys(signer.verifier.name):
        raise CommandError(f"BEEP_WITNESSES names another key for {signer.verifier.name} than BEEP_LOG_KEY")
    return policy
