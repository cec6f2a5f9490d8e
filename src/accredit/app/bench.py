"""The test issuers as the portal of an emulator shows them: the same functions as the control API. Emulator only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from accredit.app.explained import explanation_of
from accredit.app.provoking_control import Controls
from accredit.errors import Refused
from accredit.exchange import CLIENT_CREDENTIALS, JWT_BEARER, TokenRequest
from accredit.issuers import base64url
from accredit.testidp.dialect import dialects, entries, find
from accredit.testidp.faults import FAULTS
from accredit.testidp.filling import ALGORITHM
from accredit.testidp.outages import OUTAGES
from accredit.testidp.platforms import DEFAULT_INSTANCE
from accredit.web.portal.bench import Choice, Dialect, Exchanged, Fault, Issuing, Minted, Named, Standing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from accredit.app.runtime import Runtime
    from accredit.directory import Tenant
    from accredit.signins import Sender
    from accredit.testidp.filling import Dialect as Filling
    from accredit.testidp.platforms import Platform
    from accredit.web.portal.bench import Control
    from accredit.web.token import TokenEndpoint

_GRANTED: Final = 200


@dataclass(frozen=True, slots=True)
class Workbench:
    """The ``Bench`` of one running emulator."""

    runtime: Runtime
    tokens: TokenEndpoint

    def dialects(self) -> Sequence[Named]:
        """Return every dialect, by title."""
        return sorted((Named(name, dialects()[name].title) for name in entries()), key=lambda each: each.title.lower())

    def dialect(self, name: str) -> Dialect:
        """Return one by its name or alias. ``DIALECT_UNKNOWN``."""
        found = find(name)
        return Dialect(
            found.name,
            found.title,
            found.preset,
            self.runtime.test_issuer.platforms[found.name].issuer,
            found.lifetime,
            tuple(_choices(found)),
            tuple(found.samples),
        )

    def faults(self) -> Sequence[Fault]:
        """Return every fault of a token."""
        return [Fault(each.name, each.sentence, each.entra, each.extended, each.cause) for each in FAULTS.values()]

    def outages(self) -> Sequence[Fault]:
        """Return every fault of an issuer."""
        return [Fault(each.name, each.sentence, each.entra, each.extended, each.cause) for each in OUTAGES.values()]

    def issuing(self, name: str, instance: str) -> Issuing:
        """Return how an issuer stands. ``DIALECT_UNKNOWN``, ``INPUT_INVALID``."""
        return _issuing(self.runtime.test_issuer.platform(name, instance or None))

    def standing(self) -> Standing:
        """Return how the authority stands."""
        provoking = self.runtime.provoking
        return Standing(
            provoking.clock(),
            provoking.clock.frozen,
            round(provoking.clock.offset.total_seconds(), 3),
            provoking.planned,
            provoking.delay,
            [_issuing(each) for each in self.runtime.test_issuer.wrong],
        )

    def mint(self, request: Mapping[str, object]) -> Minted:
        """Sign a token as the control API does. ``INPUT_INVALID``, ``DIALECT_UNKNOWN``, ``FAULT_UNKNOWN``."""
        minted = self.runtime.test_issuer.mint(request)
        return Minted(minted.token, minted.header, minted.claims)

    def rotate(self, name: str, instance: str, *, keep_previous: bool) -> None:
        """Let new keys sign. Errors as of ``issuing``."""
        self.runtime.test_issuer.rotate(name, keep_previous=keep_previous, instance=instance or None)

    def down(self, name: str, instance: str, mode: str | None) -> None:
        """Make an issuer's documents wrong in a named way; ``None``: right again. ``FAULT_UNKNOWN``."""
        self.runtime.test_issuer.down(name, mode, instance=instance or None)

    def control(self, what: Control, body: Mapping[str, object]) -> None:
        """Do what ``POST /idp/_{what}`` does. ``INPUT_INVALID``."""
        Controls(self.runtime.provoking).all()[what](body)

    async def exchange(self, who: Sender, tenant: Tenant, client_id: str, scope: str, token: str) -> Exchanged:
        """Send a token to the token endpoint as a workload would, and tell what came of it."""
        tokens, began = self.tokens, self.tokens.seconds()
        try:
            request = _request(who, tenant, client_id, scope, token)
        except Refused as refused:
            return self._refused(who, refused, None)
        try:
            tokens.admission.enter()
            try:
                granted = await tokens.exchange(request, tokens.authority)
            finally:
                tokens.admission.leave()
        except Refused as refused:
            tokens.observed(request, who, refused, tokens.seconds() - began)
            return self._refused(who, refused, await self._said(request, refused))
        tokens.observed(request, who, None, tokens.seconds() - began)
        header, claims = (_decoded(part) for part in granted.value.split(".")[:2])
        return Exchanged(_GRANTED, {}, header, claims, str(who.trace), None)

    async def _said(self, request: TokenRequest, refused: Refused) -> Mapping[str, Any] | None:
        explaining = self.runtime.provoking.explaining(
            lambda authority: lambda asked, why: explanation_of(asked, why, authority), self.tokens.authority
        )
        found: Mapping[str, Any] | None = await explaining(request, refused)
        return found

    def _refused(self, who: Sender, refused: Refused, explanation: Mapping[str, Any] | None) -> Exchanged:
        status, body = self.tokens.errors.body(refused, who, self.tokens.authority.clock())
        return Exchanged(status, msgspec.json.decode(body), {}, {}, str(who.trace), explanation)


def _choices(found: Filling) -> Sequence[Choice]:
    """Return what may be chosen about a token, the algorithm last."""
    named = sorted(found.parameters.items(), key=lambda each: each[0] == ALGORITHM)
    return [
        Choice(
            name,
            each.says,
            each.wanted,
            "" if each.default is None else msgspec.json.encode(each.default).decode().strip('"'),
            ("true", "false") if each.kind == "flag" else each.one_of,
        )
        for name, each in named
    ]


def _issuing(of: Platform) -> Issuing:
    return Issuing(
        of.dialect.name,
        of.dialect.title,
        "" if of.instance == DEFAULT_INSTANCE else of.instance,
        of.issuer,
        of.address,
        of.address + of.dialect.discovery_paths[0] if of.dialect.discovery_paths else "",
        of.address + of.dialect.jwks_path,
        tuple(key.kid for key in of.keyring.published(of.default_algorithm)),
        "" if of.outage is None else of.outage.name,
    )


def _request(who: Sender, tenant: Tenant, client_id: str, scope: str, token: str) -> TokenRequest:
    form = {
        "grant_type": CLIENT_CREDENTIALS,
        "client_id": client_id,
        "scope": scope,
        "client_assertion_type": JWT_BEARER,
        "client_assertion": token,
    }
    return TokenRequest.from_form(who, str(tenant.id), form)


def _decoded(segment: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = msgspec.json.decode(base64url.decode(segment))
    return found
