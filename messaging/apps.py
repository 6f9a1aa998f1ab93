"""Registers `messaging` with Django."""

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    """The `messaging` application."""

    name = "messaging"
