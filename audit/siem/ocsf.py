"""One leaf of the log as an OCSF event. Pure: no Django.

Nothing of a leaf is lost: what no attribute of the class takes stands under `unmapped`, with the leaf's hash.
`metadata.sequence` is the leaf's index: the receiver sees what is missing and what comes twice. Personal
texts stay the commitments that they are in the leaf, unless openings are handed in.
"""

import contextlib
import ipaddress
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from audit.siem.classes import (
    ACCESS,
    ACCOUNT,
    API,
    AUTHENTICATION,
    CRITICAL,
    DATASTORE,
    ENTITY,
    FINDING,
    GROUP,
    LOW,
    OTHER,
    STATES,
    VERSION,
    OcsfClass,
    mapping_of,
)

PRODUCT: Final = {"name": "Beep", "vendor_name": "Beep"}
ENTITY_TYPES: Final = {"device": 1, "person": 2}
"""type_id of a managed entity; 99 for all others."""

DEPTH: Final = 16
"""Arrays and objects in one another; the catalogue's leaves have fewer."""

Openings = Mapping[str, str]
"""What commitments (base64url) hide."""

_ESCAPES: Final = {code: f"\\u{code:04x}" for code in (*range(0x7F, 0xA0), 0x2028, 0x2029)}
"""Controls that JSON allows and that line-based receivers do not like."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf as it stands in the log."""

    index: int
    at: int
    """Milliseconds UTC."""
    action: str
    hash: bytes
    """RFC 6962 leaf hash of `body`, made from it by whoever read it."""
    body: bytes


@dataclass(frozen=True, slots=True)
class Converted:
    """An OCSF event, and what the frame around it needs."""

    severity: int
    """severity_id, 1 to 5."""
    text: str
    """The event as JSON on one line."""


def content_of(body: bytes) -> dict[str, Any]:
    """The members of a leaf; empty when its bytes are no leaf, as those of an altered one need not be."""
    try:
        found = json.loads(body.partition(b"\n")[2])
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) and _is_shallow(found, DEPTH) else {}


def _is_shallow(value: Any, depth: int) -> bool:
    if isinstance(value, dict | list):
        members = value.values() if isinstance(value, dict) else value
        return depth > 0 and all(_is_shallow(each, depth - 1) for each in members)
    return True


def commitments(value: Any) -> Iterator[str]:
    """Every commitment that stands in a leaf's content."""
    if isinstance(value, dict):
        if isinstance(named := value.get("commitment"), str):
            yield named
        for member in value.values():
            yield from commitments(member)
    elif isinstance(value, list):
        for member in value:
            yield from commitments(member)


def convert(leaf: Leaf, origin: str, openings: Openings) -> Converted:
    """The event of a leaf of the log `origin`."""
    content = content_of(leaf.body)
    mapping = mapping_of(leaf.action)
    activity = _activity(mapping.activity, leaf.action, content)
    refused = content.get("outcome") == "refused"
    severity = max(mapping.severity, LOW) if refused else mapping.severity
    event = _base(mapping.ocsf, activity, severity, leaf.at)
    event |= {
        "message": leaf.action,
        "metadata": _metadata(origin, f"{origin}#{leaf.index}")
        | {"sequence": leaf.index, "event_code": leaf.action},
        "status_id": 2 if refused else 1,
        "status": "Failure" if refused else "Success",
    }
    if isinstance(error := content.get("error"), str):
        event["status_code"] = error
    event["actor"] = _actor(_part(content, "actor"))
    if endpoint := _endpoint(_part(content, "actor"), openings):
        event["src_endpoint"] = endpoint
    event |= _particular(mapping.ocsf, leaf.action, content, openings)
    rest = {name: content[name] for name in _KEPT if name in content}
    opened = {each: openings[each] for each in commitments(content) if each in openings}
    event["unmapped"] = rest | {"leaf_hash": leaf.hash.hex()} | ({"openings": opened} if opened else {})
    return Converted(severity, _line(event))


def finding(name: str, detail: str, *, at: int, origin: str, sequence: int) -> Converted:
    """The alarm that the log is not what it was: `name` is stable, `sequence` the first leaf concerned."""
    event = _base(FINDING, 1, CRITICAL, at)
    event |= {
        "message": f"{name}: {detail}",
        "metadata": _metadata(origin, f"{origin}#{name}#{sequence}") | {"event_code": "siem_gap"},
        "finding_info": {"uid": f"{origin}#{name}#{sequence}", "title": name, "desc": detail},
        "is_alert": True,
        "status_id": 1,
        "status": "New",
        "unmapped": {"first_leaf": sequence},
    }
    return Converted(CRITICAL, _line(event))


_KEPT: Final = ("action", "actor", "target", "parameters", "before", "after", "approver", "basis")


def _base(ocsf: OcsfClass, activity: int, severity: int, at: int) -> dict[str, Any]:
    return {
        "category_uid": ocsf.category_uid,
        "class_uid": ocsf.uid,
        "class_name": ocsf.name,
        "activity_id": activity,
        "activity_name": ocsf.activities[activity],
        "type_uid": ocsf.uid * 100 + activity,
        "severity_id": severity,
        "time": at,
    }


def _metadata(origin: str, uid: str) -> dict[str, Any]:
    return {
        "version": VERSION,
        "product": PRODUCT,
        "uid": uid,
        "log_name": origin,
        "log_provider": "Beep audit log",
        "log_version": "beep-audit/v1",
    }


def _activity(usual: int, action: str, content: dict[str, Any]) -> int:
    """The activity, where it depends on more than the action."""
    if action == "person.state_changed":
        return STATES.get(str(_part(content, "after").get("state")), usual)
    if action == "conversation.commit_accepted":
        changes = _part(content, "parameters")
        match bool(changes.get("added")), bool(changes.get("removed")):
            case True, False:
                return 3
            case False, True:
                return 4
            case _:
                return usual
    return usual


def _particular(ocsf: OcsfClass, action: str, content: dict[str, Any], openings: Openings) -> dict[str, Any]:
    """What the class requires beyond the base event."""
    if ocsf is AUTHENTICATION:
        return {"user": _user(content, openings), "service": {"name": "Beep"}, "is_remote": True}
    if ocsf is ACCOUNT:
        return {"user": _user(content, openings)}
    if ocsf is ACCESS:
        duty = _part(content, "parameters").get("duty")
        return {"user": _user(content, openings), "privileges": [str(duty)]}
    target = _part(content, "target")
    if ocsf is ENTITY:
        kind = str(target.get("kind", "event"))
        named = {"uid": str(target["id"])} if "id" in target else {"name": action}
        return {"entity": {"type": kind, "type_id": ENTITY_TYPES.get(kind, OTHER), **named}}
    if ocsf is GROUP:
        group = _part(content, "parameters").get("group") or target.get("id") or "unknown"
        return {"group": {"uid": str(group), "type": "conversation"}}
    required: dict[str, Any] = {}
    if not _part(_part(content, "actor"), "address"):
        required["src_endpoint"] = {"svc_name": str(_part(content, "actor").get("system", "beep"))}
    if ocsf is DATASTORE:
        required["database"] = {"name": "beep", "type_id": 1}
    elif ocsf is API:
        required["api"] = {"operation": action}
    return required


def _actor(actor: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "person" in actor:
        found["user"] = {"uid": str(actor["person"]), "type_id": 1}
    if "session" in actor:
        found["session"] = {"uid": str(actor["session"])}
    if "system" in actor or not found:
        found["app_name"] = str(actor.get("system", "unknown"))
    return found


def _endpoint(actor: dict[str, Any], openings: Openings) -> dict[str, Any]:
    """Where the actor was: the device, and the address, as a commitment unless it may be shown."""
    found: dict[str, Any] = {}
    if isinstance(named := _part(actor, "address").get("commitment"), str):
        found["uid"] = named
        with contextlib.suppress(KeyError, ValueError):
            found["ip"] = str(ipaddress.ip_address(openings[named]))
    if "device" in actor:
        found["instance_uid"] = str(actor["device"])
    return found


def _user(content: dict[str, Any], openings: Openings) -> dict[str, Any]:
    """Whom it is about: the person that is the target, else the actor, else the login that was tried."""
    target = _part(content, "target")
    person = target.get("id") if target.get("kind") == "person" else None
    person = person or _part(content, "actor").get("person")
    if person:
        return {"uid": str(person), "type_id": 1}
    parameters = _part(content, "parameters")
    for member in ("login", "personnel_number"):
        if isinstance(named := _part(parameters, member).get("commitment"), str):
            shown = {"name": openings[named]} if named in openings else {}
            return {"uid": named, "type_id": 0, **shown}
    return {"name": "unknown", "type_id": 0}


def _part(content: dict[str, Any], name: str) -> dict[str, Any]:
    found = content.get(name)
    return found if isinstance(found, dict) else {}


def _line(event: dict[str, Any]) -> str:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES)
