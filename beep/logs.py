"""Structured logs: one JSON object a line on standard error, never with content, tokens, query strings or
bodies.

Whoever logs, logs names and numbers: `structlog.get_logger().info("session_opened", device=str(device_id))`.
As a second line of defence a processor drops every key that is known to carry a secret, whatever a caller or
a library passes.
"""

import logging
import logging.config
import sys
from typing import Final

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

SECRET_KEYS: Final = frozenset(
    {
        "authorization",
        "body",
        "code",
        "content",
        "cookie",
        "cookies",
        "headers",
        "passphrase",
        "password",
        "plaintext",
        "query",
        "query_string",
        "recovery_code",
        "secret",
        "seed",
        "session",
        "set-cookie",
        "sign_in_secret",
        "ticket",
        "token",
        "totp",
    }
)
"""Event keys that never reach a log, in any letter case."""

REDACTED: Final = "[withheld]"


class StderrHandler(logging.Handler):
    """Writes to whatever standard error is at the moment: it may be replaced after the settings are read."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; a reader that is gone must not stop the work."""
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except Exception:  # The standard library's own rule for handlers.
            self.handleError(record)


def drop_secrets(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Replace the value of every key in SECRET_KEYS, at any depth of nested dictionaries."""
    return {key: _clean(key, value) for key, value in event.items()}


def _clean(key: str, value: object) -> object:
    if key.lower() in SECRET_KEYS:
        return REDACTED
    if isinstance(value, dict):
        return {str(name): _clean(str(name), inner) for name, inner in value.items()}
    return value


def drop_query(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Cut the query from paths that servers and Django put into their messages: it may hold a code from a
    link.
    """
    text = event.get("event")
    if isinstance(text, str) and "?" in text:
        event["event"] = " ".join(_cut(word) for word in text.split(" "))
    if isinstance(path := event.get("path"), str):
        event["path"] = path.partition("?")[0]
    return event


def _cut(word: str) -> str:
    return word.partition("?")[0] if "/" in word else word


def configure_logging(level: str = "INFO") -> None:
    """Route structlog and the standard library through the same processors to standard error."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        drop_secrets,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "json": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": shared,
                    "processors": [
                        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                        structlog.stdlib.PositionalArgumentsFormatter(),
                        drop_query,
                        # Where it happened and which type, without local variables: they may be secrets.
                        structlog.processors.ExceptionRenderer(
                            structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
                        ),
                        structlog.processors.JSONRenderer(),
                    ],
                },
            },
            "handlers": {"stderr": {"()": StderrHandler, "formatter": "json"}},
            "root": {"handlers": ["stderr"], "level": level},
            "loggers": {
                # Both write request lines of their own; beep.headers writes the access log, without queries.
                "daphne.http_protocol": {"level": "WARNING"},
                "uvicorn.access": {"level": "CRITICAL"},
                "django.request": {"level": "ERROR"},
            },
        }
    )
