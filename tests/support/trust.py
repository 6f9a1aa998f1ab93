"""An offline root with an authority and three reset officers, made anew in each run of the tests.

The certificates hold from 1970 to 2100, because tests stop the clock where they like.
"""

import base64
from typing import Final

from nacl.signing import SigningKey

from accounts.certificates import Certificate, Purpose, SignedCertificate, sign_certificate

END: Final = 4_102_444_800_000
"""2100-01-01, milliseconds UTC."""

ROOT: Final = SigningKey.generate()
AUTHORITY: Final = SigningKey.generate()
OFFICERS: Final = tuple(SigningKey.generate() for _ in range(3))


def certificate(
    key: SigningKey,
    purpose: Purpose,
    *,
    name: str = "Somebody",
    root: SigningKey = ROOT,
    not_before: int = 0,
    not_after: int = END,
) -> SignedCertificate:
    """What the root signs for `key`."""
    unsigned = Certificate(
        root=bytes(root.verify_key),
        key=bytes(key.verify_key),
        purpose=purpose,
        name=name,
        not_before=not_before,
        not_after=not_after,
    )
    return sign_certificate(certificate=unsigned, root=root)


CERTIFICATES: Final = (
    certificate(AUTHORITY, Purpose.AUTHORITY, name="Directory authority"),
    *(
        certificate(key, Purpose.OFFICER, name=f"Officer {number}")
        for number, key in enumerate(OFFICERS, start=1)
    ),
)


def environment() -> dict[str, str]:
    """The variables that tell a server of it."""
    return {
        "BEEP_AUTHORITY_KEY": _base64(bytes(AUTHORITY)),
        "BEEP_ROOT_KEY": _base64(bytes(ROOT.verify_key)),
        "BEEP_CERTIFICATES": ",".join(_base64(signed.encode()) for signed in CERTIFICATES),
    }


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
