"""The documented tokens of all platforms, exchanged: signed by the emulator's own issuers, over its own wire.

What is trusted is what the documented set says, byte for byte: the platform's real issuer, its subject, its audience.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from accredit.administer import Administrator, credentials
from tests.support.emulator import Emulator
from tests.support.workload import AUDIENCE, JWT_BEARER, ORDERS, Workload, engage

SETS: Mapping[str, Any] = json.loads((Path(__file__).parents[1] / "data/sample-claims.json").read_text("utf-8"))[
    "samples"
]
MOST = 20  # credentials of one application

Trusted = tuple[str, str, str]  # issuer, subject, audience


def trusted(name: str) -> Trusted:
    """What a credential for a set says; where the set lacks something, what an administrator would have put there."""
    claims = SETS[name]["claims"]
    aud = claims.get("aud", AUDIENCE)
    issuer = str(claims.get("iss", ""))
    return (
        issuer if issuer.startswith("https://") else "https://oidc.example.org",
        claims.get("sub") or "nobody",
        aud[0] if isinstance(aud, list) else aud,
    )


def shared_out() -> list[list[Trusted]]:
    """What is trusted, for as many applications as it takes: none may trust an issuer and a subject twice."""
    shares: list[list[Trusted]] = []
    for each in dict.fromkeys(trusted(name) for name in SETS):
        free = (some for some in shares if len(some) < MOST and all(each[:2] != other[:2] for other in some))
        share = next(free, None)
        if share is None:
            share = []
            shares.append(share)
        share.append(each)
    return shares


def trust(emulator: Emulator, wanted: list[Trusted]) -> Workload:
    """Make an application that trusts all of these."""
    made = engage(emulator, trusting=False)

    async def add(by: Administrator) -> None:
        for number, (issuer, subject, audience) in enumerate(wanted):
            members: Any = {"name": f"set-{number}", "issuer": issuer, "subject": subject, "audiences": (audience,)}
            await credentials.add(by, made.application.id, **members)

    emulator.administer(add)
    return made


def code(emulator: Emulator, workload: Workload, name: str) -> int:
    """Mint a set, exchange it, and return how it ended; 0 is an access token."""
    form = {
        "grant_type": "client_credentials",
        "client_id": workload.client_id,
        "client_assertion_type": JWT_BEARER,
        "client_assertion": emulator.mint(SETS[name]["dialect"], sample=name),
        "scope": f"{ORDERS}/.default",
    }
    answer = emulator.http.post(emulator.token_endpoint(), data=form)
    found = answer.json()
    return 0 if answer.status_code == 200 and found["access_token"] else int(found["error_codes"][0])


REFUSED = {  # in a tenant of portability entra, by the number behind AADSTS
    # no exp, no iss, an empty sub, no aud
    **dict.fromkeys(("kubernetes_legacy_secret", "nomad_without_exp"), 90014),
    **dict.fromkeys(("spiffe_without_iss", "cloudflare_access_service", "cognito_access"), 90014),
    # an algorithm that Entra ID does not take
    **dict.fromkeys(("aws_role_es384", "kubernetes_es256", "spiffe_minimal"), 5002738),
    "auth0_rfc9068": 5002727,  # the type at+jwt
    "kubernetes_one_year": 70023,
    # Entra ID's own issuers
    **dict.fromkeys(("azure_devops_entra", "managed_identity_v1", "managed_identity_v2"), 700222),
}


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_every_documented_token_is_exchanged_or_refused_as_documented(emulator: Emulator) -> None:
    who = {each: workload for some in shared_out() for workload in [trust(emulator, some)] for each in some}
    ended = {name: code(emulator, who[trusted(name)], name) for name in SETS}
    assert {name: each for name, each in ended.items() if each} == REFUSED
