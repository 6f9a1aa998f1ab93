"""The one kind of handshake that Beep carries: a member's commit in a PublicMessage, proposals by value,
Add and Remove only (RFC 9420 §6.2, §12.4)."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import MlsErrorCode, MlsRefusedError
from .messages import ApplicationData, MlsMessage, PublicMessage, Sender, SenderType
from .proposals import (
    Add,
    Commit,
    ExternalInit,
    GroupContextExtensions,
    PreSharedKey,
    Proposal,
    ProposalReference,
    ReInit,
    Remove,
    Update,
)
from .tls import Struct
from .tree import KeyPackage, UpdatePath

_FORBIDDEN: dict[type[Struct], MlsErrorCode] = {
    Update: MlsErrorCode.PROPOSAL_UPDATE,
    PreSharedKey: MlsErrorCode.PROPOSAL_PSK,
    ReInit: MlsErrorCode.PROPOSAL_REINIT,
    ExternalInit: MlsErrorCode.PROPOSAL_EXTERNAL_INIT,
    GroupContextExtensions: MlsErrorCode.PROPOSAL_GROUP_CONTEXT_EXTENSIONS,
}


@dataclass(frozen=True, slots=True)
class CommitFrame:
    """A commit as the server may look at it: who, when, who joins, who goes, and the new path if any.

    ``leaf_index`` is the committer's leaf, ``epoch`` the one that the commit ends. The signature and both
    tags are carried but can only be judged by members; see ``check_commit``.
    """

    group_id: bytes
    epoch: int
    leaf_index: int
    authenticated_data: bytes
    proposals: tuple[Add | Remove, ...]
    path: UpdatePath | None
    signature: bytes
    confirmation_tag: bytes
    membership_tag: bytes

    @property
    def added(self) -> tuple[KeyPackage, ...]:
        """The key packages of those who join, in the commit's order."""
        return tuple(p.key_package for p in self.proposals if isinstance(p, Add))

    @property
    def removed(self) -> tuple[int, ...]:
        """The leaf indices of those who go, in the commit's order."""
        return tuple(p.removed for p in self.proposals if isinstance(p, Remove))


def decode_commit(data: bytes) -> CommitFrame:
    """Reads an MLSMessage that must be a member's commit of the allowed kind.

    Raises ``MlsDecodeError`` for bytes that are no MLSMessage (MEMBERSHIP_TAG_MISSING when they stop before
    the tag), and ``MlsRefusedError`` with, in this order: NOT_PUBLIC_MESSAGE, SENDER_EXTERNAL,
    SENDER_NEW_MEMBER, CONTENT_APPLICATION, CONTENT_PROPOSAL, MEMBERSHIP_TAG_MISSING (an empty one),
    PROPOSAL_BY_REFERENCE, or the PROPOSAL code of a type that is not allowed.
    """
    message = MlsMessage.decode(data).body
    if not isinstance(message, PublicMessage):
        raise MlsRefusedError(
            MlsErrorCode.NOT_PUBLIC_MESSAGE, f"a {type(message).__name__}, not a PublicMessage"
        )
    framed = message.content
    leaf_index = _member_leaf(framed.sender)
    commit = framed.content
    if isinstance(commit, ApplicationData):
        raise MlsRefusedError(MlsErrorCode.CONTENT_APPLICATION, "application content in the clear")
    if not isinstance(commit, Commit):
        raise MlsRefusedError(MlsErrorCode.CONTENT_PROPOSAL, "a proposal outside a commit")
    if not message.membership_tag:
        raise MlsRefusedError(MlsErrorCode.MEMBERSHIP_TAG_MISSING, "the membership tag is empty")
    # A commit always carries the tag: PublicMessage.read makes it so.
    assert message.confirmation_tag is not None
    return CommitFrame(
        group_id=framed.group_id,
        epoch=framed.epoch,
        leaf_index=leaf_index,
        authenticated_data=framed.authenticated_data,
        proposals=tuple(_allowed(proposal) for proposal in commit.proposals),
        path=commit.path,
        signature=message.signature,
        confirmation_tag=message.confirmation_tag,
        membership_tag=message.membership_tag,
    )


def _member_leaf(sender: Sender) -> int:
    if sender.sender_type is SenderType.EXTERNAL:
        raise MlsRefusedError(MlsErrorCode.SENDER_EXTERNAL, "sent from outside the group")
    if sender.sender_type is not SenderType.MEMBER or sender.index is None:
        raise MlsRefusedError(MlsErrorCode.SENDER_NEW_MEMBER, "sent by somebody who is not yet a member")
    return sender.index


def _allowed(proposal: Proposal | ProposalReference) -> Add | Remove:
    if isinstance(proposal, ProposalReference):
        raise MlsRefusedError(MlsErrorCode.PROPOSAL_BY_REFERENCE, "a proposal by reference")
    if not isinstance(proposal.body, Add | Remove):
        raise MlsRefusedError(_FORBIDDEN[type(proposal.body)], "only Add and Remove are allowed")
    return proposal.body
