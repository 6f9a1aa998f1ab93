"""Django settings. Whatever differs between deployments comes from `beep.environment`; the rest is policy and
stands here.
"""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from beep.environment import DatabaseUrl, Environment
from beep.logs import configure_logging

BASE_DIR = Path(__file__).resolve().parent.parent
ENVIRONMENT = Environment.load(os.environ)

DEBUG = False
DEMO = ENVIRONMENT.demo
SECRET_KEY = ENVIRONMENT.secret_key
FIELD_KEY = ENVIRONMENT.field_key
CODE_KEY = ENVIRONMENT.code_key
AUTHORITY_KEY = ENVIRONMENT.authority_key
ROOT_KEY = ENVIRONMENT.root_key
CERTIFICATES = ENVIRONMENT.certificates
RESET_DELAY = ENVIRONMENT.reset_delay
LOG_KEY = ENVIRONMENT.log_key
LOG_ORIGIN = f"{urlsplit(ENVIRONMENT.origins[0]).hostname}/{ENVIRONMENT.log_name}"
"""Names the audit log: the first line of its checkpoints, and its key's name."""
KEYS_LOG_KEY = ENVIRONMENT.keys_log_key
WITNESSES = ENVIRONMENT.witnesses
BULK_EXPORT = ENVIRONMENT.bulk_export
KEYS_ORIGIN = f"{urlsplit(ENVIRONMENT.origins[0]).hostname}/keys"
"""Names the key log: the first line of its checkpoints, and its key's name."""
ALLOWED_HOSTS = [*ENVIRONMENT.allowed_hosts, f"console.{urlsplit(ENVIRONMENT.origins[0]).hostname}"]
ORIGINS = ENVIRONMENT.origins
CONSOLE_HOST = f"console.{urlsplit(ORIGINS[0]).hostname}"
"""The auditors' pages are on this host and nowhere else, and nothing of the messenger is on it."""

ROOT_URLCONF = "beep.urls"
ASGI_APPLICATION = "beep.asgi.application"
APPEND_SLASH = False
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django_otp",
    "channels",
    "ninja",
    "audit.apps.AuditConfig",
    "accounts.apps.AccountsConfig",
    "django_otp_webauthn",  # After accounts: it looks for the model of people when it is imported.
    "messaging.apps.MessagingConfig",
    "consoles.apps.ConsolesConfig",
]
AUTH_USER_MODEL = "accounts.Person"
OTP_WEBAUTHN_CREDENTIAL_MODEL = "accounts.Passkey"
OTP_WEBAUTHN_ATTESTATION_MODEL = "accounts.PasskeyAttestation"
OTP_WEBAUTHN_RP_NAME = "Beep"
OTP_WEBAUTHN_RP_ID = urlsplit(ORIGINS[0]).hostname
# Passkeys belong to a name (WebAuthn §4, RP ID): on the demo's bare address there are none.
OTP_WEBAUTHN_ALLOWED_ORIGINS = [
    origin for origin in ORIGINS if origin.startswith(("https://", "http://localhost"))
]
# Nobody signs in through django.contrib.auth: the passphrase never reaches the server.
AUTHENTICATION_BACKENDS: list[str] = []

MIDDLEWARE = [
    "beep.headers.security_headers",
    "beep.hosts.hosts",
    "beep.refusals.refusals",
]
TEMPLATES: list[dict[str, Any]] = [
    # The console's pages alone; the messenger's are built by `web/`.
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": []},
    },
]

# --- Data
# ---------------------------------------------------------------------------------------------------------


DATABASE_LINE = {
    "connect_timeout": 5,
    "keepalives_idle": 3,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 6_000,
}
"""A cut that nobody tells us of (a switch that dies, a firewall that forgets) ends a connection after six
seconds and not after the quarter of an hour that TCP would take. The last in milliseconds, else seconds."""
DATABASE_SESSION = {
    "tcp_keepalives_idle": 3,
    "tcp_keepalives_interval": 1,
    "tcp_keepalives_count": 3,
    "tcp_user_timeout": 6_000,
    # A client that has gone while its statement waits for a lock.
    "client_connection_check_interval": 3_000,
    # A client that lives and does nothing; whoever computes inside a transaction takes less.
    "idle_in_transaction_session_timeout": 30_000,
}
"""The same at the server's end, where the rows that a vanished process has locked are in everybody's way."""


def _database(url: DatabaseUrl, *, role: str | None = None, pool: bool = False) -> dict[str, Any]:
    session: dict[str, int | str] = {**DATABASE_SESSION}
    if role:
        # Set for the session at connect time, so that every object a migration makes belongs to the owner.
        session["role"] = role
    options: dict[str, Any] = {
        "sslmode": url.sslmode,
        **DATABASE_LINE,
        "options": " ".join(f"-c {name}={value}" for name, value in session.items()),
    }
    if pool:
        options["pool"] = {"min_size": 1, "max_size": 8, "timeout": 10}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "USER": url.user,
        "PASSWORD": url.password,
        "HOST": url.host,
        "PORT": url.port,
        "NAME": url.name,
        "OPTIONS": options,
        "TEST": {"NAME": url.name},
    }


DATABASES = {
    # A pool, because a reconnect costs 10 ms and every WebSocket handshake would pay it.
    "default": _database(ENVIRONMENT.database, pool=True),
    "migrator": _database(ENVIRONMENT.migrator, role="beep_owner"),
    "integrator": _database(ENVIRONMENT.integrator),
    "auditor": _database(ENVIRONMENT.auditor),
}

VALKEY_URL = ENVIRONMENT.valkey_url
CHANNEL_LAYERS = {
    # The pub/sub layer finds its groups again after Valkey restarts; the core layer forgets them.
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [VALKEY_URL]},
    },
}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": VALKEY_URL,
        "KEY_PREFIX": "beep",
    },
}

# --- Transport
# ----------------------------------------------------------------------------------------------------

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENVIRONMENT.trusted_proxy else None
TRUSTED_PROXY = ENVIRONMENT.trusted_proxy
DATA_UPLOAD_MAX_MEMORY_SIZE = 1 << 20
WEB_DIST = BASE_DIR / "web" / "dist"
"""The built web client: `index.html`, `sw.js`, the manifest and hashed files under `assets/`."""

# --- Logs
# ---------------------------------------------------------------------------------------------------------

LOGGING_CONFIG = None
configure_logging()
