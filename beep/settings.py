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
KEYS_LOG_KEY = ENVIRONMENT.keys_log_key
WITNESSES = ENVIRONMENT.witnesses
KEYS_ORIGIN = f"{urlsplit(ENVIRONMENT.origins[0]).hostname}/keys"
"""Names the key log: the first line of its checkpoints, and its key's name."""
ALLOWED_HOSTS = list(ENVIRONMENT.allowed_hosts)
ORIGINS = ENVIRONMENT.origins

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
    "beep.refusals.refusals",
]
TEMPLATES: list[dict[str, Any]] = []

# --- Data
# ---------------------------------------------------------------------------------------------------------


def _database(url: DatabaseUrl, *, role: str | None = None, pool: bool = False) -> dict[str, Any]:
    options: dict[str, Any] = {"sslmode": url.sslmode, "connect_timeout": 5}
    if role:
        # Set for the session at connect time, so that every object a migration makes belongs to the owner.
        options["options"] = f"-c role={role}"
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
