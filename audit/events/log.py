"""Events about the log itself."""

from dataclasses import dataclass

from audit.events.base import Event


@dataclass(frozen=True, kw_only=True)
class OpeningErased(Event, action="opening.erased", target="opening"):
    """What a commitment hides was erased for good; `opening` is the commitment."""

    opening: bytes
    reason: str
