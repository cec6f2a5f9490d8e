"""An API in FastAPI that takes access tokens; PyJWT checks them."""

import os
from functools import cache
from typing import Annotated

import jwt
import requests
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

ISSUER = os.environ["ISSUER"]  # https://sts.example.com/TENANT_ID/v2.0
AUDIENCE = os.environ["AUDIENCE"]  # this API's application (client) id
EMULATOR = os.environ.get("EMULATOR") == "accepted"  # on your own machine and in tests, nowhere else

app = FastAPI()
Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))]


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


def caller(bearer: Bearer):
    if bearer is None:
        raise HTTPException(401, "a token is missing", {"WWW-Authenticate": "Bearer"})
    try:
        return checked(bearer.credentials)
    except (requests.RequestException, jwt.PyJWKClientConnectionError) as error:
        raise HTTPException(503, "the issuer's keys cannot be had") from error
    except jwt.PyJWTError as error:
        raise HTTPException(401, str(error), {"WWW-Authenticate": 'Bearer error="invalid_token"'}) from error


def requires(role):
    """Let in who was granted an app role of this API."""

    def check(claims: Annotated[dict, Depends(caller)]):
        if role not in claims.get("roles", []):
            challenge = {"WWW-Authenticate": 'Bearer error="insufficient_scope"'}
            raise HTTPException(403, f"the role {role} is missing", challenge)
        return claims

    return Depends(check)


@app.get("/orders")
def orders(claims: Annotated[dict, requires("Orders.Read.All")]):
    return {"orders": ["4711"], "caller": claims["sub"]}
