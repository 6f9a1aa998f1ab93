"""Makes signatures.json: Ed25519 over SignContent, good and bad (`accounts.signing`).

The bad ones are where libraries disagree: points of small order, encodings that are not canonical. Both
languages refuse all of them. `sign_content` is the exact bytes that were signed.
"""

import hashlib
import json
from pathlib import Path

from nacl.bindings import (
    crypto_core_ed25519_scalar_add,
    crypto_core_ed25519_scalar_mul,
    crypto_core_ed25519_scalar_reduce,
)
from nacl.signing import SigningKey

from accounts import signing
from accounts.signing import Label

KEY = SigningKey(bytes(range(32)))
PUBLIC = bytes(KEY.verify_key)
ORDER = 2**252 + 27742317777372353535851937790883648493
PRIME = 2**255 - 19
IDENTITY_POINT = (1).to_bytes(32, "little")
SMALL_ORDER = {
    "of order 1": IDENTITY_POINT,
    "of order 2": (PRIME - 1).to_bytes(32, "little"),
    "of order 4": bytes(32),
    "of order 4, other sign": (1 << 255).to_bytes(32, "little"),
    "of order 8": bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    "of order 1, not canonical": (PRIME + 1).to_bytes(32, "little"),
    "of order 4, not canonical": PRIME.to_bytes(32, "little"),
}


def good() -> list[tuple[Label, bytes]]:
    """Contents to sign."""
    challenge = hashlib.sha256(b"a challenge").digest()
    return [
        (Label.IDENTITY_STATEMENT, b""),
        (Label.IDENTITY_STATEMENT, b"statement"),
        (Label.SIGN_IN, signing.sign_in_content(challenge=challenge, device=bytes(range(16)))),
        (Label.RECOVERY, signing.recovery_content(challenge=challenge, person=bytes(range(16)))),
        (Label.SLOT, bytes(63)),
        (Label.SLOT, bytes(64)),
        (Label.ORDER, bytes(16_384)),
        *((label, label.encode()) for label in Label),
    ]


def small_order_r(label: Label, content: bytes) -> bytes:
    """A signature with R = the neutral point that satisfies the equation S·B = R + h·A."""
    message = signing.sign_content(label=label, content=content)
    digest = hashlib.sha512(IDENTITY_POINT + PUBLIC + message).digest()
    scalar = bytearray(hashlib.sha512(bytes(KEY)).digest()[:32])
    scalar[0] &= 248
    scalar[31] = scalar[31] & 63 | 64
    reduced = crypto_core_ed25519_scalar_reduce(bytes(scalar) + bytes(32))
    product = crypto_core_ed25519_scalar_mul(crypto_core_ed25519_scalar_reduce(digest), reduced)
    return IDENTITY_POINT + crypto_core_ed25519_scalar_add(product, bytes(32))


def bad() -> list[tuple[str, bytes, Label, bytes, bytes]]:
    """(name, public key, label, content, signature) that must be refused."""
    content = b"statement"
    label = Label.IDENTITY_STATEMENT
    signature = signing.sign(key=KEY, label=label, content=content)
    large_s = (int.from_bytes(signature[32:], "little") + ORDER).to_bytes(32, "little")
    unlabelled = KEY.sign(content).signature
    mls_labelled = KEY.sign(
        signing.sign_content(label=label, content=content).replace(b"Beep", b"MLS ", 1)
    ).signature
    cases = [
        ("another label", PUBLIC, Label.ORDER, content, signature),
        ("another content", PUBLIC, label, b"Statement", signature),
        ("another key", bytes(SigningKey(bytes(32)).verify_key), label, content, signature),
        ("signature over the bare content", PUBLIC, label, content, unlabelled),
        ("signature under another prefix", PUBLIC, label, content, mls_labelled),
        ("signature cut off", PUBLIC, label, content, signature[:-1]),
        ("signature too long", PUBLIC, label, content, signature + b"\0"),
        ("signature empty", PUBLIC, label, content, b""),
        ("signature zero", PUBLIC, label, content, bytes(64)),
        ("key cut off", PUBLIC[:-1], label, content, signature),
        ("S not below the group order", PUBLIC, label, content, signature[:32] + large_s),
        ("R of small order, equation holds", PUBLIC, label, content, small_order_r(label, content)),
    ]
    cases += [
        (f"key {name}", point, label, content, IDENTITY_POINT + bytes(32))
        for name, point in SMALL_ORDER.items()
    ]
    cases += [
        (f"key and R {name}", point, label, content, point + bytes(32)) for name, point in SMALL_ORDER.items()
    ]
    return cases


def main() -> None:
    """Write signatures.json beside this script."""
    vectors = {
        "good": [
            {
                "label": label.value,
                "content": content.hex(),
                "sign_content": signing.sign_content(label=label, content=content).hex(),
                "public_key": PUBLIC.hex(),
                "signature": signing.sign(key=KEY, label=label, content=content).hex(),
            }
            for label, content in good()
        ],
        "bad": [
            {
                "name": name,
                "public_key": public_key.hex(),
                "label": label.value,
                "content": content.hex(),
                "signature": signature.hex(),
            }
            for name, public_key, label, content, signature in bad()
        ],
    }
    Path(__file__).with_name("signatures.json").write_text(json.dumps(vectors, indent=1) + "\n")


if __name__ == "__main__":
    main()
