"""The tables of `messaging`. What is done with them stands in the modules named for what they do."""

from .conversation import NO_BASE, Conversation, ConversationKind, Participant, ParticipantRole
from .envelope import Envelope, Sender, Stay
from .group import Group, GroupInfo, Leaf
from .key_package import KeyPackage
from .mailbox import Mail, Mailbox
from .order import Order, OrderKind
from .report import CommitReport
from .restore import Restore
from .reupload import Reupload
from .slot import SlotRow
from .standing import FormerStanding
from .wake import WakeToken

__all__ = [
    "NO_BASE",
    "CommitReport",
    "Conversation",
    "ConversationKind",
    "Envelope",
    "FormerStanding",
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
    "Restore",
    "Reupload",
    "Sender",
    "SlotRow",
    "Stay",
    "WakeToken",
]
