"""Tokens as they are presented, and credentials to hold beside them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from accredit.assertions import ENTRA, EXTENDED, Presented, parse
from accredit.issuers import Issuer, IssuerUrl
from accredit.trust import FederatedCredential, MultiAudience, Trusted
from accredit.trust.expression import parse as parse_expression
from tests.forge import AUDIENCE, ISSUER, NOW, SUBJECT, assemble, claims

TENANT, APPLICATION = UUID(int=0x7E), UUID(int=0xA9)


def presented(*, extended: bool = False, header: dict[str, object] | None = None, **changes: object) -> Presented:
    """A token that says what ``forge.claims`` says, with changes; signed by nobody."""
    said = {"alg": "RS256", "kid": "key-1", **(header or {})}
    return parse(assemble(said, claims(**changes)), EXTENDED if extended else ENTRA)


def record(number: int = 1, url: str = ISSUER, **given: Any) -> Issuer:
    """An issuer record of a portable tenant."""
    known: dict[str, Any] = {"algorithms": ENTRA.algorithms, "tenant_id": TENANT}
    return Issuer(**known | {"id": UUID(int=number), "url": IssuerUrl(url)} | given)


def credential(
    number: int = 1,
    subject: str | None = SUBJECT,
    *,
    issuer: str | Issuer = ISSUER,
    audience: str = AUDIENCE,
    expression: str | None = None,
    created_at: datetime = NOW,
    **given: Any,
) -> FederatedCredential:
    """A credential; issuers of one URL share one record."""
    by = record(1 + sum(issuer.encode()), issuer) if isinstance(issuer, str) else issuer
    known: dict[str, Any] = {"tenant_id": TENANT, "application_id": APPLICATION, "name": f"credential-{number}"}
    return FederatedCredential(
        **known
        | {
            "id": UUID(int=number),
            "issuer": by,
            "audience": audience,
            "created_at": created_at,
            "subject": None if expression else subject,
            "expression": parse_expression(expression, 1) if expression else None,
        }
        | given
    )


def trusted(*credentials: FederatedCredential, multi_audience: MultiAudience = "contained") -> Trusted:
    """What an application trusts."""
    return Trusted(credentials, multi_audience=multi_audience)
