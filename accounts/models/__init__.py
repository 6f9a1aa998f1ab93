"""The directory's tables, one small file a subject.

Rules stand in the database as constraints wherever they can.
"""

from accounts.models.activation import Activation
from accounts.models.certificates import KeptCertificate
from accounts.models.changes import Change, SyncRun
from accounts.models.console import ConsoleSession
from accounts.models.devices import Device, IdentityStatement, Revocation
from accounts.models.organisation import Membership, OrgUnit
from accounts.models.pairing import HistoryChunk, Pairing, PairingMessage
from accounts.models.person import Admission, Person, PersonToken
from accounts.models.resets import ResetRequest, ResetSignature
from accounts.models.roles import Role
from accounts.models.sessions import Session
from accounts.models.sign_in import Throttle, Ticket, UsedChallenge
from accounts.models.totp import TotpFactor
from accounts.models.webauthn import Passkey, PasskeyAttestation

__all__ = [
    "Activation",
    "Admission",
    "Change",
    "ConsoleSession",
    "Device",
    "HistoryChunk",
    "IdentityStatement",
    "KeptCertificate",
    "Membership",
    "OrgUnit",
    "Pairing",
    "PairingMessage",
    "Passkey",
    "PasskeyAttestation",
    "Person",
    "PersonToken",
    "ResetRequest",
    "ResetSignature",
    "Revocation",
    "Role",
    "Session",
    "SyncRun",
    "Throttle",
    "Ticket",
    "TotpFactor",
    "UsedChallenge",
]
