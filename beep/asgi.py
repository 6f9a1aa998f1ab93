"""The ASGI application: HTTP to Django; `/ws`, `/poll` and `/wake` to the engine behind an origin check."""

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "beep.settings")

from channels.routing import ProtocolTypeRouter
from django.conf import settings
from django.core.asgi import get_asgi_application

# Sets Django up: what is imported below reads models.
django: Any = get_asgi_application()

from accounts import checks
from beep.bodies import Bounded
from beep.origins import guarded
from messaging import consumer, polling, wake

checks.enforce()

bounded: Any = Bounded(django, limit=settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
poll = guarded(polling.endpoint)


async def http(scope: Any, receive: Any, send: Any) -> None:
    """Requests. A long poll is answered without Django, whose middleware costs more than most polls."""
    await (poll if scope["path"] == polling.PATH else bounded)(scope, receive, send)


SOCKETS: Any = {"/ws": guarded(consumer.endpoint), "/wake": guarded(wake.endpoint, required=False)}


async def socket(scope: Any, receive: Any, send: Any) -> None:
    """WebSockets; at any other address the handshake is answered with 403, and nothing is logged."""
    if scope["path"] in SOCKETS:
        await SOCKETS[scope["path"]](scope, receive, send)
    elif (await receive())["type"] == "websocket.connect":
        await send({"type": "websocket.close"})


application = ProtocolTypeRouter({"http": http, "websocket": socket})
