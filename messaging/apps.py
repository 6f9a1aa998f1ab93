"""Registers `messaging` with Django."""

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    """The `messaging` application."""

    name = "messaging"

    def ready(self) -> None:
        """Listen to what `accounts` tells."""
        from messaging import receivers  # noqa: F401 - importing it connects them
