"""Registers `accounts` with Django."""

from importlib import import_module

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The `accounts` application."""

    name = "accounts"

    def ready(self) -> None:
        """Register the system checks, and what the audit log must tell of; both read the models."""
        import_module("accounts.checks")
        import_module("accounts.acts")
