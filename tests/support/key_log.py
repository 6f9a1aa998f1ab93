"""A key log with three witnesses, all in the test's own process: who cosigns what is for the test to say."""

from django.db import connections

from audit.note import COSIGNATURE, Signer, sign_note
from audit.policy import Group, Log, Policy, Witness
from audit.transparency import storage
from audit.transparency.publisher import Publisher
from beep import clock

ORIGIN = "localhost/keys"
LOG = Signer(ORIGIN, bytes([1] * 32))
WITNESSES = [Signer(f"witness.example/{n}", bytes([n + 1] * 32), COSIGNATURE) for n in (1, 2, 3)]
POLICY = Policy(
    (Log(LOG.verifier, "https://log.example/"), Log(Signer("localhost/audit", bytes([8] * 32)).verifier)),
    tuple(
        Witness(f"w{n}", each.verifier, f"https://w{n}.example/") for n, each in enumerate(WITNESSES, start=1)
    ),
    {"most": Group(2, ("w1", "w2", "w3"))},
    "most",
)


def publish(*, witnesses: int = 3) -> bytes:
    """An epoch, cosigned by so many."""
    published = Publisher(LOG).step()
    assert published is not None
    note = cosigned(published.note, witnesses=witnesses)
    with connections["integrator"].cursor() as cursor:
        storage.add_cosigned(cursor, size=published.size, note=note, at=clock.now_ms())
    return note


def cosigned(note: bytes, *, witnesses: int = 3) -> bytes:
    """The checkpoint of a note, signed by the log and, now, by so many witnesses."""
    text = note.split(b"\n\n")[0] + b"\n"
    return sign_note(text, [LOG, *WITNESSES[:witnesses]], time=clock.now_ms() // 1000)
