"""What no person does and an auditor must hear of: a witness falls silent, the policy becomes another.

The integrator may not write to the intake, so the worker looks, once a minute (`audit.tasks`), and writes an
event when something is not as it was told last. The events are alerts (`audit.alerts`) like any other's.
"""

from hashlib import sha256
from pathlib import Path
from typing import Final

import structlog
from django.conf import settings
from django.db import transaction

from audit import events, evidence, intake, log
from audit.asking import asking
from audit.events import Actor
from audit.integrity import STALE
from audit.models import Watched
from audit.policy import PolicyError
from beep import clock

logger = structlog.get_logger(__name__)

ACTOR: Final = Actor(system="audit.watch")
POLICY: Final = "policy"
FRESH: Final = "fresh"
SILENT: Final = "silent"
MAX_NAME: Final = 180


def look() -> None:
    """Tell what has changed since the last look; does nothing where no witnesses are configured.

    Two at once wait for each other and tell it once. Raises BeepError `busy` when the log cannot be read.
    """
    if settings.WITNESSES is None:
        return
    try:
        text = Path(settings.WITNESSES).read_bytes()
    except OSError as error:
        logger.error("policy_unreadable", reason=str(error))
        return
    _policy(sha256(text).hexdigest())
    try:
        names = evidence.policy().asked
    except (PolicyError, UnicodeDecodeError) as error:
        logger.error("policy_unreadable", reason=str(error))
        return
    with asking() as cursor:
        size, _ = log.head(cursor)
        times = log.cosignature_times(cursor, names)
    if size:
        for name in names:
            _witness(name, times.get(name))


@transaction.atomic
def _policy(digest: str) -> None:
    kept = _kept(POLICY)
    if kept.value != digest:
        before = bytes.fromhex(kept.value) if kept.value else None
        intake.record(events.PolicyChanged(actor=ACTOR, policy=bytes.fromhex(digest), instead_of=before))
        _keep(kept, digest)


@transaction.atomic
def _witness(name: str, at: int | None) -> None:
    """`at`: when it has last cosigned, seconds UTC. One that never has gets an hour from the first look."""
    kept, now = _kept(f"witness {name[:MAX_NAME]}"), clock.now_ms() // 1000
    if at is None:
        begun = int(kept.value) if kept.value.isdecimal() else now
        state = SILENT if kept.value == SILENT or now - begun > STALE else str(begun)
    else:
        state = SILENT if now - at > STALE else FRESH
    if state != kept.value:
        if SILENT in (state, kept.value):
            intake.record(
                events.WitnessSilent(actor=ACTOR, witness=name[:MAX_NAME], last=at, back=state == FRESH)
            )
        _keep(kept, state)


def _kept(name: str) -> Watched:
    Watched.objects.get_or_create(name=name, defaults={"value": ""})
    return Watched.objects.select_for_update().get(name=name)


def _keep(kept: Watched, value: str) -> None:
    kept.value = value
    kept.save(update_fields=["value"])
