"""Every HTTP address of the messenger's origin."""

from django.http import HttpRequest, HttpResponse
from django.urls import path, re_path

from beep.api import api
from beep.cspreports import csp_report
from beep.errors import BeepError
from beep.headers import REPORT_PATH
from beep.health import healthz
from beep.refusals import to_response
from beep.webclient import web_client


async def _unknown_api(request: HttpRequest) -> HttpResponse:
    return to_response(BeepError("not_found"))


urlpatterns = [
    path("healthz", healthz),
    path(REPORT_PATH.removeprefix("/"), csp_report),
    path("api/v1/", api.urls),
    re_path(r"^api(?:/|$)", _unknown_api),
    re_path(r"^", web_client),
]
