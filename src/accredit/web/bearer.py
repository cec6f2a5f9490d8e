"""Who calls an API of this authority: a bearer token of its own, and what the directory says of its bearer now.

Rule 1: the token proves who calls (signature, issuer, audience, times). What the caller may do is what its token and
the directory agree on at this moment: a grant that was revoked, or a principal that was disabled, counts at once.
Rule 2: the token is read by the reader of assertions, under a policy of its own; there is no second reader of JWTs.
Rule 3: no refusal, detail or exception carries text of the token but its audience, once the signature holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NoReturn
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from accredit import tokens
from accredit.assertions import Policy, parse, verify
from accredit.directory import LONGEST_TOKEN_LIFETIME, read_guid, wellknown
from accredit.errors import (
    CLIENT_DISABLED,
    CLIENT_PUBLIC,
    LIFETIME_TOO_LONG,
    NOT_IN_TIME,
    RESOURCE_UNKNOWN,
    TOKEN_EMPTY,
    TOKEN_HOST_HINT,
    TOKEN_REFUSED,
    US,
    Refused,
)
from accredit.issuers import EMPTY, Issuer, IssuerUrl, KeySet, jwks
from accredit.tokens.claims import EARLY, GRAPH

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from accredit.assertions import Presented
    from accredit.directory import Client, Resource, Tenant
    from accredit.ports import Authority
    from accredit.tokens import SigningKey

ALGORITHMS: Final = ("RS256", "ES256")
OURS: Final = Policy(algorithms=ALGORITHMS, types=frozenset({"jwt"}), key_reference_required=True)
SKEW: Final = 60  # seconds that the clocks of our own machines may differ
LONGEST_LIFE: Final = LONGEST_TOKEN_LIFETIME + EARLY  # seconds from iat to exp
_SCHEME: Final = "bearer"
_KIOTA: Final = "kiota"  # in the user agent of Microsoft's generated SDKs

_MALFORMED: Final = "It is no token of this authority."
_FOREIGN: Final = "Issuer is invalid: this authority issued it for none of its tenants."
_UNSIGNED: Final = "Signature is invalid: none of this authority's keys signed it."
_UNTIMELY: Final = "Lifetime validation failed:"
_GONE: Final = "The application that it was issued to, or its service principal, does not exist any more."
_DISABLED: Final = "The application that it was issued to is disabled."


@dataclass(frozen=True, slots=True)
class Caller:
    """An application that proved itself. ``roles``: values on Microsoft Graph that hold for this call."""

    tenant: Tenant
    client: Client
    roles: frozenset[str]


class Bearers:
    """Identifies callers for one authority. ``published`` returns the signing keys whose tokens are still believed."""

    __slots__ = ("_authority", "_keys", "_kids", "_published", "_served")

    def __init__(self, authority: Authority, published: Callable[[], Sequence[SigningKey]]) -> None:
        self._authority = authority
        self._published = published
        self._kids: tuple[str, ...] = ()
        self._keys = EMPTY
        known = wellknown.principals()
        self._served = frozenset({known["graph"].app_id, known["arm"].app_id})

    async def caller(self, authorization: Sequence[bytes], agent: str) -> Caller:
        """Say who calls. ``authorization``: the values of that header; ``agent``: the user agent. 401.

        Where the store is out of reach nobody is known: 90033.
        """
        presented = _read(_token(authorization, agent, self._authority.base))
        self._prove(presented)
        try:
            return await self._known(presented)
        except Refused as refused:
            if refused.row is TOKEN_REFUSED or refused.row.move == US:
                raise
            raise _because(_DISABLED if refused.row in (CLIENT_DISABLED, CLIENT_PUBLIC) else _GONE, refused) from None

    def _prove(self, presented: Presented) -> None:
        """Refuse what was not issued by us for the tenant that it names, or not for now. Asks nobody."""
        tenant_id = read_guid(str(presented.claims.get("tid")))
        base = self._authority.base
        if tenant_id is None or presented.issuer not in {tokens.issuer(base, tenant_id, each) for each in (1, 2)}:
            _refuse(_FOREIGN)
        record = Issuer(
            id=tenant_id,
            tenant_id=tenant_id,
            url=IssuerUrl(presented.issuer),
            algorithms=ALGORITHMS,
            max_lifetime=LONGEST_LIFE,
            skew=SKEW,
        )
        try:
            verify(presented, record, self._key_set(record), self._authority.clock())
        except Refused as refused:
            late = refused.row in (NOT_IN_TIME, LIFETIME_TOO_LONG)
            raise _because(f"{_UNTIMELY} {refused.detail}." if late else _UNSIGNED, refused) from None

    async def _known(self, presented: Presented) -> Caller:
        """Find tenant, application and roles of a token that is ours: from memory, unless they changed."""
        directory, claims = self._authority.directory, presented.claims
        await directory.refresh()  # what another process revoked is gone with the next call
        tenant = await directory.tenant(UUID(claims["tid"]), "")
        wanted = await self._resource(tenant, presented.audiences[0]) if len(presented.audiences) == 1 else None
        if wanted is None or wanted.app_id not in self._served:
            _refuse(f"Invalid audience '{presented.audiences[0]}': ask for the scope {self._authority.base}/.default.")
        client = await directory.client(tenant, str(claims.get("appid") or claims.get("azp")))
        if str(client.principal.id) != claims.get("oid"):
            _refuse(_GONE, "the application has another service principal by now")
        client.refuse_unusable()
        graph = await self._resource(tenant, GRAPH)
        roles = frozenset[str]() if graph is None else frozenset((await directory.held(client, graph)).roles)
        if graph is not None and wanted.app_id == graph.app_id:
            roles &= frozenset(claims.get("roles", ()))
        return Caller(tenant, client, roles)

    async def _resource(self, tenant: Tenant, identifier: str) -> Resource | None:
        try:
            return await self._authority.directory.resource(tenant, identifier)
        except Refused as refused:
            if refused.row is RESOURCE_UNKNOWN:
                return None
            raise

    def _key_set(self, record: Issuer) -> KeySet:
        """Return the published keys, read once for as long as they are the same."""
        published = self._published()
        kids = tuple(each.kid for each in published)
        if kids != self._kids:
            self._keys = jwks.parse(msgspec.json.encode(tokens.key_set(published, None)), record)
            self._kids = kids
        return self._keys


def _token(authorization: Sequence[bytes], agent: str, base: str) -> str:
    if not authorization:
        if _KIOTA in agent.lower():
            at = urlsplit(base)
            raise Refused(TOKEN_HOST_HINT, host=at.hostname, host_and_port=at.netloc)
        raise Refused(TOKEN_EMPTY)
    if len(authorization) > 1:
        _refuse("The Authorization header was sent more than once.")
    scheme, _, token = authorization[0].decode("latin-1").strip().partition(" ")
    if scheme.lower() != _SCHEME:
        _refuse("The Authorization header does not begin with Bearer.")
    if not token.strip():
        raise Refused(TOKEN_EMPTY)
    return token


def _read(token: str) -> Presented:
    try:
        return parse(token, OURS)
    except Refused as refused:
        raise _because(_MALFORMED, refused) from None


def _because(reason: str, refused: Refused) -> Refused:
    """Return a refusal in the words of an API, with the precise one as its detail."""
    return Refused(TOKEN_REFUSED, reason=reason, detail=f"{refused.row.label} {refused.detail or refused.message}")


def _refuse(reason: str, detail: str = "") -> NoReturn:
    raise Refused(TOKEN_REFUSED, reason=reason, detail=detail)
