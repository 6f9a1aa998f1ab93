"""Hostile commits, one of each kind: refused by name, nothing changed, and the next right one works."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from messaging import formats, protocol
from messaging.mls.messages import (
    ContentType,
    FramedContent,
    MlsMessage,
    PrivateMessage,
    PublicMessage,
    Sender,
    SenderType,
)
from messaging.mls.profile import CAPABILITIES, Identity
from messaging.mls.proposals import (
    Commit,
    ExternalInit,
    GroupContextExtensions,
    Proposal,
    ProposalReference,
    ReInit,
    Remove,
    Update,
)
from messaging.mls.tree import Extension
from tests.messaging.mls_factory import welcome_message
from tests.messaging.refusals import refuse_commit, works
from tests.messaging.world import HYBRID, Direct, begun, claim

pytestmark = pytest.mark.django_db


# --- The commit itself -------------------------------------------------------------------------------------

Spoil = Callable[[Direct], protocol.Commit]


def spoilt_path(**leaf_changes: Any) -> Spoil:
    def frame(talk: Direct) -> protocol.Commit:
        path = talk.alice.client.update_path(
            group_id=talk.group.group_id, leaf_index=0, leaves_after=[0, 1], suite=HYBRID, **leaf_changes
        )
        return talk.commit_frame(talk.alice, path=path)

    return frame


def proposing(*proposals: Any, path: bool = True) -> Spoil:
    def frame(talk: Direct) -> protocol.Commit:
        changes: dict[str, Any] = {} if path else {"path": None}
        return talk.commit_frame(talk.alice, proposals=list(proposals), **changes)

    return frame


def sent_by(sender: Sender) -> Spoil:
    return lambda talk: talk.commit_frame(talk.alice, sender=sender)


def by_reference(talk: Direct) -> protocol.Commit:
    message = MlsMessage.decode(talk.commit_frame(talk.alice).body)
    assert isinstance(message.body, PublicMessage)
    assert isinstance(message.body.content.content, Commit)
    content = replace(message.body.content.content, proposals=(ProposalReference(bytes(64)),))
    return framed(talk, replace(message.body, content=replace(message.body.content, content=content)))


def proposal_alone(talk: Direct) -> protocol.Commit:
    content = FramedContent(talk.group.group_id, 1, Sender(SenderType.MEMBER, 0), b"", Proposal(Remove(1)))
    return framed(talk, PublicMessage(content, bytes(64), None, bytes(64)))


def encrypted(talk: Direct) -> protocol.Commit:
    return framed(
        talk, PrivateMessage(talk.group.group_id, 1, ContentType.COMMIT, b"", bytes(28), bytes(300))
    )


def framed(talk: Direct, body: PublicMessage | PrivateMessage) -> protocol.Commit:
    return protocol.Commit(
        id=1,
        conversation=talk.id.bytes,
        generation=1,
        epoch=1,
        counter=2,
        body=MlsMessage(body).encode(),
        welcome=None,
    )


def welcome_for_nobody(talk: Direct) -> protocol.Commit:
    claimed = claim(talk.alice.client, talk.bob, talk.id)
    return talk.commit_frame(talk.alice, welcome=welcome_message(claimed, suite=HYBRID))


MALLORY = Identity(uuid4(), uuid4()).credential()
HOSTILE: dict[str, tuple[Spoil, str]] = {
    "another group": (lambda talk: talk.commit_frame(talk.alice, group_id=bytes(32)), "mls_group_mismatch"),
    "another's leaf": (lambda talk: talk.commit_frame(talk.alice, leaf_index=1), "mls_sender_wrong_device"),
    "an empty leaf": (lambda talk: talk.commit_frame(talk.alice, leaf_index=9), "mls_sender_not_in_group"),
    "external sender": (sent_by(Sender(SenderType.EXTERNAL, 0)), "mls_sender_external"),
    "newcomer's commit": (sent_by(Sender(SenderType.NEW_MEMBER_COMMIT, None)), "mls_sender_new_member"),
    "proposal by reference": (by_reference, "mls_proposal_by_reference"),
    "proposal alone": (proposal_alone, "mls_content_proposal"),
    "encrypted commit": (encrypted, "mls_not_public_message"),
    "extensions": (proposing(GroupContextExtensions(())), "mls_proposal_group_context_extensions"),
    "reinit": (proposing(ReInit(bytes(32), 1, HYBRID, ())), "mls_proposal_reinit"),
    "external init": (proposing(ExternalInit(bytes(32))), "mls_proposal_external_init"),
    "removes itself": (proposing(Remove(0)), "mls_remove_self"),
    "removes nobody": (proposing(Remove(5)), "mls_remove_unknown_leaf"),
    "removes without a path": (proposing(Remove(1), path=False), "mls_path_missing"),
    "empty without a path": (proposing(path=False), "mls_path_missing"),
    "other identity": (spoilt_path(credential=MALLORY), "mls_path_credential"),
    "other signature key": (spoilt_path(signature_key=bytes(32)), "mls_path_signature_key"),
    "more capabilities": (
        spoilt_path(capabilities=replace(CAPABILITIES, proposals=(7,))),
        "mls_path_capabilities",
    ),
    "extensions in the leaf": (spoilt_path(extensions=(Extension(1, b"x"),)), "mls_path_extensions"),
    "no authenticated data": (
        lambda talk: talk.commit_frame(talk.alice, authenticated_data=b""),
        "authenticated_data",
    ),
    "has seen more than there is": (
        lambda talk: talk.commit_frame(
            talk.alice, authenticated_data=formats.AuthenticatedData(2, bytes(32), b"", ()).encode()
        ),
        "authenticated_data",
    ),
    "franking tag on a commit": (
        lambda talk: talk.commit_frame(
            talk.alice, authenticated_data=formats.AuthenticatedData(1, bytes(32), bytes(32), ()).encode()
        ),
        "authenticated_data",
    ),
    "an order that does not exist": (
        lambda talk: talk.commit_frame(
            talk.alice, authenticated_data=formats.AuthenticatedData(1, bytes(32), b"", (bytes(32),)).encode()
        ),
        "orders",
    ),
    "a Welcome for nobody": (welcome_for_nobody, "welcome"),
    "the partner is thrown out": (
        lambda talk: talk.commit_frame(talk.alice, remove=[talk.bob.client]),
        "remove",
    ),
    "garbage": (lambda talk: replace_body(talk, b"\xff" * 100), "mls_version_unsupported"),
    "cut short": (lambda talk: replace_body(talk, talk.commit_frame(talk.alice).body[:-5]), "mls_truncated"),
    "a byte too many": (
        lambda talk: replace_body(talk, talk.commit_frame(talk.alice).body + b"\0"),
        "mls_trailing_bytes",
    ),
}


def replace_body(talk: Direct, body: bytes) -> protocol.Commit:
    return protocol.Commit(
        id=1, conversation=talk.id.bytes, generation=1, epoch=1, counter=2, body=body, welcome=None
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_commit(name: str) -> None:
    spoil, rule = HOSTILE[name]
    talk = begun()
    error = refuse_commit(talk, spoil(talk))
    assert (error.code, error.detail) == ("frame_refused", {"rule": rule})
    works(talk)


def test_update_by_value() -> None:
    talk = begun()
    leaf = talk.alice.client.update_path(
        group_id=talk.group.group_id, leaf_index=0, leaves_after=[0, 1], suite=HYBRID
    ).leaf_node
    error = refuse_commit(talk, talk.commit_frame(talk.alice, proposals=[Update(leaf)]))
    assert error.detail == {"rule": "mls_proposal_update"}
    works(talk)


def test_frames_that_a_real_library_made_for_another_group() -> None:
    """The hostile frames that ts-mls itself can make, in a group of ours."""
    vectors = json.loads((Path(__file__).parents[1] / "vectors" / "mls" / "beep-profile.json").read_text())
    talk = begun()
    for name, hostile in vectors["suites"][0]["hostile"].items():
        error = refuse_commit(talk, replace_body(talk, bytes.fromhex(hostile)))
        assert error.code == "frame_refused", name
    works(talk)
