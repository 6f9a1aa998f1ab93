"""That the log has only grown since somebody last looked: proofs for whoever has pinned a checkpoint."""

from typing import Final

from audit import log
from audit.asking import asking
from audit.canonical import MAX_INTEGER
from audit.log import LogError
from audit.note import Checkpoint, split_note
from beep.errors import BeepError

DIGITS: Final = len(str(MAX_INTEGER))


def parse_size(text: str) -> int:
    """The size in an address, 0 for none; raises BeepError `bad_request` for anything but plain digits."""
    if not text:
        return 0
    plain = text.isascii() and text.isdigit() and len(text) <= DIGITS
    if not plain or str(int(text)) != text or int(text) > MAX_INTEGER:
        raise BeepError("bad_request", "The pinned size is no number of entries.")
    return int(text)


def since(pinned: int, *, note: bytes) -> list[bytes]:
    """RFC 6962 §2.1.2: from the first `pinned` entries to the checkpoint in `note`, from the stored tiles.

    Empty where nothing can be proved: from nothing, from a size that this log has not reached, and where a
    tile is missing or short. Whoever has pinned something knows which of them it must not be.

    Raises BeepError `busy`.
    """
    size = Checkpoint.parse(split_note(note)[0]).size
    if not 0 < pinned <= size:
        return []
    try:
        with asking() as cursor:
            return log.tree(cursor, size).consistency(pinned)
    except LogError:
        return []
