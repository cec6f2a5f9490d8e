"""An API in Starlette that takes access tokens; PyJWT checks them."""

import os
from functools import cache

import jwt
import requests
from starlette.applications import Starlette
from starlette.authentication import (
    AuthCredentials,
    AuthenticationBackend,
    AuthenticationError,
    SimpleUser,
    has_required_scope,
)
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.responses import JSONResponse
from starlette.routing import Route

ISSUER = os.environ["ISSUER"]  # https://sts.example.com/TENANT_ID/v2.0
AUDIENCE = os.environ["AUDIENCE"]  # this API's application (client) id
EMULATOR = os.environ.get("EMULATOR") == "accepted"  # on your own machine and in tests, nowhere else


@cache
def keys():
    """The issuer's keys: fetched when needed, kept for five minutes, fetched again for a key id that is new."""
    answer = requests.get(f"{ISSUER}/.well-known/openid-configuration", timeout=10)
    answer.raise_for_status()
    return jwt.PyJWKClient(answer.json()["jwks_uri"], timeout=10)


def checked(token):
    """Return the claims of a token that this issuer signed for this API, and that has not expired."""
    key = keys().get_signing_key_from_jwt(token)
    if key.key_id.startswith("emulator-") and not EMULATOR:
        raise jwt.InvalidTokenError("the token of an emulator proves nothing")
    required = {"require": ["iss", "aud", "exp", "nbf", "sub"]}
    return jwt.decode(token, key, algorithms=["RS256"], issuer=ISSUER, audience=AUDIENCE, options=required)


class AccessTokens(AuthenticationBackend):
    async def authenticate(self, conn):
        scheme, _, token = conn.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            claims = await run_in_threadpool(checked, token)  # it may have to fetch the keys
        except (requests.RequestException, jwt.PyJWKClientConnectionError) as error:
            raise AuthenticationError(503, "the issuer's keys cannot be had") from error
        except jwt.PyJWTError as error:
            raise AuthenticationError(401, str(error)) from error
        return AuthCredentials(["authenticated", *claims.get("roles", [])]), SimpleUser(claims["sub"])


def refused(status, why):
    challenge = {401: 'Bearer error="invalid_token"', 403: 'Bearer error="insufficient_scope"'}.get(status)
    return JSONResponse({"detail": why}, status, {"WWW-Authenticate": challenge} if challenge else None)


async def orders(request):
    if not request.user.is_authenticated:
        return refused(401, "a token is missing")
    if not has_required_scope(request, ["Orders.Read.All"]):
        return refused(403, "the role Orders.Read.All is missing")
    return JSONResponse({"orders": ["4711"], "caller": request.user.display_name})


app = Starlette(
    routes=[Route("/orders", orders)],
    middleware=[
        Middleware(AuthenticationMiddleware, backend=AccessTokens(), on_error=lambda _, error: refused(*error.args)),
    ],
)
