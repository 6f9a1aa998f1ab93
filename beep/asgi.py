"""The ASGI application: HTTP to Django; `/ws` and `/poll` to the delivery engine behind an origin check."""

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "beep.settings")

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path

# Sets Django up: what is imported below reads models.
django: Any = get_asgi_application()

from accounts import checks
from beep.origins import guarded
from messaging import consumer, polling

checks.enforce()

poll = guarded(polling.endpoint)


async def http(scope: Any, receive: Any, send: Any) -> None:
    """Requests. A long poll is answered without Django, whose middleware costs more than most polls."""
    await (poll if scope["path"] == polling.PATH else django)(scope, receive, send)


# Channels routes ASGI applications with Django's `path`, whose annotations know only views.
socket: Any = consumer.endpoint
application = ProtocolTypeRouter({"http": http, "websocket": guarded(URLRouter([path("ws", socket)]))})
