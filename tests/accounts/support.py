"""A person with a browser, as the server meets them: real keys, real statements, the HTTP API."""

import base64
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Barrier, Thread
from typing import Any, Protocol
from uuid import UUID, uuid4

from django.db import connection
from django.test import Client
from nacl.signing import SigningKey

from accounts import activation, codes, import_plan, sessions, signing, totp
from accounts.csv_import import Row
from accounts.identity import sign_statement
from accounts.models import Person
from accounts.signing import Label
from accounts.statements import (
    NO_HASH,
    DeviceEntry,
    DeviceKind,
    Flags,
    RevokedEntry,
    SignedStatement,
    Signer,
    Statement,
)
from audit.events import Actor
from beep import clock
from beep.errors import BeepError
from beep.schemas import from_base64url, to_base64url

ORIGIN = "http://testserver"
OPERATOR = Actor(system="test")


def row(number: int, **changes: str) -> Row:
    """Somebody in a file."""
    fields: dict[str, Any] = {
        "line": number + 1,
        "personnel_number": f"T-{number}",
        "login": f"person.{number}",
        "name_latin": f"Person Number {number}",
        "name_local": "",
        "ministry_code": "finance",
        "ministry_latin": "Ministry of Finance",
        "ministry_local": "وزارتِ خزانہ",
        "unit_code": "budget",
        "unit_latin": "Budget Wing",
        "unit_local": "بجٹ ونگ",
        "post_latin": "Section Officer",
        "post_local": "سیکشن آفیسر",
    }
    return Row(**{**fields, **changes})


def admit(*rows: Row) -> list[Person]:
    """Bring people into the directory."""
    import_plan.apply(rows=rows, actor=OPERATOR)
    return [Person.objects.get(login=each.login) for each in rows]


def letter(person: Person) -> str:
    """An activation code for a person."""
    return activation.issue(person=person.id, actor=OPERATOR)


class Answered(Protocol):
    """What a test client returns."""

    status_code: int
    content: bytes


@dataclass
class Refused:
    """An answer of 400 and above."""

    status: int
    code: str
    detail: dict[str, Any]
    retry_after: float | None


@dataclass
class Browser:
    """One browser of one person."""

    login: str
    recovery_value: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    device: UUID = field(default_factory=uuid4)
    key: SigningKey = field(default_factory=SigningKey.generate)
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    salt: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    client: Client = field(default_factory=Client)
    person: UUID = field(default_factory=uuid4)
    seed: bytes = b""
    chain: list[SignedStatement] = field(default_factory=list)

    # --- HTTP -----------------------------------------------------------------------------------------------

    def post(self, path: str, body: Any, *, origin: str | None = ORIGIN, **headers: str) -> Any:
        """JSON of a good answer, or `Refused`."""
        sent = {**headers, **({"origin": origin} if origin else {})}
        response = self.client.post(
            f"/api/v1/{path}", json.dumps(body), content_type="application/json", headers=sent
        )
        return answer(response)

    def get(self, path: str, **query: Any) -> Any:
        """JSON of a good answer, or `Refused`."""
        return answer(self.client.get(f"/api/v1/{path}", query))

    # --- Keys -----------------------------------------------------------------------------------------------

    @property
    def recovery_key(self) -> SigningKey:
        return SigningKey(codes.recovery_seed(value=self.recovery_value, person=self.person.bytes))

    def code(self) -> str:
        """What the authenticator shows now."""
        return totp.code(seed=self.seed, at_ms=clock.now_ms())

    def entry(self) -> DeviceEntry:
        return DeviceEntry(
            id=self.device.bytes,
            name="Browser",
            kind=DeviceKind.REGULAR,
            signature_key=bytes(self.key.verify_key),
            added_at=1_750_000_000_000,
        )

    def first(self) -> SignedStatement:
        """Statement 1."""
        statement = Statement(
            person=self.person.bytes,
            version=1,
            prev_hash=NO_HASH,
            recovery_key=bytes(self.recovery_key.verify_key),
            flags=Flags.NONE,
            devices=(self.entry(),),
            revoked=(),
            at=1_750_000_000_000,
        )
        return sign_statement(
            statement=statement, signers=[(Signer.DEVICE, self.key), (Signer.RECOVERY, self.recovery_key)]
        )

    def next(
        self, *devices: DeviceEntry, signer: tuple[Signer, SigningKey], **changes: Any
    ) -> SignedStatement:
        """The statement after the newest one that lists `devices` and revokes the others."""
        newest = self.chain[-1].statement
        kept = {entry.id for entry in devices}
        gone = [
            RevokedEntry(entry.id, entry.signature_key, newest.at + 1)
            for entry in newest.devices
            if entry.id not in kept
        ]
        fields: dict[str, Any] = {
            "person": newest.person,
            "version": newest.version + 1,
            "prev_hash": newest.hash,
            "recovery_key": newest.recovery_key,
            "flags": Flags.NONE,
            "devices": tuple(sorted(devices, key=lambda entry: entry.id)),
            "revoked": tuple(sorted((*newest.revoked, *gone), key=lambda entry: entry.id)),
            "at": newest.at + 1,
        }
        return sign_statement(statement=Statement(**{**fields, **changes}), signers=[signer])

    def replacement(self) -> SignedStatement:
        """By the recovery key: this browser in, every other device out."""
        return self.next(self.entry(), signer=(Signer.RECOVERY, self.recovery_key))

    # --- Stories --------------------------------------------------------------------------------------------

    def activate(self, *, code: str, number: str) -> Any:
        """Both steps of activation."""
        letter_ = {"code": code, "personnel_number": number}
        offer = self.post("activation/begin", letter_)
        if isinstance(offer, Refused):
            return offer
        self.take_offer(offer)
        return self.post("activation/finish", {**letter_, **self.credentials(self.first())})

    def take_offer(self, offer: dict[str, Any]) -> None:
        """Person id and authenticator out of an offer."""
        self.person = UUID(offer["person_id"])
        self.seed = base64.b32decode(offer["totp_secret"])

    def credentials(self, statement: SignedStatement) -> dict[str, str]:
        """The body that activation and recovery end with; remembers the statement."""
        self.chain = [*self.chain, statement]
        return {
            "salt": to_base64url(self.salt),
            "signin_secret": to_base64url(self.secret),
            "totp": self.code(),
            "statement": to_base64url(statement.encode()),
        }

    def proofs(self, *, known: bool = True, **changes: Any) -> dict[str, Any]:
        """The body of sign-in/finish, everything right."""
        greeting = self.post("sign-in/begin", {"login": self.login})
        challenge = from_base64url(greeting["challenge"])
        content = signing.sign_in_content(challenge=challenge, device=self.device.bytes)
        signature = signing.sign(key=self.key, label=Label.SIGN_IN, content=content)
        body = {
            "login": self.login,
            "signin_secret": to_base64url(self.secret),
            "totp": self.code(),
            "challenge": greeting["challenge"],
            "device": str(self.device) if known else None,
            "device_signature": to_base64url(signature) if known else None,
        }
        return {**body, **changes}

    def sign_in(self, *, known: bool = True, **changes: Any) -> Any:
        """Both steps of signing in."""
        return self.post("sign-in/finish", self.proofs(known=known, **changes))

    def other_browser(self) -> "Browser":
        """The same person, who remembers passphrase, authenticator and recovery code, elsewhere."""
        return Browser(
            login=self.login,
            recovery_value=self.recovery_value,
            secret=self.secret,
            salt=self.salt,
            person=self.person,
            seed=self.seed,
            chain=list(self.chain),
        )

    def token(self) -> str:
        """The session's cookie."""
        return self.client.cookies[sessions.COOKIE].value


def answer(response: Answered) -> Any:
    """JSON, or None for 204, or `Refused`."""
    if response.status_code == 204:
        return None
    body = json.loads(response.content)
    if response.status_code >= 400:
        detail = body.get("detail", {})
        return Refused(response.status_code, body["code"], detail, detail.get("retry_after"))
    return body


def activated(number: int = 1, **changes: str) -> Browser:
    """Somebody who has just activated, with an open session."""
    (person,) = admit(row(number, **changes))
    browser = Browser(login=person.login)
    me = browser.activate(code=letter(person), number=person.personnel_number)
    assert not isinstance(me, Refused), me
    return browser


def at_once(*acts: Callable[[], Any]) -> list[str]:
    """The outcomes of requests or calls that start together: a code, or "ok"."""
    barrier, outcomes = Barrier(len(acts)), []

    def run(act: Callable[[], Any]) -> None:
        try:
            barrier.wait()
            answered = act()
            outcomes.append(answered.code if isinstance(answered, Refused) else "ok")
        except BeepError as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(outcomes)
