"""Does a group policy suit the conversation whose group it is to begin?"""

from typing import NoReturn

from beep.errors import BeepError
from beep.tls import TlsError
from messaging import formats
from messaging.formats import GroupPolicy, GroupSuite, PolicyKind, SizeClass
from messaging.models import Conversation


def read_policy(data: bytes, *, conversation: Conversation, predecessor: bytes | None) -> GroupPolicy:
    """The policy in `data` when the next group of this conversation may have it.

    `predecessor` is the current group's id, None before the first. Raises BeepError `policy_refused`;
    `detail.rule` is malformed, kind, conversation, persons, suite, size_class, retention or predecessor.
    """
    try:
        policy = GroupPolicy.decode(data)
    except TlsError:
        _refuse("malformed")
    if policy.kind != conversation.kind:
        _refuse("kind")
    if policy.conversation != conversation.id:
        _refuse("conversation")
    # The bytes of any other kind cannot name persons at all.
    pair = (conversation.person_a_id, conversation.person_b_id)
    if policy.persons != (pair if policy.kind is PolicyKind.DIRECT else ()):
        _refuse("persons")
    # Only a group that says that it is large may do without the post-quantum suite: what two persons' devices
    # can carry needs no excuse, and whoever reads "large" knows what it costs.
    large = policy.size_class is SizeClass.LARGE
    if large and policy.kind is not PolicyKind.GROUP:
        _refuse("size_class")
    if policy.suite is not (GroupSuite.CLASSICAL if large else GroupSuite.HYBRID):
        _refuse("suite")
    # Records are not kept yet, so no policy may promise it.
    kept = (policy.retention_class, policy.ministry, policy.registry)
    if conversation.retention_class != 0 or kept != (0, formats.ZERO_UUID, formats.ZERO_HASH):
        _refuse("retention")
    if policy.predecessor != (predecessor or formats.ZERO_HASH):
        _refuse("predecessor")
    return policy


def _refuse(rule: str) -> NoReturn:
    raise BeepError("policy_refused", detail={"rule": rule})
