"""The tables of `messaging`. What is done with them stands in the modules named for what they do."""

from .conversation import Conversation, ConversationKind, Participant, ParticipantRole
from .envelope import Envelope, Sender
from .group import Group, GroupInfo, Leaf
from .key_package import KeyPackage
from .mailbox import Mail, Mailbox
from .order import Order, OrderKind
from .slot import SlotRow

__all__ = [
    "Conversation",
    "ConversationKind",
    "Envelope",
    "Group",
    "GroupInfo",
    "KeyPackage",
    "Leaf",
    "Mail",
    "Mailbox",
    "Order",
    "OrderKind",
    "Participant",
    "ParticipantRole",
    "Sender",
    "SlotRow",
]
