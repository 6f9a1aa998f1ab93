"""Whom to believe about a log: its keys, the witnesses, how many of them it takes (C2SP tlog-policy). Pure.

A policy is a text file, one statement a line; empty lines and lines that begin with `#` say nothing::

    log <key> [<url>]
    witness <name> <key> [<url>]
    group <name> <number>|all|any <member> …
    quorum <name>

Keys are written as `audit.note.Verifier.format` does; a log's key is named like its origin. A group counts
when that many of its members, witnesses or groups, have cosigned. There is one quorum; `none` asks nobody.

A log may have several keys, a line each, while one takes another's place: checkpoints of any of them are
believed, and readers are given the one that has signed what they look at. A witness without an address is
asked nothing any more; what it once cosigned still counts where a group names it.
"""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Self

from audit.note import COSIGNATURE, ED25519, Checkpoint, Note, NoteError, Verifier, open_note, parse_number

MIN_WITNESSES: Final = 3
MIN_QUORUM: Final = 2
MAX_POLICY_BYTES: Final = 64 * 1024

_FORBIDDEN: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_BLANK: Final = re.compile(r"[ \t]+")


class PolicyError(ValueError):
    """The policy file says something that it may not; the message names the line."""


class QuorumError(NoteError):
    """Too few witnesses have cosigned."""


@dataclass(frozen=True, slots=True)
class Log:
    """A log that is believed when it has signed and the quorum has cosigned."""

    verifier: Verifier
    url: str | None = None

    @property
    def origin(self) -> str:
        """The first line of its checkpoints."""
        return self.verifier.name


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness by the policy's own name for it; `url` is where `add-checkpoint` is."""

    name: str
    verifier: Verifier
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Counts as one witness when `needed` of its `members` have cosigned."""

    needed: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Witnessed:
    """A checkpoint that satisfies a policy. `times`: when each witness cosigned it, seconds UTC, by name."""

    checkpoint: Checkpoint
    note: Note
    times: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy that was read."""

    logs: tuple[Log, ...]
    witnesses: tuple[Witness, ...]
    groups: Mapping[str, Group]
    quorum: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a policy file. Raises PolicyError naming the line."""
        if len(text) > MAX_POLICY_BYTES or _FORBIDDEN.search(text):
            raise PolicyError("a policy is a small text without control characters")
        reader = _Reader()
        for number, line in enumerate(text.split("\n"), start=1):
            words = [word for word in _BLANK.split(line) if word]
            if words and not words[0].startswith("#"):
                try:
                    reader.read(words)
                except (NoteError, PolicyError) as error:
                    raise PolicyError(f"line {number} of the policy: {error}") from None
        if reader.quorum is None:
            raise PolicyError("the policy has no quorum")
        return cls(tuple(reader.logs), tuple(reader.witnesses), reader.groups, reader.quorum)

    def format(self) -> str:
        """The policy as a file that `parse` reads."""
        lines = [_line("log", log.verifier.format(), log.url) for log in self.logs]
        lines += [_line("witness", each.name, each.verifier.format(), each.url) for each in self.witnesses]
        for name, group in self.groups.items():
            lines.append(_line("group", name, str(group.needed), *group.members))
        return "".join(f"{line}\n" for line in [*lines, f"quorum {self.quorum}"])

    def for_readers(self, origin: str, *, note: bytes | None = None) -> "Policy":
        """What whoever verifies needs: that one log, no addresses. Raises PolicyError as `log` does.

        Of several keys the one that has signed `note`; the first where none has, or nothing is verified yet.
        """
        key = self.log(origin).verifier
        if note is not None:
            with suppress(NoteError):
                signed = self.signed(note, origin=origin).note
                key = next(each for each in self.keys(origin) if signed.by(each))
        return Policy(
            (Log(key),),
            tuple(Witness(each.name, each.verifier) for each in self.witnesses),
            self.groups,
            self.quorum,
        )

    def require_strong(self) -> None:
        """Raise PolicyError unless there are three witnesses and a quorum that no single one can fill."""
        if len(self.witnesses) < MIN_WITNESSES:
            raise PolicyError(f"the policy names fewer than {MIN_WITNESSES} witnesses")
        if any(self.satisfied([each.name]) for each in self.witnesses) or self.satisfied([]):
            raise PolicyError(f"the policy's quorum is less than {MIN_QUORUM} witnesses")

    def satisfied(self, names: Iterable[str]) -> bool:
        """Whether cosignatures by these witnesses fill the quorum."""
        if self.quorum == "none":
            return True
        counted = set(names) & {each.name for each in self.witnesses}
        for name, group in self.groups.items():  # Each after its members, as in the file.
            if sum(member in counted for member in group.members) >= group.needed:
                counted.add(name)
        return self.quorum in counted

    def keys(self, origin: str) -> list[Verifier]:
        """All keys of the log of that origin, as the policy has them."""
        return [each.verifier for each in self.logs if each.origin == origin]

    @property
    def asked(self) -> list[str]:
        """Names of the witnesses that are asked to cosign, in order."""
        return sorted(each.name for each in self.witnesses if each.url)

    def log(self, origin: str) -> Log:
        """The log of that origin, with its first key. Raises PolicyError when the policy has none."""
        for each in self.logs:
            if each.origin == origin:
                return each
        raise PolicyError(f"the policy does not know the log {origin}")

    def signed(self, data: bytes, *, origin: str) -> Witnessed:
        """Open a checkpoint that the log of `origin` has signed, whoever else has.

        Raises NoteError when it is none, of another log, or a known signature in it is false.
        """
        logs = self.keys(origin)
        note = open_note(data, [*logs, *(each.verifier for each in self.witnesses)])
        checkpoint = Checkpoint.parse(note.text)
        if checkpoint.origin != origin:
            raise NoteError(f"that is a checkpoint of {checkpoint.origin}, not of {origin}")
        if not any(note.by(verifier) for verifier in logs):
            raise NoteError(f"the log {origin} has not signed this checkpoint")
        found = {each.name: note.by(each.verifier) for each in self.witnesses}
        times = {name: cosigned.time or 0 for name, cosigned in found.items() if cosigned}
        return Witnessed(checkpoint, note, times)

    def witnessed(self, data: bytes, *, origin: str) -> Witnessed:
        """`signed`, and cosigned by the quorum. Raises NoteError; QuorumError when only cosigners are
        missing.
        """
        opened = self.signed(data, origin=origin)
        if not self.satisfied(opened.times):
            raise QuorumError(f"{len(opened.times)} of {len(self.witnesses)} witnesses have cosigned")
        return opened


class _Reader:
    """The statements so far."""

    def __init__(self) -> None:
        self.logs: list[Log] = []
        self.witnesses: list[Witness] = []
        self.groups: dict[str, Group] = {}
        self.quorum: str | None = None

    def read(self, words: list[str]) -> None:
        """Take one statement. Raises PolicyError or NoteError."""
        match words:
            case ["log", key, *url] if len(url) <= 1:
                self._add_log(Log(Verifier.parse(key), *url))
            case ["witness", name, key, *url] if len(url) <= 1:
                self._add_witness(Witness(self._fresh(name), Verifier.parse(key), *url))
            case ["group", name, needed, *members] if members:
                self._add_group(self._fresh(name), needed, members)
            case ["quorum", name]:
                if self.quorum is not None:
                    raise PolicyError("a second quorum")
                if name != "none" and name not in self._names():
                    raise PolicyError(f"nobody is called {name}")
                self.quorum = name
            case _:
                raise PolicyError("that is no statement of a policy")

    def _add_log(self, log: Log) -> None:
        if log.verifier.kind != ED25519:
            raise PolicyError("a log signs with type 1")
        if any(log.verifier.key == other.verifier.key for other in self.logs):
            raise PolicyError("a log's key a second time")
        self.logs.append(log)

    def _add_witness(self, witness: Witness) -> None:
        if witness.verifier.kind != COSIGNATURE:
            raise PolicyError("a witness signs with type 4")
        if any(witness.verifier.key == other.verifier.key for other in self.witnesses):
            raise PolicyError("a witness's key a second time")
        self.witnesses.append(witness)

    def _add_group(self, name: str, needed: str, members: list[str]) -> None:
        taken = {member for group in self.groups.values() for member in group.members}
        for member in members:
            if member not in self._names():
                raise PolicyError(f"nobody is called {member}")
            if member in taken or members.count(member) > 1:
                raise PolicyError(f"{member} counts a second time")
        number = {"any": 1, "all": len(members)}.get(needed)
        number = parse_number(needed) if number is None else number
        if not 1 <= number <= len(members):
            raise PolicyError("a group needs from one to all of its members")
        self.groups[name] = Group(number, tuple(members))

    def _names(self) -> set[str]:
        return {each.name for each in self.witnesses} | set(self.groups)

    def _fresh(self, name: str) -> str:
        if name == "none" or name in self._names():
            raise PolicyError(f"{name} is taken")
        return name


def _line(*words: str | None) -> str:
    return " ".join(word for word in words if word)
