"""The ASGI application: HTTP to Django, `/ws` to the delivery engine behind an origin check."""

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "beep.settings")

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path

# Sets Django up: what is imported below reads models.
http = get_asgi_application()

from accounts import checks
from beep.origins import guarded
from messaging.consumer import endpoint

checks.enforce()

# Channels routes ASGI applications with Django's `path`, whose annotations know only views.
socket: Any = endpoint
application = ProtocolTypeRouter({"http": http, "websocket": guarded(URLRouter([path("ws", socket)]))})
