"""Every operation and command is bound to events, or says why it has none: none is added without a word."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.urls import URLPattern, URLResolver, get_resolver

from audit.events import CATALOGUE

READS = "reads what the person's own session may see; the search of the directory is limited, not recorded"
OWN_DATA = "changes only what the device itself sees or keeps for itself; nobody gains or loses a right"
RELAY = "carries ciphertext between a person's own devices inside a pairing that has its events"
STATIC = "gives out public files"

OPERATIONS: dict[str, set[str] | str] = {
    "begin_activation": {"activation.begun"},
    "finish_activation": {"activation.finished", "identity.appended", "device.added", "session.begun"},
    "begin_sign_in": "gives salts, real or made up; what follows is recorded by finish_sign_in",
    "finish_sign_in": {"sign_in", "session.begun"},
    "replace_device": {"identity.appended", "device.added", "device.revoked", "session.begun"},
    "begin_recovery": "gives a challenge; what follows is recorded by verify_recovery",
    "verify_recovery": {"recovery.verified"},
    "finish_recovery": {"credentials.replaced", "identity.appended", "device.added", "session.begun"},
    "sign_out": {"session.ended"},
    "trusted": STATIC,
    "me": READS,
    "own_devices": READS,
    "revoke_devices": {"device.revoked", "identity.appended"},
    "renew_identity": {"identity.appended"},
    "rename_devices": OWN_DATA,
    "search_people": READS,
    "match_people": READS,
    "search_units": READS,
    "unit_people": READS,
    "own_moderators": READS,
    "person_card": READS,
    "person_identity": READS,
    "read_ledger": {"ledger.read"},
    "ledger_evidence": "proves one line of a ledger whose reading is recorded by read_ledger",
    "begin_pairing": {"pairing.begun"},
    "list_pairings": READS,
    "say_in_pairing": RELAY,
    "read_pairing": RELAY,
    "approve_pairing": {"pairing.approved", "identity.appended", "device.added"},
    "fail_pairing": {"pairing.failed"},
    "finish_pairing": {"session.begun"},
    "end_history": RELAY,
    "put_history": RELAY,
    "get_history": RELAY,
    "list_history": RELAY,
    "begin_reset": {"reset.begun"},
    "request_reset": {"reset.requested"},
    "reset_status": READS,
    "announced_resets": READS,
    "stop_reset": {"reset.dropped", "identity.appended"},
    "finish_reset": {"reset.finished", "identity.appended", "device.added", "session.begun"},
    "key_checkpoint": STATIC,
    "key_consistency": STATIC,
    "look_up_keys": "proves public keys that every colleague may see",
    "upload_key_packages": OWN_DATA,
    "count_key_packages": READS,
    "claim_key_packages": "takes public key packages; the group that they serve has its events",
    "open_direct": {"conversation.opened"},
    "open_group": {"conversation.opened"},
    "open_self": {"conversation.opened"},
    "conversation_state": READS,
    "wake": "gives a token that only says that something waits; it ends with its session",
    "reported_envelope": {"moderation.envelope_looked_up"},
    "give_back_statements": "takes only statements that the person's keys have signed; each is recorded",
}
"""Operations of the HTTP API by function."""

RAW: dict[str, set[str] | str] = {
    "healthz": STATIC,
    "csp-report": "browsers report broken pages; logged, limited, no act of a person",
    "api/v1/openapi.json": STATIC,
    "api/v1/": STATIC,
    "^api(?:/|$)": STATIC,
    "^": STATIC,
}
"""Other addresses of the messenger's host."""

CONSOLE: dict[str, set[str] | str] = {
    "": "leads to the log",
    "sign-in": STATIC,
    "sign-in/begin": "gives salts, real or made up; what follows is recorded by sign-in/finish",
    "sign-in/finish": {"console.sign_in"},
    "step-up": {"console.stepped_up"},
    "sign-out": {"console.signed_out"},
    "log": {"audit.searched"},
    "log/<int:leaf>": {"audit.viewed"},
    "log/<int:leaf>/proof": {"audit.viewed"},
    "log/<int:leaf>/proof.txt": {"audit.viewed"},
    "people": {"audit.reported"},
    "saved": {"audit.search_saved"},
    "saved/<uuid:search_id>/drop": {"audit.search_saved"},
    "export": {"audit.exported"},
    "integrity": {"audit.reported"},
    "alerts": {"audit.reported"},
    "alerts/<int:leaf>": {"audit.alert_reviewed"},
    "plots": {"audit.reported"},
    "plots/data": {"audit.reported"},
    "reports": STATIC,
    "reports/who-looked": {"audit.searched"},
    "reports/deleted": {"audit.reported"},
    "files/<str:name>": STATIC,
}
"""Addresses of the console's host."""

COMMANDS: dict[str, set[str] | str] = {
    "demo_seed": {"directory.applied", "person.created"},
    "grant_role": {"role.granted"},
    "import_people": {"directory.planned", "directory.applied", "person.created"},
    "monitor_keys": "reads the key log and compares",
    "officer_key": "makes a key file away from every server; certifying it is trust_certify's",
    "reset_drop": {"reset.dropped"},
    "reset_file": {"reset.signed"},
    "reset_letter": {"reset.letter_issued"},
    "reset_list": "shows the operator what waits; each request has its events",
    "reset_sign": {"reset.signed"},
    "trust_certify": "works with the offline root, on a machine without a database",
    "trust_root": "works with the offline root, on a machine without a database",
    "trust_show": "shows public certificates",
    "erase_openings": {"opening.erased"},
    "export_audit": {"audit.exported"},
    "integrate": {"messages.accepted"},
    "publish_keys": "signs the key log, which is a log itself",
    "siem_feed": "hands on what stands in the log already, to whom the operator's environment names",
    "verify_audit": "reads and compares; an auditor's act is the search that follows",
    "witness": "runs elsewhere, without the database",
    "restore_mode": {"server.restore_mode"},
}
"""Management commands."""


def patterns(resolver: URLResolver, prefix: str = "") -> list[tuple[str, Any]]:
    found = []
    for each in resolver.url_patterns:
        path = prefix + str(each.pattern)
        if isinstance(each, URLPattern):
            found.append((path, each.callback))
        else:
            found += patterns(each, path)
    return found


def operations() -> dict[str, str]:
    """Function → address of each operation of the HTTP API."""
    assert get_resolver().url_patterns  # Which mounts the routers.
    api: Any = import_module("beep.api").api
    return {
        operation.view_func.__name__: path
        for _, router in api._routers
        for path, view in router.path_operations.items()
        for operation in view.operations
    }


def test_every_operation_is_bound() -> None:
    assert set(operations()) == set(OPERATIONS)


def test_every_other_address_is_bound() -> None:
    api = {f"api/v1/{path.lstrip('/')}".replace("{", "<").replace("}", ">") for path in operations().values()}
    other = {path for path, _ in patterns(get_resolver())} - api
    assert other == set(RAW)


def test_every_address_of_the_console_is_bound() -> None:
    assert {path for path, _ in patterns(get_resolver("consoles.urls"))} == set(CONSOLE)


def test_every_command_is_bound() -> None:
    own = {config.path for config in apps.get_app_configs() if Path(config.path).parent == Path.cwd()}
    found = {
        file.stem
        for path in own
        for file in Path(path, "management", "commands").glob("*.py")
        if file.stem != "__init__"
    }
    assert found == set(COMMANDS)


@pytest.mark.parametrize("table", [OPERATIONS, RAW, CONSOLE, COMMANDS])
def test_events_are_in_the_catalogue_and_reasons_are_sentences(table: dict[str, set[str] | str]) -> None:
    for name, bound in table.items():
        if isinstance(bound, str):
            assert len(bound) > 15, name
        else:
            assert bound, name
            assert bound <= set(CATALOGUE), name


def test_every_event_is_written_somewhere() -> None:
    """A class of the catalogue that no code makes would be a promise that nobody keeps."""
    root = Path(__file__).parents[2]
    sources = "".join(
        file.read_text()
        for package in ("accounts", "messaging", "audit", "consoles")
        for file in (root / package).rglob("*.py")
        if "/audit/events/" not in file.as_posix()
    )
    unused = {event.__name__ for event in CATALOGUE.values() if f"{event.__name__}(" not in sources}
    assert unused == set()
