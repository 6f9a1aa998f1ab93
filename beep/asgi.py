"""The ASGI application: HTTP to Django, `/ws` to the delivery engine behind an origin check."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "beep.settings")

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path

# Sets Django up: what is imported below reads models.
http = get_asgi_application()

from beep.origins import guarded
from messaging.consumer import endpoint

application = ProtocolTypeRouter({"http": http, "websocket": guarded(URLRouter([path("ws", endpoint)]))})
