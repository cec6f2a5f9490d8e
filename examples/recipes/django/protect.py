"""Lets a view of Django take access tokens; PyJWT checks them."""

from functools import cache, wraps

import jwt
import requests
from django.conf import settings
from django.http import JsonResponse


@cache
def keys():
    """The issuer's keys: fetched when needed, kept for five minutes, fetched again for a key id that is new."""
    answer = requests.get(f"{settings.TOKEN_ISSUER}/.well-known/openid-configuration", timeout=10)
    answer.raise_for_status()
    return jwt.PyJWKClient(answer.json()["jwks_uri"], timeout=10)


def checked(token):
    """Return the claims of a token that this issuer signed for this API, and that has not expired."""
    key = keys().get_signing_key_from_jwt(token)
    if key.key_id.startswith("emulator-") and not settings.TOKEN_EMULATOR_ACCEPTED:
        raise jwt.InvalidTokenError("the token of an emulator proves nothing")
    return jwt.decode(
        token,
        key,
        algorithms=["RS256"],
        issuer=settings.TOKEN_ISSUER,
        audience=settings.TOKEN_AUDIENCE,
        options={"require": ["iss", "aud", "exp", "nbf", "sub"]},
    )


def requires(role):
    """Let in who was granted an app role of this API; its claims are in ``request.claims``."""

    def protect(view):
        @wraps(view)
        def protected(request, *args, **kwargs):
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer":
                return refused(401, "a token is missing", "Bearer")
            try:
                request.claims = checked(token)
            except (requests.RequestException, jwt.PyJWKClientConnectionError):
                return refused(503, "the issuer's keys cannot be had")
            except jwt.PyJWTError as error:
                return refused(401, str(error), 'Bearer error="invalid_token"')
            if role not in request.claims.get("roles", []):
                return refused(403, f"the role {role} is missing", 'Bearer error="insufficient_scope"')
            return view(request, *args, **kwargs)

        return protected

    return protect


def refused(status, why, challenge=None):
    headers = {"WWW-Authenticate": challenge} if challenge else None
    return JsonResponse({"detail": why}, status=status, headers=headers)
