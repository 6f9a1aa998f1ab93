"""What a server says unasked."""

from typing import TypeAlias

from .common import Frame, SlotBody, Uint, Uuid
from .parts import ConversationState, DeliveredMark, Envelope, Slot

# Events: server to client, unasked.


class Envelopes(Frame, tag="envelopes", frozen=True):
    """New envelopes of one conversation in seq order. May repeat or overtake a page: a client goes by seq."""

    conversation: Uuid
    envelopes: list[Envelope]


class MailWaiting(Frame, tag="mail_waiting", frozen=True):
    """The mailbox has items up to `last`."""

    last: Uint


class ConversationChanged(Frame, tag="conversation_changed", frozen=True):
    """A conversation is new to the person, or its group state changed without an envelope (blocked)."""

    state: ConversationState


class SlotChanged(Frame, tag="slot_changed", frozen=True):
    """A member's slot was replaced."""

    conversation: Uuid
    slot: Slot


class TypingEvent(Frame, tag="typing_event", frozen=True):
    """A member's sealed typing frame."""

    conversation: Uuid
    device: Uuid
    generation: Uint
    epoch: Uint
    leaf: Uint
    counter: Uint
    body: SlotBody


class Delivered(Frame, tag="delivered", frozen=True):
    """Another member's device has acknowledged the log up to `mark.seq`."""

    conversation: Uuid
    mark: DeliveredMark


class IdentityChanged(Frame, tag="identity_changed", frozen=True):
    """A person whom you share a conversation with has a new identity statement; fetch the chain."""

    person: Uuid
    version: Uint


class PersonChanged(Frame, tag="person_changed", frozen=True):
    """The directory changed the name, post, unit or state of somebody whom you share a conversation with."""

    person: Uuid


class ResetRequested(Frame, tag="reset_requested", frozen=True):
    """Somebody asks for a reset of `person`'s identity; it takes effect at `earliest` at the soonest."""

    person: Uuid
    earliest: Uint


class PairingWaiting(Frame, tag="pairing_waiting", frozen=True):
    """A new device of your own asks for approval, or has said something in `pairing`."""

    pairing: Uuid


class InvitedReady(Frame, tag="invited_ready", frozen=True):
    """`person`, who is invited to the group, has a device now and can be added."""

    conversation: Uuid
    person: Uuid


Event: TypeAlias = (
    Envelopes
    | MailWaiting
    | ConversationChanged
    | SlotChanged
    | TypingEvent
    | Delivered
    | IdentityChanged
    | PersonChanged
    | ResetRequested
    | PairingWaiting
    | InvitedReady
)
