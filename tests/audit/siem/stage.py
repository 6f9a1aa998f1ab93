"""A stage for the SIEM feed: a log, a certificate authority, a real rsyslogd, and a feed in a thread."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import psycopg
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from audit.integrator import Connection
from audit.siem.configuration import Configuration
from audit.siem.feed import Feed
from audit.siem.reading import Reader
from audit.siem.sending import Link
from audit.siem.state import State
from tests.audit import support
from tests.audit.siem.rsyslog import Rsyslog
from tests.support.databases import TestDatabase


class Authority:
    """A certificate authority that lives for a test."""

    def __init__(self, folder: Path, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self._folder = folder / name
        self._folder.mkdir()
        self.file = self._folder / "authority.pem"
        made = self._sign(self._name, self._key.public_key(), x509.BasicConstraints(ca=True, path_length=0))
        self.file.write_bytes(made.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str, *names: x509.GeneralName) -> tuple[Path, Path]:
        """Certificate and key, as PEM files."""
        key = ec.generate_private_key(ec.SECP256R1())
        extensions = [x509.SubjectAlternativeName(names)] if names else []
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        made = self._sign(
            subject, key.public_key(), x509.BasicConstraints(ca=False, path_length=None), *extensions
        )
        certificate, private = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return certificate, private

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, *extensions: x509.ExtensionType
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
        )
        for each in extensions:
            builder = builder.add_extension(each, critical=isinstance(each, x509.BasicConstraints))
        return builder.sign(self._key, hashes.SHA256())


LOOPBACK = x509.IPAddress(ip_address("127.0.0.1"))


class Stage:
    """A log, a receiver and a feed between them."""

    def __init__(self, database: TestDatabase, folder: Path, driver: str = "ossl") -> None:
        self.database, self.folder = database, folder
        self.authority = Authority(folder, "ours")
        certificate, key = self.authority.issue("siem", LOOPBACK)
        self.rsyslog = Rsyslog(
            folder / "rsyslog",
            authority=self.authority.file,
            certificate=certificate,
            key=key,
            driver=driver,
        )
        self.client = self.authority.issue("beep")
        self.state = folder / "state"

    def configuration(self, **more: str) -> Configuration:
        certificate, key = self.client
        return Configuration.of(
            {
                "BEEP_SIEM": f"127.0.0.1:{self.rsyslog.port}",
                "BEEP_SIEM_CA": str(self.authority.file),
                "BEEP_SIEM_CERT": str(certificate),
                "BEEP_SIEM_KEY": str(key),
                "BEEP_SIEM_STATE": str(self.state),
                **more,
            }
        )

    @contextmanager
    def feeding(self, **more: str) -> Iterator[Feed]:
        """A feed that runs; stopped in order at the end."""
        configuration = self.configuration(**more)
        state = State(configuration.state, support.ORIGIN)
        feed = Feed(
            reader=Reader(self.connect, openings=configuration.openings),
            connect=lambda: Link(configuration, configuration.context()),
            state=state,
            origin=support.ORIGIN,
            pen=configuration.pen,
        )
        thread = threading.Thread(target=feed.run, name="feed")
        thread.start()
        try:
            yield feed
        finally:
            feed.stop()
            thread.join()
            state.close()

    def connect(self) -> Connection:
        return psycopg.connect(self.database.urls.auditor)

    def log(self, count: int) -> None:
        support.happen(count)
        integrator = support.integrator(self.database)
        support.drain(integrator)
        integrator.close()

    def confirmed(self) -> int:
        """What the feed's folder says, as a process that starts anew would read it."""
        state = State(self.state, support.ORIGIN)
        try:
            return state.frontier.size
        finally:
            state.close()

    def leaves(self) -> list[tuple[int, bytes]]:
        with psycopg.connect(self.database.urls.auditor) as auditor:
            return auditor.execute("SELECT leaf_index, body FROM audit_leaf ORDER BY leaf_index").fetchall()
