"""How the console says what happened. Every event of the catalogue has a sentence; a test sees to it."""

from datetime import UTC, datetime
from typing import Final

SENTENCES: Final = {
    "activation.issued": "Activation letter made",
    "activation.begun": "Activation begun",
    "activation.finished": "Activated",
    "sign_in": "Signed in",
    "session.begun": "Session opened",
    "session.ended": "Session ended",
    "recovery.verified": "Recovery code used",
    "credentials.replaced": "Passphrase and authenticator replaced",
    "identity.appended": "Identity statement added",
    "device.added": "Device added",
    "device.revoked": "Device revoked",
    "pairing.begun": "Approval of a device asked for",
    "pairing.approved": "Device approved",
    "pairing.failed": "Approval of a device failed",
    "reset.letter_issued": "Reset letter made",
    "reset.begun": "Reset begun",
    "reset.requested": "Reset of an identity asked for",
    "reset.signed": "Reset signed by an officer",
    "reset.dropped": "Reset dropped",
    "reset.finished": "Identity reset",
    "directory.planned": "Directory compared with its source",
    "directory.applied": "Directory changed from its source",
    "person.created": "Person added to the directory",
    "person.changed": "Directory entry changed",
    "person.state_changed": "State in the directory changed",
    "role.granted": "Duty granted",
    "role.ended": "Duty ended",
    "conversation.opened": "Conversation opened",
    "conversation.generation_begun": "Group begun in a conversation",
    "conversation.commit_accepted": "Members or keys of a group changed",
    "conversation.blocked": "Conversation waits for a removal",
    "conversation.commit_reported": "Unusable change of a group reported",
    "conversation.frozen": "Group frozen",
    "order.issued": "Order to a group issued",
    "messages.accepted": "Messages accepted",
    "moderation.envelope_looked_up": "Reported message looked up",
    "server.restore_mode": "Mode after a restore changed",
    "console.sign_in": "Signed in to the console",
    "console.signed_out": "Signed out of the console",
    "console.stepped_up": "Fresh one-time code given",
    "audit.searched": "Audit log searched",
    "audit.viewed": "Audit entry opened",
    "audit.exported": "Audit entries exported",
    "audit.reported": "Audit report made",
    "audit.search_saved": "Audit search saved or dropped",
    "audit.alert_reviewed": "Alert looked at",
    "ledger.read": "Own ledger read",
    "log.policy_changed": "Policy of witnesses changed",
    "log.witness_silent": "Witness silent, or back",
    "log.checkpoints_thinned": "Old checkpoints thinned",
}

CLASSES: Final = {
    "sign_in": "Sign-in",
    "activation": "Activation",
    "session": "Sessions",
    "recovery": "Recovery",
    "credentials": "Credentials",
    "identity": "Identity",
    "device": "Devices",
    "pairing": "Approvals",
    "reset": "Resets",
    "directory": "Directory",
    "person": "People",
    "role": "Duties",
    "conversation": "Conversations",
    "order": "Orders",
    "messages": "Messages",
    "moderation": "Moderation",
    "server": "Server",
    "console": "Console",
    "audit": "Audit",
    "ledger": "Ledgers",
    "opening": "Erasures",
    "log": "The log itself",
}

LAST: Final = 253_402_300_799_000
"""Milliseconds UTC: the last second of the year 9999."""


def sentence(action: str) -> str:
    """What an action is called on a page."""
    return SENTENCES.get(action, action)


def class_of(action: str) -> str:
    """The class that an action belongs to, as a filter shows it."""
    head = action.partition(".")[0]
    return CLASSES.get(head, head)


def moment(ms: int) -> datetime:
    """Milliseconds UTC as a time for a template; what lies beyond every calendar becomes its last second."""
    return datetime.fromtimestamp(min(ms, LAST) / 1000, UTC)
