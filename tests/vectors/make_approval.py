"""Makes approval.json: what two devices or two people compare (the web client's approval.ts and safety.ts).

The server computes none of this; these are known answers, worked out here apart from the client from the
formats as they are written down.
"""

import hashlib
import json
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from beep.tls import Writer

TRANSFER_KEY = bytes(index % 251 for index in range(1_216))
PAIRING = UUID("7a7a7a7a-0000-4000-8000-000000000001").bytes


def keys(device: int, kind: int, name: str) -> bytes:
    """K: all that is approved of the new device."""
    writer = Writer()
    writer.u16(1)
    writer.fixed(bytes([device] * 16))
    writer.u8(kind)
    writer.opaque(name.encode())
    writer.fixed(bytes([device + 1] * 32))
    writer.opaque(TRANSFER_KEY)
    return writer.getvalue()


def digits(*, r: bytes, n: bytes, k: bytes, head: bytes) -> str:
    """Eight decimal digits."""
    info = b"beep approve digits v1" + hashlib.sha256(k).digest()
    derived = HKDF(algorithm=SHA256(), length=8, salt=head, info=info).derive(r + n)
    return f"{int.from_bytes(derived, 'big') % 10**8:08}"


def approval(seed: int, kind: int, name: str) -> dict[str, Any]:
    """One approval; r, n and the chain's head differ with `seed`."""
    k = keys(seed, kind, name)
    r, n = (hashlib.sha256(bytes([seed, which])).digest() for which in (1, 2))
    head, statement = (hashlib.sha256(bytes([seed, which])).digest() for which in (3, 4))
    offer = Writer()
    offer.u16(1)
    offer.fixed(PAIRING)
    offer.fixed(hashlib.sha256(b"beep approve offer v1" + k + head).digest())
    return {
        "name": name,
        "kind": ("regular", "temporary")[kind - 1],
        "device": bytes([seed] * 16).hex(),
        "signature_key": bytes([seed + 1] * 32).hex(),
        "k": k.hex(),
        "r": r.hex(),
        "n": n.hex(),
        "head": head.hex(),
        "commit": hashlib.sha256(b"beep approve v1" + r + k).hexdigest(),
        "digits": digits(r=r, n=n, k=k, head=head),
        "offer": offer.getvalue().hex(),
        "statement": statement.hex(),
        "answer": hashlib.sha256(b"beep approve answer v1" + k + statement).hexdigest(),
    }


def malformed() -> dict[str, bytes]:
    """Bytes that are no K."""
    k = keys(1, 1, "Phone")
    kind_at, name_at = 2 + 16, 2 + 16 + 2
    return {
        "empty": b"",
        "cut off": k[:-1],
        "a byte too many": k + b"\0",
        "format 2": b"\0\2" + k[2:],
        "kind 0": k[:kind_at] + b"\0" + k[kind_at + 1 :],
        "kind 3": k[:kind_at] + b"\3" + k[kind_at + 1 :],
        "name with a line break": k[:name_at] + b"Pho\ne" + k[name_at + 5 :],
        "no name": k[: name_at - 1] + b"\0" + k[name_at + 5 :],
        "transfer key of 1,215 bytes": k[:-1218] + b"\x44\xbf" + k[-1216:-1],
    }


def half(person: bytes, base: bytes) -> list[str]:
    """Thirty digits of one person."""
    digest = hashlib.sha512(b"beep safety v1" + person + base).digest()[:30]
    groups = (digest[at : at + 5] for at in range(0, 30, 5))
    return [f"{int.from_bytes(group, 'big') % 100_000:05}" for group in groups]


def safety(a: int, b: int) -> dict[str, Any]:
    """Two people; the one with the smaller id comes first, whoever looks."""
    parties = [(bytes([one] * 16), hashlib.sha256(bytes([one])).digest()) for one in (a, b)]
    first, second = sorted(parties)
    return {
        "a": [part.hex() for part in parties[0]],
        "b": [part.hex() for part in parties[1]],
        "number": half(*first) + half(*second),
        "qr": b"".join(first + second).hex(),
    }


def main() -> None:
    """Write approval.json beside this script."""
    vectors = {
        "pairing": PAIRING.hex(),
        "transfer_key": TRANSFER_KEY.hex(),
        # Seed 3 gives digits that begin with a zero.
        "approvals": [approval(1, 1, "Phone"), approval(2, 2, "مشترکہ کمپیوٹر"), approval(3, 1, "Tablet")],
        "malformed": [{"name": name, "bytes": data.hex()} for name, data in malformed().items()],
        "safety": [safety(1, 2), safety(2, 1), safety(255, 128)],
    }
    Path(__file__).with_name("approval.json").write_text(json.dumps(vectors, indent=1) + "\n")


if __name__ == "__main__":
    main()
