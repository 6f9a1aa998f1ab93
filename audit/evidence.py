"""Evidence for single entries, for whoever may see them: read as `beep_auditor`, under the given policy."""

from functools import lru_cache
from pathlib import Path

from django.conf import settings

from audit import log
from audit.asking import asking
from audit.log import Evidence, NoEntryError
from audit.policy import Policy
from beep.errors import BeepError


@lru_cache(maxsize=2)
def _policy(path: str, changed: int) -> Policy:
    return Policy.parse(Path(path).read_text(encoding="utf-8"))


def policy() -> Policy:
    """The witness policy of this deployment; read again when its file changes.

    Raises BeepError `not_found` where none is configured.
    """
    if settings.WITNESSES is None:
        raise BeepError("not_found", "No witnesses are configured.")
    path = Path(settings.WITNESSES)
    return _policy(str(path), path.stat().st_mtime_ns)


def readers_policy(note: bytes) -> str:
    """The policy as whoever verifies under `note` needs it: this log alone, by the key that signed that."""
    return policy().for_readers(settings.LOG_ORIGIN, note=note).format()


def of(leaf: int) -> Evidence:
    """That entry `leaf` stands in the log, under the newest checkpoint that the witnesses' quorum has seen.

    Raises BeepError `busy` with `retry_after` while no quorum has seen it.
    """
    try:
        with asking() as cursor:
            return log.proof(cursor, leaf, policy=policy(), origin=settings.LOG_ORIGIN)
    except NoEntryError as error:
        raise BeepError("busy", "The witnesses have not seen this entry yet.", retry_after=5.0) from error
