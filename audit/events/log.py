"""Events about the log itself."""

from dataclasses import dataclass

from audit.events.base import Event


@dataclass(frozen=True, kw_only=True)
class OpeningErased(Event, action="opening.erased", target="opening"):
    """What a commitment hides was erased for good; `opening` is the commitment."""

    opening: bytes
    reason: str


@dataclass(frozen=True, kw_only=True)
class PolicyChanged(Event, action="log.policy_changed", target="policy"):
    """The policy of logs and witnesses is another file than at the last look."""

    policy: bytes
    """SHA-256 of the file."""
    instead_of: bytes | None = None
    """Of the file before; nothing at the first look."""


@dataclass(frozen=True, kw_only=True)
class WitnessSilent(Event, action="log.witness_silent", target="witness"):
    """A witness has not cosigned for an hour, or does so again."""

    witness: str
    """The policy's name for it."""
    last: int | None = None
    """When it last cosigned, seconds UTC."""
    back: bool = False
    """It cosigns again."""


@dataclass(frozen=True, kw_only=True)
class CheckpointsThinned(Event, action="log.checkpoints_thinned", target="log"):
    """Checkpoints older than a day were removed; one a minute stays."""

    removed: int
