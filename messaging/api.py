"""The HTTP API for conversations and KeyPackages: shapes in, one service call, shapes out.

No logic lives here. Envelopes, mail and slots travel over the socket (`messaging.protocol`).
"""

from typing import Final

from django.http import HttpRequest
from ninja import Path, Router

from accounts.auth import SessionCookie, caller_of
from beep import clock
from beep.schemas import SIGNED_IN, Id, answers
from messaging import conversations, key_packages, moderation, resets, restore, schemas, wake_tokens
from messaging.log import on_wire

router = Router(tags=["conversations"])
signed_in = SessionCookie()

ACTING: Final = (*SIGNED_IN, "device_unknown", "device_revoked", "person_inactive")
"""What every operation of a device may answer: the session ended, or its device or person is out."""


@router.post(
    "/key-packages",
    auth=signed_in,
    **answers({200: schemas.Counts}, *ACTING, "key_package_refused", "key_package_pool_full"),
)
def upload_key_packages(request: HttpRequest, body: schemas.UploadKeyPackages) -> schemas.Counts:
    """Add to this device's pool, all or nothing; the answer counts what others can still take."""
    counts = key_packages.upload(
        device=caller_of(request).device,
        suite=body.suite,
        packages=body.packages,
        last_resort=body.last_resort,
        now_ms=clock.now_ms(),
    )
    return schemas.Counts.of(counts)


@router.get("/key-packages", auth=signed_in, **answers({200: schemas.Counts}, *SIGNED_IN))
def count_key_packages(request: HttpRequest) -> schemas.Counts:
    """What is left of this device's pools; below 30 it is time to top up."""
    return schemas.Counts.of(key_packages.counts(device=caller_of(request).device, now_ms=clock.now_ms()))


@router.post(
    "/key-packages/claim",
    auth=signed_in,
    **answers({200: schemas.ClaimedKeyPackages}, *ACTING, "not_a_member"),
)
def claim_key_packages(request: HttpRequest, body: schemas.ClaimKeyPackages) -> schemas.ClaimedKeyPackages:
    """Take one KeyPackage of every living device of these persons; 300 persons a minute and device.

    Of the conversation's own persons and those invited to it, and for a group's admin of anybody.
    """
    claimed = key_packages.claim(
        device=caller_of(request).device,
        persons=body.persons,
        suite=body.suite,
        conversation=body.conversation,
        devices=body.devices,
        now_ms=clock.now_ms(),
    )
    return schemas.ClaimedKeyPackages(
        packages=[
            schemas.ClaimedKeyPackage(person=person, device=device, package=package)
            for person, device, package in claimed.packages
        ],
        missing=claimed.missing,
    )


@router.post(
    "/conversations/direct",
    auth=signed_in,
    **answers({200: schemas.Conversation}, *SIGNED_IN, "person_inactive", "no_partner"),
)
def open_direct(request: HttpRequest, body: schemas.OpenDirect) -> schemas.Conversation:
    """The one direct conversation with somebody, made when there is none; the other is not told."""
    state = conversations.open_direct(person=caller_of(request).person, partner=body.person)
    return schemas.Conversation.of(state)


@router.post(
    "/conversations/group",
    auth=signed_in,
    **answers({200: schemas.Conversation}, *SIGNED_IN, "person_inactive", "device_unknown"),
)
def open_group(request: HttpRequest, body: schemas.Nothing) -> schemas.Conversation:
    """A new group conversation with oneself as its admin; nobody hears of it before its group begins."""
    return schemas.Conversation.of(conversations.open_group(person=caller_of(request).person))


@router.post(
    "/conversations/self",
    auth=signed_in,
    **answers({200: schemas.Conversation}, *SIGNED_IN, "person_inactive"),
)
def open_self(request: HttpRequest, body: schemas.Nothing) -> schemas.Conversation:
    """The one conversation of one's own devices, made when there is none."""
    return schemas.Conversation.of(conversations.open_self(person=caller_of(request).person))


@router.get(
    "/conversations/{conversation}",
    auth=signed_in,
    **answers({200: schemas.Conversation}, *SIGNED_IN, "not_a_member"),
)
def conversation_state(request: HttpRequest, conversation: Path[Id]) -> schemas.Conversation:
    """The state of one of one's own conversations."""
    state = conversations.conversation_state(person=caller_of(request).person, conversation=conversation)
    return schemas.Conversation.of(state)


@router.get("/resets", auth=signed_in, **answers({200: schemas.AnnouncedResets}, *SIGNED_IN))
def announced_resets(request: HttpRequest) -> schemas.AnnouncedResets:
    """Resets that can still be stopped: one's own, and of whom one shares a conversation with."""
    found = resets.announced_to(person=caller_of(request).person)
    return schemas.AnnouncedResets(
        resets=[
            schemas.AnnouncedReset(person=each.person, asked_at=each.asked_at, earliest=each.earliest)
            for each in found
        ]
    )


@router.post("/wake", auth=signed_in, **answers({200: schemas.Wake}, *SIGNED_IN))
def wake(request: HttpRequest, body: schemas.Nothing) -> schemas.Wake:
    """A token for the socket that says only that something waits; it replaces this session's former one."""
    token, expires_at = wake_tokens.issue(session=caller_of(request).session)
    return schemas.Wake(token=token, expires_at=clock.to_ms(expires_at))


@router.post(
    "/moderation/envelope",
    auth=signed_in,
    **answers({200: schemas.ReportedEnvelope}, *SIGNED_IN, "forbidden", "not_found"),
)
def reported_envelope(request: HttpRequest, body: schemas.EnvelopeLookup) -> schemas.ReportedEnvelope:
    """One reported envelope, for a moderator in whose scope somebody of the conversation is; recorded."""
    row = moderation.envelope(
        moderator=caller_of(request).person, conversation=body.conversation, seq=body.seq
    )
    return schemas.ReportedEnvelope.of(on_wire(row), hash_=row.hash)


@router.post(
    "/identities/give-back",
    auth=signed_in,
    **answers(
        {200: schemas.ChainVersion},
        *SIGNED_IN,
        "conflict",
        "not_found",
        "statement_malformed",
        "statement_refused",
        "statement_stale",
    ),
)
def give_back_statements(request: HttpRequest, body: schemas.GiveBackStatements) -> schemas.ChainVersion:
    """Hand a restored server statements that it has lost, anybody's; each is signed by its own person."""
    caller = caller_of(request)
    version = restore.give_back_statements(
        person=body.person, statements=body.statements, actor=caller.actor()
    )
    return schemas.ChainVersion(version=version)
