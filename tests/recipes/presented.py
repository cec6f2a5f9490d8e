"""Tokens that an API is shown: the one that it has to take, and every kind that it must not."""

import hmac
import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import jwt
from cryptography.hazmat.primitives import serialization

from accredit.testing import Application, Authority, authority
from tests.forge import assemble, b64, rsa_key
from tests.forge import token as signed

ORDERS, SCOPE = "api://orders", "api://orders/.default"
ROLE, OTHER_ROLE = "Orders.Read.All", "Orders.Write.All"
TOO_LATE: Final = timedelta(hours=2)  # a token lives for one


@dataclass(frozen=True)
class Shown:
    """What an API is configured with, and what it is shown: by a sentence, the token and the status it gets."""

    issuer: str
    audience: str
    ca_file: str
    caller: str  # the service principal that the good one is for
    good: str
    refused: Mapping[str, tuple[str, int]]


@contextmanager
def shown() -> Iterator[Shown]:
    """Make them, with an authority that runs while the block does."""
    with authority() as place, place.tenant() as home, place.tenant() as elsewhere:
        yield _made(home, elsewhere)


def _made(home: Authority, elsewhere: Authority) -> Shown:
    audience = home.api(ORDERS, ROLE, OTHER_ROLE)
    app, writer, nobody = _trusting(home, "reader"), _trusting(home, "writer"), _trusting(home, "nobody")
    app.grant(ORDERS, ROLE)
    app.grant("api://invoices", ROLE)
    writer.grant(ORDERS, OTHER_ROLE)
    stranger = _trusting(elsewhere, "stranger")
    stranger.grant(ORDERS, ROLE)
    old = _of_version_1(home, app, audience)
    good, weak = app.token(SCOPE), writer.token(SCOPE)
    return Shown(
        issuer=home.issuer,
        audience=audience,
        ca_file=home.ca_file,
        caller=str(_claims(good)["sub"]),
        good=good,
        refused={
            "no token of it": ("", 401),
            "no token at all": ("x.y.z", 401),
            "the token of another API": (app.token("api://invoices/.default"), 401),
            "a token with another role": (weak, 403),
            "a token without any role": (nobody.token(SCOPE), 403),
            "a token of another tenant": (stranger.token(SCOPE), 401),
            "a token of version 1.0, for the same audience": (old, 401),
            "a token that has expired": (_at(home, app, -TOO_LATE), 401),
            "a token of the future": (_at(home, app, TOO_LATE), 401),
            "the token of the platform itself": (app.assertion(), 401),
            **{sentence: (token, 401) for sentence, token in _forged(good, weak, _public_key(home, good)).items()},
        },
    )


def _trusting(of: Authority, name: str) -> Application:
    made = of.application(name)
    made.trust_github(environment=name)
    return made


def _of_version_1(home: Authority, app: Application, audience: str) -> str:
    """A token whose ``aud`` is that of version 2.0, by asking for the API by its client id while it takes version 1."""

    async def versions(number: int) -> None:
        async with home.directory.reading() as view:
            found = (await view.applications.find(app_id=UUID(audience)))[0]
        await home.directory.applications.update(found.id, token_version=number)

    home.run(versions(1))
    token = app.token(f"{audience}/.default")
    home.run(versions(2))
    said = _claims(token)
    assert (said["ver"], said["aud"], said["iss"]) == ("1.0", audience, f"{home.url}/{home.tenant_id}/")
    return token


def _at(home: Authority, app: Application, away: timedelta) -> str:
    """A token as it is issued at another time."""
    home.clock.set(home.clock.now + away)
    token = app.token(SCOPE)
    home.clock.reset()
    return token


def _forged(good: str, weak: str, public: bytes) -> dict[str, str]:
    """Tokens that a stranger makes of honest ones."""
    header, payload, signature = good.split(".")
    kid, said = jwt.get_unverified_header(good)["kid"], _claims(good)
    raw = urlsafe_b64decode(signature + "==")
    richer = b64(json.dumps({**_claims(weak), "roles": [ROLE]}).encode())
    weak_header, _, weak_signature = weak.split(".")
    plain = {"typ": "JWT", "alg": "none", "kid": kid}
    return {
        "a token whose claims were changed": f"{weak_header}.{richer}.{weak_signature}",
        "a token with one bit of its signature flipped": f"{header}.{payload}.{b64(bytes([raw[0] ^ 1]) + raw[1:])}",
        "a token without a signature": f"{header}.{payload}.",
        "a token that says it needs none": assemble(plain, said, b""),
        "a token with the public key for a secret": _by_public_key({**plain, "alg": "HS256"}, said, public),
        "a stranger's signature under an honest key id": _by_stranger(said, kid),
        "a stranger's signature under a key id of his own": _by_stranger(said, "emulator-stranger"),
        "a token without a key id": _by_stranger(said, ...),
    }


def _public_key(home: Authority, good: str) -> bytes:
    """The key that verifies a token, as PEM."""
    published = jwt.PyJWKSet.from_dict(home.http.get(home.jwks_uri).json())
    key = published[jwt.get_unverified_header(good)["kid"]].key
    return bytes(key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))


def _by_public_key(header: Mapping[str, str], said: Mapping[str, Any], public: bytes) -> str:
    unsigned = assemble(header, said, b"").rstrip(".")
    code = hmac.digest(public, unsigned.encode(), "sha256")
    return f"{unsigned}.{b64(code)}"


def _by_stranger(said: Mapping[str, Any], kid: object) -> str:
    return signed(json.dumps(said).encode(), key=rsa_key(number=77), header={"kid": kid})


def _claims(token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found
