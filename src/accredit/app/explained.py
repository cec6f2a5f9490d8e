"""The near-miss explanation beside a refusal, for the caller of an emulator that was told to give it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from accredit import assertions, directory
from accredit.errors import ISSUER_UNREACHABLE, Refused
from accredit.exchange import Assertion, TokenRequest
from accredit.explain import explain, unreadable
from accredit.issuers import KeySet

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from accredit.ports import Authority


async def explanation_of(request: TokenRequest, refused: Refused, authority: Authority) -> Mapping[str, Any] | None:
    """Explain the request's assertion again, with keys at hand only. ``None`` where there is nothing to explain.

    ``refused``: what the exchange ended in; where keys could not be had, it says why.
    """
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
    except Refused as unread:
        return _plain(unreadable(unread, client=name, now=now, token=request.evidence.token.value))
    trusted = await authority.directory.trusted(client)
    records = (each.issuer for each in trusted.credentials if each.issuer.url == presented.issuer)
    keys: dict[UUID, KeySet | Refused] = {each.id: authority.keys.at_hand(each) for each in records}
    if refused.row is ISSUER_UNREACHABLE:
        keys = {
            record: found if isinstance(found, KeySet) and found.keys else refused for record, found in keys.items()
        }
    found = explain(presented, trusted, client=name, now=now, own=authority.own_issuers, keys=keys, tenant=tenant)
    return _plain(found)


def _plain(explanation: msgspec.Struct) -> Mapping[str, Any]:
    plain: Mapping[str, Any] = msgspec.to_builtins(explanation)
    return plain
