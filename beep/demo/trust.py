"""The demonstration's offline root, directory authority and two reset officers.

Made at the first start, kept in the folder `trust` of the data folder: `root.key`, `officer-1.key` and
`officer-2.key` (mode 0600, under `PASSPHRASE`, which everybody knows) and `certificates`. A real root is made
apart from every server, in the ceremony of docs/operations.md.
"""

import base64
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from nacl.signing import SigningKey

from accounts import key_files
from accounts.certificates import (
    Certificate,
    CertificateMalformedError,
    Purpose,
    SignedCertificate,
    sign_certificate,
)
from accounts.key_files import KeyFileError, Kind
from beep import clock

PASSPHRASE: Final = "for demonstrations only"  # noqa: S105 - everybody may know it
OFFICERS: Final = ("Reset officer one", "Reset officer two")
VALID_FOR: Final = timedelta(days=3650)


@dataclass(frozen=True)
class Officer:
    """Who may sign a reset, and with which file."""

    name: str
    file: Path


@dataclass(frozen=True)
class DemoTrust:
    """What the processes and the visitor are told."""

    root: bytes
    certificates: Path
    officers: tuple[Officer, ...]

    def environment(self) -> dict[str, str]:
        """The two variables."""
        return {
            "BEEP_ROOT_KEY": base64.b64encode(self.root).decode(),
            "BEEP_CERTIFICATES": str(self.certificates),
        }


def prepare(folder: Path, *, authority: bytes) -> DemoTrust:
    """Find what an earlier start made, or make it, for the authority's seed (32 bytes)."""
    key = bytes(SigningKey(authority).verify_key)
    root = _known_root(folder, key)
    if root is None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        root = _make(folder, key)
    return DemoTrust(root=root, certificates=folder / "certificates", officers=_officers(folder))


def _officers(folder: Path) -> tuple[Officer, ...]:
    return tuple(
        Officer(name, folder / f"officer-{number}.key") for number, name in enumerate(OFFICERS, start=1)
    )


def _known_root(folder: Path, authority: bytes) -> bytes | None:
    """The root of a whole folder that certifies this authority; None when any of it is missing or damaged."""
    try:
        root = key_files.public_key(folder / "root.key", kind=Kind.ROOT)
        wanted = {
            authority,
            *(key_files.public_key(each.file, kind=Kind.OFFICER) for each in _officers(folder)),
        }
        lines = (folder / "certificates").read_text(encoding="ascii").split()
        signed = [SignedCertificate.parse(base64.b64decode(line, validate=True)) for line in lines]
    except (OSError, ValueError, KeyFileError, CertificateMalformedError):
        return None
    certified = {each.certificate.key for each in signed if each.certificate.root == root}
    return root if wanted <= certified else None


def _make(folder: Path, authority: bytes) -> bytes:
    files = [(folder / "root.key", Kind.ROOT), *((each.file, Kind.OFFICER) for each in _officers(folder))]
    # Argon2id takes most of a second a file and leaves the interpreter's lock while it works.
    with ThreadPoolExecutor() as pool:
        made = pool.map(lambda each: key_files.make(each[0], kind=each[1], passphrase=PASSPHRASE), files)
        public, *officers = made
    root = key_files.open_(folder / "root.key", kind=Kind.ROOT, passphrase=PASSPHRASE)
    now = clock.now()
    subjects = [(authority, Purpose.AUTHORITY, "Demonstration authority")]
    subjects += [(key, Purpose.OFFICER, name) for key, name in zip(officers, OFFICERS, strict=True)]
    lines = [
        sign_certificate(
            certificate=Certificate(
                root=public,
                key=key,
                purpose=purpose,
                name=name,
                not_before=clock.to_ms(now - timedelta(minutes=10)),
                not_after=clock.to_ms(now + VALID_FOR),
            ),
            root=root,
        ).encode()
        for key, purpose, name in subjects
    ]
    text = "".join(base64.b64encode(line).decode() + "\n" for line in lines)
    (folder / "certificates").write_text(text, encoding="ascii")
    return public
