"""An API in Flask that takes access tokens; joserfc checks them."""

import os
from functools import wraps
from threading import Lock
from time import monotonic

import requests
from flask import Flask, abort, g, jsonify, request
from joserfc import jwt
from joserfc.errors import InvalidTokenError, JoseError
from joserfc.jwk import KeySet
from werkzeug.datastructures import WWWAuthenticate

ISSUER = os.environ["ISSUER"]  # https://sts.example.com/TENANT_ID/v2.0
AUDIENCE = os.environ["AUDIENCE"]  # this API's application (client) id
EMULATOR = os.environ.get("EMULATOR") == "accepted"  # on your own machine and in tests, nowhere else

app = Flask(__name__)
rules = jwt.JWTClaimsRegistry(
    iss={"essential": True, "value": ISSUER},
    aud={"essential": True, "value": AUDIENCE},
    exp={"essential": True},
    nbf={"essential": True},
    sub={"essential": True},
)


class Keys:
    """The issuer's keys: fetched when needed, kept for an hour, fetched again for a key id that is new."""

    def __init__(self):
        self._lock, self._known, self._age_from = Lock(), None, 0.0

    def __call__(self, token):
        """Return the keys that may have signed a token; joserfc takes the one that its header names."""
        kid = token.headers().get("kid", "")
        if kid.startswith("emulator-") and not EMULATOR:
            raise InvalidTokenError("the token of an emulator proves nothing")
        with self._lock:
            age = monotonic() - self._age_from
            if self._known is None or age > 3600 or (age > 30 and kid not in {key.kid for key in self._known}):
                self._known, self._age_from = self._fetched(), monotonic()
            return self._known

    def _fetched(self):
        discovery = requests.get(f"{ISSUER}/.well-known/openid-configuration", timeout=10)
        discovery.raise_for_status()
        published = requests.get(discovery.json()["jwks_uri"], timeout=10)
        published.raise_for_status()
        return KeySet.import_key_set(published.json())


keys = Keys()


def requires(role):
    """Let in who was granted an app role of this API; its claims are in ``g.claims``."""

    def protect(view):
        @wraps(view)
        def protected(*args, **kwargs):
            bearer = request.authorization
            if bearer is None or bearer.type != "bearer" or not bearer.token:
                abort(401, "a token is missing", www_authenticate=WWWAuthenticate("bearer"))
            try:
                token = jwt.decode(bearer.token, keys, algorithms=["RS256"])
                rules.validate(token.claims)
            except requests.RequestException:
                abort(503, "the issuer's keys cannot be had")
            except (JoseError, ValueError) as error:
                abort(401, str(error), www_authenticate=WWWAuthenticate("bearer", {"error": "invalid_token"}))
            if role not in token.claims.get("roles", []):
                abort(403, f"the role {role} is missing")
            g.claims = token.claims
            return view(*args, **kwargs)

        return protected

    return protect


@app.get("/orders")
@requires("Orders.Read.All")
def orders():
    return jsonify(orders=["4711"], caller=g.claims["sub"])
