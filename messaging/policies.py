"""Does a group policy suit the conversation whose group it is to begin?"""

from typing import NoReturn

from beep.errors import BeepError
from beep.tls import TlsError
from messaging import formats
from messaging.formats import GroupPolicy, GroupSuite, PolicyKind, SizeClass
from messaging.models import Conversation, ConversationKind


def read_policy(data: bytes, *, conversation: Conversation, predecessor: bytes | None) -> GroupPolicy:
    """The policy in `data` when the next group of this direct conversation may have it.

    `predecessor` is the current group's id, None before the first. Raises BeepError `policy_refused`;
    `detail.rule` is malformed, kind, conversation, persons, suite, size_class, retention or predecessor.
    """
    try:
        policy = GroupPolicy.decode(data)
    except TlsError:
        _refuse("malformed")
    if conversation.kind != ConversationKind.DIRECT or policy.kind is not PolicyKind.DIRECT:
        _refuse("kind")
    if policy.conversation != conversation.id:
        _refuse("conversation")
    if policy.persons != (conversation.person_a_id, conversation.person_b_id):
        _refuse("persons")
    # Two persons' devices are few: nothing excuses a group without the post-quantum suite.
    if policy.suite is not GroupSuite.HYBRID:
        _refuse("suite")
    if policy.size_class is not SizeClass.NORMAL:
        _refuse("size_class")
    # Records are not kept yet, so no policy may promise it.
    kept = (policy.retention_class, policy.ministry, policy.registry)
    if conversation.retention_class != 0 or kept != (0, formats.ZERO_UUID, formats.ZERO_HASH):
        _refuse("retention")
    if policy.predecessor != (predecessor or formats.ZERO_HASH):
        _refuse("predecessor")
    return policy


def _refuse(rule: str) -> NoReturn:
    raise BeepError("policy_refused", detail={"rule": rule})
