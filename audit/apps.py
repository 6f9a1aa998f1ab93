"""Registers `audit` with Django."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The `audit` application."""

    name = "audit"
