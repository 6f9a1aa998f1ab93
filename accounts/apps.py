"""Registers `accounts` with Django."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The `accounts` application."""

    name = "accounts"
