"""A federated identity credential: which issuer, which subject (or expression), which audience an application trusts.

Rule 1: values are kept byte for byte; nothing is folded, trimmed or normalised on the way in or out.
Rule 2: the first finding is raised, in one order for every face; whether the *name* is taken comes before all of it.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final, Literal, TypedDict
from uuid import UUID

import msgspec

from accredit.errors import (
    AUDIENCES_NOT_ONE,
    NAME_INVALID,
    PROPERTY_INVALID,
    SUBJECT_AND_EXPRESSION,
    SUBJECT_EMPTY,
    TRUST_INCOMPLETE,
    Refused,
)
from accredit.issuers.record import Issuer
from accredit.issuers.url import IssuerUrl
from accredit.issuers.url import parse as parse_issuer
from accredit.trust import expression as language
from accredit.trust.expression import Expression

MultiAudience = Literal["contained", "listed", "refuse"]
"""When a token has several audiences: one of them suffices; all others must be listed; the token is refused."""

KIND: Final = "FederatedIdentityCredential"
DEFAULT_AUDIENCE: Final = "api://AzureADTokenExchange"
LONGEST: Final = 600  # characters of issuer, subject, audience and description
MOST: Final = 20  # credentials of one application in a tenant with Entra's portability
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,119}")
LONGEST_NAME: Final = 120  # characters
_NO_NAME: Final = re.compile(r"[^A-Za-z0-9]+")
_DOCUMENT: Final = re.compile(r"/\.well-known/[^/]+/?\Z")


class FederatedCredential(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One trust of one application. Exactly one of ``subject`` and ``expression`` is set."""

    id: UUID
    tenant_id: UUID
    application_id: UUID  # object id of the application
    name: str
    issuer: Issuer
    audience: str
    created_at: datetime
    subject: str | None = None
    expression: Expression | None = None
    description: str | None = None
    enabled: bool = True
    multi_audience: MultiAudience | None = None  # None: as the tenant says
    listed_audiences: tuple[str, ...] = ()
    revision: int = 1

    @property
    def seniority(self) -> tuple[bool, datetime, UUID]:
        """Sort key among credentials that match alike: a plain subject first, then the older, then the lower id."""
        return (self.subject is None, self.created_at, self.id)

    @property
    def not_portable(self) -> tuple[str, ...]:
        """What keeps the expression from Microsoft Entra ID, a sentence each; nothing: it can hold there as well.

        A subject always can. What the issuer's record has besides is for ``FIC-NOT-PORTABLE`` to say.
        """
        return language.not_portable(self.expression, self.issuer.url) if self.expression else ()


class Members(TypedDict, total=False):
    """What may be said of a credential. What is absent is left as it is, or as it usually is; ``None`` takes away."""

    name: str | None
    issuer: str | None
    subject: str | None
    expression: str | None
    audiences: tuple[str, ...]
    description: str | None
    language_version: int  # of the expression
    enabled: bool
    issuer_id: UUID | None  # names the issuer record where several share the URL
    multi_audience: MultiAudience | None  # None: as the tenant says
    listed_audiences: tuple[str, ...]


class Trust(msgspec.Struct, frozen=True, kw_only=True):
    """What an administrator wants trusted, read and within every limit, before an issuer record is found for it."""

    name: str
    issuer: IssuerUrl
    audience: str
    subject: str | None
    expression: Expression | None
    description: str | None


def read(  # noqa: PLR0913  the members of the directory's federatedIdentityCredential
    *,
    name: str,
    issuer: str | None,
    subject: str | None,
    expression: str | None,
    audiences: tuple[str, ...],
    description: str | None = None,
    language_version: int = 1,
    portable: bool,
    loopback_http: bool = False,
    opaque_issuer: bool = False,
) -> Trust:
    """Read what an administrator typed, or raise the first finding (Microsoft Graph, federatedIdentityCredential).

    ``portable`` demands what Entra ID demands of expressions. ``loopback_http`` lets an emulator's issuer be plain http
    on loopback; ``opaque_issuer`` lets an issuer with uploaded keys be any string.
    """
    if not NAME.fullmatch(name):
        raise Refused(NAME_INVALID, name=name)
    url = _issuer(issuer, loopback_http=loopback_http, opaque=opaque_issuer)
    audience = _audience(audiences)
    if subject and expression:
        raise Refused(SUBJECT_AND_EXPRESSION)
    if not (subject or expression):
        raise Refused(SUBJECT_EMPTY)
    parsed = _expression(expression, language_version, url, portable=portable) if expression else None
    if subject and (unfit := _unfit(subject)):
        raise Refused(PROPERTY_INVALID, property="subject", kind=KIND, detail=unfit)
    if description is not None and len(description) > LONGEST:
        raise Refused(PROPERTY_INVALID, property="description", kind=KIND, detail=f"longer than {LONGEST} characters")
    return Trust(
        name=name,
        issuer=url,
        audience=audience,
        subject=subject or None,
        expression=parsed,
        description=description,
    )


def proposed_name(issuer: str, subject: str | None) -> str:
    """Make a name from issuer and subject, for whoever gives none; empty where that makes no name."""
    host = issuer.partition("://")[2].partition("/")[0]
    end = (subject or "expression").rpartition(":")[2]
    made = _NO_NAME.sub("-", f"{host}-{end}").strip("-")[:LONGEST_NAME]
    return made if host and NAME.fullmatch(made) else ""


def discovery_suffix(issuer: str) -> str:
    """Return the ``/.well-known/…`` at the end of what was meant to be an issuer; empty when there is none."""
    found = _DOCUMENT.search(issuer)
    return found[0] if found else ""


def _expression(text: str, language_version: int, issuer: str, *, portable: bool) -> Expression:
    if not portable:
        return language.parse(text, language_version)
    parsed = language.parse(text, language_version, known=(language.LANGUAGE_VERSION,))
    language.refuse_not_allowed(parsed, issuer)
    return parsed


def _issuer(text: str | None, *, loopback_http: bool, opaque: bool) -> IssuerUrl:
    """Read an issuer. One that is malformed is refused as one that is missing is: so does Microsoft Graph."""
    if not text:
        raise Refused(TRUST_INCOMPLETE)
    try:
        return parse_issuer(text, loopback_http=loopback_http, opaque=opaque)
    except Refused as error:
        raise Refused(TRUST_INCOMPLETE, detail=error.detail) from error


def _audience(given: tuple[str, ...]) -> str:
    if len(given) != 1:
        raise Refused(AUDIENCES_NOT_ONE, detail=f"{len(given)} audiences were given")
    if unfit := _unfit(given[0]):
        raise Refused(AUDIENCES_NOT_ONE, detail=f"audiences: {unfit}")
    return given[0]


def _unfit(value: str) -> str:
    """Return why no token can ever have this value; empty when one can."""
    if not value:
        return "empty"
    if len(value) > LONGEST:
        return f"{len(value)} characters; at most {LONGEST} are compared"
    if value != value.strip():
        return "white space at an end; the comparison is exact, so this would never match"
    return ""
