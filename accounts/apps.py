"""Registers `accounts` with Django."""

from importlib import import_module

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The `accounts` application."""

    name = "accounts"

    def ready(self) -> None:
        """Register the system checks, which read the models."""
        import_module("accounts.checks")
