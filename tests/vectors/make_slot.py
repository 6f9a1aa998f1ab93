"""Makes slot.json: sealed slots and typing frames with all their keys, and framings that are refused.

The keys are made from fixed bytes and belong to nobody.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from nacl.signing import SigningKey

from accounts.signing import Label, sign_content
from messaging import formats
from messaging.formats import SlotBody

GROUP_ID = hashlib.sha256(b"beep vectors group").digest()
DEVICE = SigningKey(hashlib.sha256(b"beep vectors device").digest())
NONCE = bytes(range(12))


def sealed(
    *, name: str, label: str, key: bytes, epoch: int, leaf: int, counter: int, plaintext: bytes
) -> dict[str, Any]:
    """One slot, made as a client makes it."""
    associated = formats.slot_associated_data(
        label=label, group_id=GROUP_ID, epoch=epoch, leaf=leaf, counter=counter
    )
    ciphertext = AESGCM(key).encrypt(NONCE, plaintext, associated)
    signed = formats.slot_signed(associated_data=associated, nonce=NONCE, ciphertext=ciphertext)
    content = sign_content(label=Label.SLOT, content=signed)
    body = SlotBody(NONCE, ciphertext, DEVICE.sign(content).signature)
    return {
        "name": name,
        "label": label,
        "epoch": epoch,
        "leaf": leaf,
        "counter": counter,
        "key": key.hex(),
        "exporter_context": leaf.to_bytes(4, "big").hex(),
        "plaintext": plaintext.hex(),
        "associated_data": associated.hex(),
        "sign_content": content.hex(),
        "nonce": NONCE.hex(),
        "ciphertext": ciphertext.hex(),
        "signature": body.signature.hex(),
        "body": body.encode().hex(),
    }


def main() -> None:
    """Write the file."""
    short, long = bytes([0x11] * 16), bytes([0x22] * 32)
    read = (41).to_bytes(8, "big")
    good = [
        sealed(name="read, suite 1", label="read", key=short, epoch=1, leaf=0, counter=1, plaintext=read),
        sealed(name="read, X-Wing", label="read", key=long, epoch=7, leaf=1, counter=300, plaintext=read),
        sealed(name="typing", label="typing", key=long, epoch=7, leaf=1, counter=301, plaintext=b"\1"),
        sealed(
            name="typing stopped", label="typing", key=long, epoch=7, leaf=1, counter=302, plaintext=b"\0"
        ),
        sealed(
            name="highest numbers",
            label="read",
            key=long,
            epoch=formats.MAX_UINT,
            leaf=(1 << 32) - 1,
            counter=formats.MAX_UINT,
            plaintext=formats.MAX_UINT.to_bytes(8, "big"),
        ),
    ]
    body = bytes.fromhex(good[0]["body"])
    ciphertext = bytes.fromhex(good[0]["ciphertext"])
    bad = {
        "nothing": b"",
        "cut short": body[:-1],
        "a byte too many": body + b"\0",
        "format 0": b"\0\0" + body[2:],
        "format 2": b"\0\2" + body[2:],
        "ciphertext of a tag alone": body[:14] + b"\x10" + ciphertext[:16] + body[-64:],
        "length not minimal": body[:14] + b"\x40\x18" + body[15:],
    }
    vectors = {
        "group_id": GROUP_ID.hex(),
        "signature_key": DEVICE.verify_key.encode().hex(),
        "good": good,
        "bad": [{"name": name, "body": data.hex()} for name, data in bad.items()],
    }
    Path(__file__).with_name("slot.json").write_text(json.dumps(vectors, indent=1) + "\n")


if __name__ == "__main__":
    main()
