"""What is answered to a token with a fault, and how that is explained; its document is written from here, too."""

import json
from dataclasses import dataclass
from uuid import UUID

from accredit import trust
from accredit.assertions import ENTRA, EXTENDED, parse, verify
from accredit.errors import Refused
from accredit.explain import explain, unreadable
from accredit.issuers import jwks
from accredit.testidp import TestIssuer
from accredit.testidp.keys import Key
from accredit.trust import FederatedCredential, Trusted
from tests.forge import NOW
from tests.issuers.records import record

AUDIENCE = "api://AzureADTokenExchange"
HONEST = {"dialect": "github", "overrides": {}}
LEGACY = {"dialect": "github", "params": {"immutable": False}}
REQUESTS = {"sub_immutable": LEGACY}
"""What is minted, where that is no honest token of GitHub: one whose subject has no ids has them from the fault."""


@dataclass(frozen=True)
class Outcome:
    """What became of a token: the number of the refusal, the cause that is named, and the sentence that explains it."""

    code: int | None
    cause: str
    said: str


def published(idp: TestIssuer) -> list[Key]:
    """The keys of GitHub's issuer."""
    return list(idp.platform("github").keyring.published("RS256"))


def outcome(idp: TestIssuer, name: str, portability: str) -> Outcome:
    """What the core answers to a token with a fault (``""``: none), and what is said of it."""
    request = REQUESTS.get(name, HONEST)
    at = record()
    keys = jwks.parse(json.dumps({"keys": [key.jwk for key in published(idp)]}), at)
    credential = FederatedCredential(
        id=UUID(int=3),
        tenant_id=at.tenant_id,
        application_id=UUID(int=4),
        name="github-production",
        issuer=at,
        audience=AUDIENCE,
        created_at=NOW,
        subject=str(idp.mint(request).claims["sub"]),
    )
    entra = portability == "entra"
    trusted = Trusted([credential], multi_audience="contained" if entra else "refuse")
    token = idp.mint({**request, "faults": [name]} if name else request).token
    try:
        presented = parse(token, ENTRA if entra else EXTENDED)
    except Refused as refused:
        told = unreadable(refused, client="deploy-bot", now=NOW, token=token)
        return Outcome(int(refused.row.code), told.cause, told.sentence)
    code = None
    try:
        trust.choose("deploy-bot", trust.match(trusted, presented))
        verify(presented, at, keys, NOW)
    except Refused as refused:
        code = int(refused.row.code)
    told = explain(presented, trusted, client="deploy-bot", now=NOW, keys={at.id: keys})
    assert told.code == (f"AADSTS{code}" if code else "")
    return Outcome(code, told.cause, told.sentence)
