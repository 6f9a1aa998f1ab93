"""Registers `consoles` with Django."""

from django.apps import AppConfig


class ConsolesConfig(AppConfig):
    """The `consoles` application; it has no tables."""

    name = "consoles"
