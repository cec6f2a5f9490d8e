"""The smallest site that has such a view: settings, addresses, and the view itself."""

import os

from django.http import JsonResponse
from django.urls import path
from protect import requires

TOKEN_ISSUER = os.environ["ISSUER"]  # https://sts.example.com/TENANT_ID/v2.0
TOKEN_AUDIENCE = os.environ["AUDIENCE"]  # this API's application (client) id
TOKEN_EMULATOR_ACCEPTED = os.environ.get("EMULATOR") == "accepted"  # on your own machine and in tests, nowhere else

ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
ROOT_URLCONF = "api"


@requires("Orders.Read.All")
def orders(request):
    return JsonResponse({"orders": ["4711"], "caller": request.claims["sub"]})


urlpatterns = [path("orders", orders)]
