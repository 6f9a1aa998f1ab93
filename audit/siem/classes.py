"""Which OCSF class and activity each event of the catalogue is. Pure: no Django.

OCSF 1.6.0 (https://schema.ocsf.io/1.6.0). Where the schema has no activity for an act, the class fits but the
activity is `OTHER`, and the action says which. A session that begins is no second logon: whoever counts
logons counts `sign_in` and `console.sign_in`. Classes of which the schema knows no actor are not used,
because who did it is what a SIEM is for.
"""

from dataclasses import dataclass
from typing import Final

VERSION: Final = "1.6.0"

OTHER: Final = 99

INFORMATIONAL: Final = 1
LOW: Final = 2
MEDIUM: Final = 3
HIGH: Final = 4
CRITICAL: Final = 5


@dataclass(frozen=True, slots=True)
class OcsfClass:
    """One event class: its number, and the names of its activities by number."""

    uid: int
    name: str
    activities: dict[int, str]

    @property
    def category_uid(self) -> int:
        """The thousands of the class's number."""
        return self.uid // 1000


ACCOUNT: Final = OcsfClass(
    3001,
    "Account Change",
    {1: "Create", 2: "Enable", 4: "Password Reset", 5: "Disable", 6: "Delete", OTHER: "Other"},
)
AUTHENTICATION: Final = OcsfClass(3002, "Authentication", {1: "Logon", 2: "Logoff", OTHER: "Other"})
ENTITY: Final = OcsfClass(
    3004,
    "Entity Management",
    {1: "Create", 2: "Read", 3: "Update", 4: "Delete", 6: "Enroll", 7: "Unenroll"},
)
ACCESS: Final = OcsfClass(
    3005, "User Access Management", {1: "Assign Privileges", 2: "Revoke Privileges", OTHER: "Other"}
)
GROUP: Final = OcsfClass(
    3006, "Group Management", {3: "Add User", 4: "Remove User", 6: "Create", OTHER: "Other"}
)
API: Final = OcsfClass(6003, "API Activity", {1: "Create", 2: "Read", 3: "Update", 4: "Delete"})
DATASTORE: Final = OcsfClass(6005, "Datastore Activity", {1: "Read", 4: "Query", 5: "Write", 7: "Delete"})
FINDING: Final = OcsfClass(2004, "Detection Finding", {1: "Create"})


@dataclass(frozen=True, slots=True)
class Mapping:
    """What an action is in OCSF; `severity` is its severity_id when the act was done."""

    ocsf: OcsfClass
    activity: int
    severity: int = INFORMATIONAL


MAPPINGS: Final[dict[str, Mapping]] = {
    "activation.issued": Mapping(ENTITY, 1),
    "activation.begun": Mapping(AUTHENTICATION, OTHER),
    "activation.finished": Mapping(ACCOUNT, 2),
    "sign_in": Mapping(AUTHENTICATION, 1),
    "session.begun": Mapping(ENTITY, 1),
    "session.ended": Mapping(AUTHENTICATION, 2),
    "recovery.verified": Mapping(AUTHENTICATION, OTHER, LOW),
    "credentials.replaced": Mapping(ACCOUNT, 4, LOW),
    "identity.appended": Mapping(ENTITY, 3),
    "device.added": Mapping(ENTITY, 6),
    "device.revoked": Mapping(ENTITY, 7),
    "pairing.begun": Mapping(ENTITY, 1),
    "pairing.approved": Mapping(ENTITY, 3),
    "pairing.failed": Mapping(ENTITY, 4, LOW),
    "reset.letter_issued": Mapping(ENTITY, 1, LOW),
    "reset.begun": Mapping(AUTHENTICATION, OTHER, LOW),
    "reset.requested": Mapping(ENTITY, 1, HIGH),
    "reset.signed": Mapping(ENTITY, 3, MEDIUM),
    "reset.dropped": Mapping(ENTITY, 4, LOW),
    "reset.finished": Mapping(ACCOUNT, 4, HIGH),
    "directory.planned": Mapping(ENTITY, 2),
    "directory.applied": Mapping(ENTITY, 3, LOW),
    "person.created": Mapping(ACCOUNT, 1),
    "person.changed": Mapping(ACCOUNT, OTHER),
    "person.state_changed": Mapping(ACCOUNT, OTHER, LOW),
    "role.granted": Mapping(ACCESS, 1, MEDIUM),
    "role.ended": Mapping(ACCESS, 2, MEDIUM),
    "conversation.opened": Mapping(GROUP, 6),
    "conversation.generation_begun": Mapping(GROUP, OTHER),
    "conversation.commit_accepted": Mapping(GROUP, OTHER),
    "conversation.blocked": Mapping(GROUP, OTHER),
    "conversation.commit_reported": Mapping(GROUP, OTHER, LOW),
    "conversation.frozen": Mapping(GROUP, OTHER, MEDIUM),
    "order.issued": Mapping(GROUP, OTHER, LOW),
    "messages.accepted": Mapping(DATASTORE, 5),
    "moderation.envelope_looked_up": Mapping(DATASTORE, 1, LOW),
    "server.restore_mode": Mapping(API, 3, HIGH),
    "console.sign_in": Mapping(AUTHENTICATION, 1, LOW),
    "console.signed_out": Mapping(AUTHENTICATION, 2),
    "console.stepped_up": Mapping(AUTHENTICATION, OTHER),
    "audit.searched": Mapping(DATASTORE, 4),
    "audit.viewed": Mapping(DATASTORE, 1),
    "audit.exported": Mapping(DATASTORE, 1, MEDIUM),
    "audit.reported": Mapping(DATASTORE, 4),
    "audit.search_saved": Mapping(API, 3),
    "audit.alert_reviewed": Mapping(API, 3),
    "ledger.read": Mapping(DATASTORE, 1),
    "opening.erased": Mapping(DATASTORE, 7, MEDIUM),
    "log.policy_changed": Mapping(API, 3, HIGH),
    "log.witness_silent": Mapping(API, 3, HIGH),
    "log.checkpoints_thinned": Mapping(DATASTORE, 7),
}
"""By action; a test holds it against the catalogue."""

UNKNOWN: Final = Mapping(API, 3, LOW)
"""For a leaf of a later version than this process: sent rather than held back."""

STATES: Final = {"active": 2, "suspended": 5, "left": 5}
"""Activities of `person.state_changed` by the state after it."""


def mapping_of(action: str) -> Mapping:
    """The mapping of an action."""
    return MAPPINGS.get(action, UNKNOWN)
