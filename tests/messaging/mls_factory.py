"""Makes MLS frames as a client's would look to the server: real structures and signatures of device keys,
random bytes where only members could tell (HPKE keys, ciphertexts, tags).

The server cannot check a commit's own signature or its tags, so nothing is lost by not running MLS here;
frames that a real library made are in tests/vectors/mls and in the browser stories.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from nacl.signing import SigningKey

from messaging.formats import AuthenticatedData
from messaging.mls.key_packages import reference_of
from messaging.mls.leaf_map import filtered_direct_path_length
from messaging.mls.messages import (
    EncryptedGroupSecrets,
    FramedContent,
    MlsMessage,
    PublicMessage,
    Sender,
    SenderType,
    Welcome,
)
from messaging.mls.profile import CAPABILITIES, CipherSuite, Identity, suite_parameters
from messaging.mls.proposals import Add, Commit, Proposal, Remove
from messaging.mls.signing import sign_content
from messaging.mls.tree import (
    HpkeCiphertext,
    KeyPackage,
    LeafNode,
    LeafNodeSource,
    Lifetime,
    UpdatePath,
    UpdatePathNode,
)

DAY = 86_400


def sign(key: SigningKey, label: str, content: bytes) -> bytes:
    """SignWithLabel (RFC 9420 §5.1.2)."""
    return key.sign(sign_content(label=label, content=content)).signature


@dataclass
class Client:
    """A device with its key, as far as the server knows it."""

    person: UUID
    device: UUID
    key: SigningKey = field(default_factory=SigningKey.generate)
    counters: dict[UUID, int] = field(default_factory=dict)

    @property
    def signature_key(self) -> bytes:
        return bytes(self.key.verify_key)

    def next_counter(self, conversation: UUID) -> int:
        """The counter of the next frame; `sent` moves on."""
        return self.counters.get(conversation, 0) + 1

    def sent(self, conversation: UUID) -> None:
        self.counters[conversation] = self.next_counter(conversation)

    def key_package(
        self, *, now_ms: int, suite: int = CipherSuite.HYBRID, days: int = 90, **leaf_changes: Any
    ) -> KeyPackage:
        """A fresh KeyPackage, valid from an hour ago; `leaf_changes` are signed as well."""
        size = suite_parameters(suite).public_key_length
        start = now_ms // 1000 - 3600
        leaf = LeafNode(
            encryption_key=secrets.token_bytes(size),
            signature_key=self.signature_key,
            credential=Identity(self.person, self.device).credential(),
            capabilities=CAPABILITIES,
            source=LeafNodeSource.KEY_PACKAGE,
            lifetime=Lifetime(start, start + 3600 + days * DAY),
            parent_hash=None,
            extensions=(),
            signature=b"",
        )
        leaf = replace(leaf, **leaf_changes)
        leaf = replace(leaf, signature=sign(self.key, "LeafNodeTBS", leaf.tbs(group_id=b"", leaf_index=0)))
        package = KeyPackage(suite, secrets.token_bytes(size), leaf, (), b"")
        return replace(package, signature=sign(self.key, "KeyPackageTBS", package.tbs()))

    def update_path(
        self,
        *,
        group_id: bytes,
        leaf_index: int,
        leaves_after: Sequence[int],
        suite: int,
        **leaf_changes: Any,
    ) -> UpdatePath:
        """A path from this leaf in a tree with these leaves; one secret for each node."""
        parameters = suite_parameters(suite)
        leaf = LeafNode(
            encryption_key=secrets.token_bytes(parameters.public_key_length),
            signature_key=self.signature_key,
            credential=Identity(self.person, self.device).credential(),
            capabilities=CAPABILITIES,
            source=LeafNodeSource.COMMIT,
            lifetime=None,
            parent_hash=b"",
            extensions=(),
            signature=b"",
        )
        leaf = replace(leaf, **leaf_changes)
        leaf = replace(
            leaf,
            signature=sign(self.key, "LeafNodeTBS", leaf.tbs(group_id=group_id, leaf_index=leaf_index)),
        )
        nodes = tuple(
            UpdatePathNode(secrets.token_bytes(parameters.public_key_length), ())
            for _ in range(filtered_direct_path_length(leaf_index, leaves_after))
        )
        return UpdatePath(leaf, nodes)


def ciphertext(suite: int, length: int) -> HpkeCiphertext:
    """Random bytes of the shape of an HPKE ciphertext."""
    return HpkeCiphertext(
        secrets.token_bytes(suite_parameters(suite).kem_output_length), secrets.token_bytes(length)
    )


def commit_message(
    *,
    group_id: bytes,
    epoch: int,
    leaf_index: int,
    proposals: Sequence[Add | Remove | Any],
    path: UpdatePath | None,
    suite: int,
    authenticated_data: bytes | None = None,
    sender: Sender | None = None,
) -> bytes:
    """MLSMessage(PublicMessage(commit)) with tags and signature of the right lengths."""
    size = suite_parameters(suite).hash_length
    nothing_seen = AuthenticatedData(0, bytes(32), b"", ()).encode()
    from_member = sender is None or sender.sender_type is SenderType.MEMBER
    content = FramedContent(
        group_id,
        epoch,
        sender or Sender(SenderType.MEMBER, leaf_index),
        nothing_seen if authenticated_data is None else authenticated_data,
        Commit(tuple(Proposal(body) for body in proposals), path),
    )
    tag = secrets.token_bytes(size)
    message = PublicMessage(content, secrets.token_bytes(64), tag, tag if from_member else None)
    return MlsMessage(message).encode()


def welcome_message(added: Sequence[KeyPackage], *, suite: int) -> bytes:
    """MLSMessage(Welcome) for exactly these KeyPackages."""
    parts = tuple(EncryptedGroupSecrets(reference_of(package), ciphertext(suite, 100)) for package in added)
    return MlsMessage(Welcome(suite, parts, secrets.token_bytes(500))).encode()
