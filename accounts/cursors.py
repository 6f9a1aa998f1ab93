"""Cursors of alphabetical lists: the name and id of the last entry that was shown. Opaque to clients."""

import base64
import binascii
import json
from uuid import UUID

from beep.errors import BeepError


def write(*, name: str, id_: UUID) -> str:
    """The cursor behind this entry, base64url without padding."""
    return base64.urlsafe_b64encode(json.dumps([name, str(id_)]).encode()).decode().rstrip("=")


def read(cursor: str) -> tuple[str, UUID]:
    """Name and id out of a cursor; raises BeepError `bad_request` for what `write` did not make."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        name, id_ = json.loads(raw)
        if not isinstance(name, str) or not isinstance(id_, str) or "\0" in name:
            raise ValueError
        name.encode()  # A lone surrogate is JSON, and nothing that a database holds.
        return name, UUID(id_)
    except (binascii.Error, ValueError, TypeError, RecursionError):
        raise BeepError("bad_request", "This is not a cursor of this search.") from None
