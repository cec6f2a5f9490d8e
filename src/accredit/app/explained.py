"""The near-miss explanation beside a refusal, for the caller of an emulator that was told to give it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from accredit import assertions, directory
from accredit.errors import Refused
from accredit.exchange import Assertion, TokenRequest
from accredit.explain import explain, unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.ports import Authority


async def explanation_of(request: TokenRequest, _refused: Refused, authority: Authority) -> Mapping[str, Any] | None:
    """Explain the request's assertion again, with keys at hand only. ``None`` where there is nothing to explain."""
    if not isinstance(request.evidence, Assertion):
        return None
    try:
        tenant = await authority.directory.tenant(directory.read_tenant(request.tenant), request.client_id)
        client = await authority.directory.client(tenant, request.client_id)
    except Refused:
        return None
    now, name = authority.clock(), client.display_name
    try:
        presented = assertions.parse(request.evidence.token.value, authority.policies[tenant.portability])
    except Refused as refused:
        return _plain(unreadable(refused, client=name, now=now, token=request.evidence.token.value))
    trusted = await authority.directory.trusted(client)
    keys = {
        each.issuer.id: authority.keys.at_hand(each.issuer)
        for each in trusted.credentials
        if each.issuer.url == presented.issuer
    }
    found = explain(presented, trusted, client=name, now=now, own=authority.own_issuers, keys=keys, tenant=tenant)
    return _plain(found)


def _plain(explanation: msgspec.Struct) -> Mapping[str, Any]:
    plain: Mapping[str, Any] = msgspec.to_builtins(explanation)
    return plain
