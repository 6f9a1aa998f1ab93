"""Registers `messaging` with Django."""

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    """The `messaging` application."""

    name = "messaging"

    def ready(self) -> None:
        """Listen to what `accounts` tells; register what the audit log must tell of."""
        from messaging import acts, receivers  # noqa: F401 - importing them does it
