"""The backup's archive: what is damaged, incomplete or foreign is refused before anything is made of it.

Taking and restoring one, of a demo that runs, is part of test_demo.py.
"""

import hashlib
import io
import json
import stat
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from beep.backup.__main__ import restore, take
from beep.backup.archive import DUMP, FILES, MANIFEST, BackupError, Manifest, Member, digest, read, write

SECRET = f"{FILES}secrets.json"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A small one; its dump is no dump, which `read` does not ask."""
    members = {}
    for name, content in ((DUMP, b"PGDMP" + bytes(range(256)) * 5000), (SECRET, b'{"key": "K"}')):
        members[name] = tmp_path / name.replace("/", "-")
        members[name].write_bytes(content)
    manifest = Manifest(
        made_at="2026-01-02T03:04:05+00:00",
        postgres="18.0",
        migrations=["accounts.0001_initial"],
        rows={"accounts_person": 3},
        members={name: digest(path) for name, path in members.items()},
    )
    target = tmp_path / "beep.backup"
    write(target, manifest, members)
    return target


def entries(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as tar:
        return {entry.name: (tar.extractfile(entry) or io.BytesIO()).read() for entry in tar}


def rewrite(archive: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    """The same archive with its members as `change` leaves them."""
    found = entries(archive)
    change(found)
    with tarfile.open(archive, "w") as tar:
        for name, content in found.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


def test_an_archive_is_private_whole_and_gives_back_what_went_in(archive: Path, tmp_path: Path) -> None:
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    manifest = read(archive, tmp_path / "out")
    assert manifest.rows == {"accounts_person": 3}
    assert (tmp_path / "out" / SECRET).read_bytes() == b'{"key": "K"}'
    for name in manifest.members:
        assert stat.S_IMODE((tmp_path / "out" / name).stat().st_mode) == 0o600
        assert digest(tmp_path / "out" / name) == manifest.members[name]
    with pytest.raises(FileExistsError):
        write(archive, manifest, {})


@pytest.mark.parametrize("kept", [0.0, 0.001, 0.4, 0.99])
def test_a_cut_archive_is_refused(archive: Path, kept: float) -> None:
    data = archive.read_bytes()
    content = 1 + max(index for index, byte in enumerate(data) if byte)
    archive.write_bytes(data[: int(content * kept)])
    with pytest.raises(BackupError):
        read(archive)


@pytest.mark.parametrize("at", [0.1, 0.5, 0.9])
def test_a_flipped_bit_is_found(archive: Path, at: float) -> None:
    data = bytearray(archive.read_bytes())
    start = data.index(b"PGDMP")
    data[start + int(1_200_000 * at)] ^= 1
    archive.write_bytes(data)
    with pytest.raises(BackupError, match=f"{DUMP} is damaged"):
        read(archive)


def _more(name: str) -> Callable[[dict[str, bytes]], None]:
    def change(found: dict[str, bytes]) -> None:
        manifest = Manifest.decode(found[MANIFEST])
        found[name] = b"x"
        members = {**manifest.members, name: Member(1, hashlib.sha256(b"x").hexdigest())}
        found[MANIFEST] = replace(manifest, members=members).encode()

    return change


@pytest.mark.parametrize("name", ["files/../../evil", "/evil", "evil", "files//evil", "files/./evil"])
def test_no_member_leaves_the_folder(archive: Path, tmp_path: Path, name: str) -> None:
    rewrite(archive, _more(name))
    with pytest.raises(BackupError, match="should not have"):
        read(archive, tmp_path / "deep" / "out")
    assert not list(tmp_path.rglob("evil"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda found: found.pop(SECRET), "incomplete"),
        (lambda found: found.update({"files/other": b"x"}), "should not have"),
        (lambda found: found.pop(MANIFEST), "does not begin with a manifest"),
        (lambda found: found.update({MANIFEST: b"{}"}), "cannot be read"),
        (lambda found: found.update({MANIFEST: b"[]"}), "cannot be read"),
        (lambda found: found.update({MANIFEST: b"\xff"}), "cannot be read"),
        (
            lambda found: found.update(
                {MANIFEST: json.dumps({**json.loads(found[MANIFEST]), "format": "beep-backup/2"}).encode()}
            ),
            "not of the format",
        ),
    ],
)
def test_what_is_no_backup_is_refused(
    archive: Path, change: Callable[[dict[str, bytes]], None], message: str
) -> None:
    rewrite(archive, change)
    with pytest.raises(BackupError, match=message):
        read(archive)


def test_a_link_is_no_member(archive: Path, tmp_path: Path) -> None:
    with tarfile.open(archive, "a") as tar:
        entry = tarfile.TarInfo(SECRET)
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(entry)
    with pytest.raises(BackupError, match="should not have"):
        read(archive, tmp_path / "out")


def test_nothing_is_overwritten(archive: Path, tmp_path: Path) -> None:
    before = archive.read_bytes()
    with pytest.raises(BackupError, match="never overwritten"):
        take(tmp_path, archive)
    assert archive.read_bytes() == before
    full = tmp_path / "full"
    full.mkdir()
    (full / "something").touch()
    with pytest.raises(BackupError, match="not empty"):
        restore(archive, full)
    assert [path.name for path in full.iterdir()] == ["something"]
    with pytest.raises(BackupError, match="no data of embedded servers"):
        take(full, tmp_path / "new")


def test_a_backup_of_a_newer_version_is_refused(archive: Path, tmp_path: Path) -> None:
    def newer(found: dict[str, bytes]) -> None:
        manifest = Manifest.decode(found[MANIFEST])
        found[MANIFEST] = replace(manifest, migrations=["messaging.9999_later"]).encode()

    rewrite(archive, newer)
    with pytest.raises(BackupError, match=r"newer version of Beep: messaging\.9999_later"):
        restore(archive, tmp_path / "data")
    assert not (tmp_path / "data").exists()
    assert not list(tmp_path.glob(".restore-*"))
