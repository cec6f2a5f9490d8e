"""Federated identity credentials: what an application trusts.

Rule 1: one order of findings for every face: is the name taken, is each value fit, is exactly this trusted already, are
there too many.
Rule 2: what Entra ID stores, a portable tenant stores, even where it can never match; ``remarks`` says so. A tenant
with extended portability refuses it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from accredit.administer import issuers
from accredit.administer.administrator import as_json, given
from accredit.administer.limits import MULTI_AUDIENCE, invalid, refuse_unlisted
from accredit.errors import (
    CREDENTIAL_NOT_FOUND,
    NAME_IMMUTABLE,
    NAME_TAKEN,
    TRUST_EXISTS,
    TRUST_LIMIT,
    Refused,
)
from accredit.issuers import refuse_own
from accredit.signins import Modified, Target
from accredit.trust import DEFAULT_AUDIENCE, MOST, FederatedCredential, discovery_suffix, read
from accredit.trust.expression import refuse_not_allowed

if TYPE_CHECKING:
    from uuid import UUID

    from accredit.administer.administrator import Administrator, Change
    from accredit.directory import Application, Tenant
    from accredit.issuers import OwnIssuers
    from accredit.trust import MultiAudience, Trust

KIND: Final = "FederatedIdentityCredential"
ACTIVITY: Final = "Update application – Certificates and secrets management"  # noqa: RUF001  Entra ID writes this dash
MOST_LISTED: Final = 15  # audiences that may stand beside the credential's own: a token has at most 16


async def add(  # noqa: PLR0913  the members of a federated identity credential
    by: Administrator,
    application_id: UUID,
    *,
    name: str,
    issuer: str | None,
    subject: str | None = None,
    expression: str | None = None,
    audiences: tuple[str, ...] = (DEFAULT_AUDIENCE,),
    description: str | None = None,
    language_version: int = 1,
    issuer_id: UUID | None = None,
    multi_audience: MultiAudience | None = None,
    listed_audiences: tuple[str, ...] = (),
) -> FederatedCredential:
    """Trust something more. ``issuer_id`` names the issuer record where several share the URL."""
    async with by.change() as change:
        application = await change.store.applications.get(application_id)
        tenant = await change.store.tenants.get(application.tenant_id)
        if await change.store.credentials.find(application_id=application_id, name=name):
            raise Refused(NAME_TAKEN, name=name)
        trust = read(
            name=name,
            issuer=issuer,
            subject=subject,
            expression=expression,
            audiences=audiences,
            description=description,
            language_version=language_version,
            portable=tenant.portability == "entra",
            loopback_http=by.emulator,
            opaque_issuer=await _opaque(change, tenant, issuer),
        )
        _refuse_rule(multi_audience, listed_audiences)
        _refuse_useless(by, trust, tenant)
        record = await issuers.find_or_create(change, tenant, trust.issuer, issuer_id)
        await _refuse_twice(change, application_id, trust, record.id, None)
        await _refuse_too_many(change, application, tenant)
        credential = FederatedCredential(
            id=by.ids.object(),
            tenant_id=tenant.id,
            application_id=application_id,
            name=trust.name,
            issuer=record,
            audience=trust.audience,
            created_at=change.at,
            subject=trust.subject,
            expression=trust.expression,
            description=trust.description,
            multi_audience=multi_audience,
            listed_audiences=listed_audiences,
        )
        credential = await change.store.credentials.add(credential)
        await _record(change, application, None, credential)
    return credential


async def update(  # noqa: PLR0913  the members of a federated identity credential
    by: Administrator,
    application_id: UUID,
    name: str,
    *,
    new_name: str | UnsetType = UNSET,
    issuer: str | UnsetType = UNSET,
    subject: str | UnsetType | None = UNSET,
    expression: str | UnsetType | None = UNSET,
    audiences: tuple[str, ...] | UnsetType = UNSET,
    description: str | UnsetType | None = UNSET,
    language_version: int = 1,
    issuer_id: UUID | None = None,
    multi_audience: MultiAudience | UnsetType | None = UNSET,
    listed_audiences: tuple[str, ...] | UnsetType = UNSET,
) -> FederatedCredential:
    """Change what is given. A subject takes the place of an expression, and the reverse; a name never changes."""
    async with by.change() as change:
        before, application, tenant = await _found(change, application_id, name)
        if new_name not in (UNSET, name):
            raise Refused(NAME_IMMUTABLE)
        wanted_issuer = before.issuer.url if issuer is UNSET else issuer
        trust = read(
            name=name,
            issuer=wanted_issuer,
            **_what(before, subject, expression),
            audiences=(before.audience,) if audiences is UNSET else audiences,
            description=before.description if description is UNSET else description,
            language_version=language_version,
            portable=tenant.portability == "entra",
            loopback_http=by.emulator,
            opaque_issuer=await _opaque(change, tenant, wanted_issuer),
        )
        after = replace(before, **given(multi_audience=multi_audience, listed_audiences=listed_audiences))
        _refuse_rule(after.multi_audience, after.listed_audiences)
        _refuse_useless(by, trust, tenant)
        record = before.issuer
        if trust.issuer != record.url or issuer_id is not None:
            record = await issuers.find_or_create(change, tenant, trust.issuer, issuer_id)
        await _refuse_twice(change, application_id, trust, record.id, before.id)
        after = replace(
            after,
            issuer=record,
            audience=trust.audience,
            subject=trust.subject,
            expression=trust.expression,
            description=trust.description,
        )
        after = await change.store.credentials.put(after)
        await _record(change, application, before, after)
    return after


async def enable(by: Administrator, application_id: UUID, name: str, *, enabled: bool = True) -> FederatedCredential:
    """Let a credential count again, or count as absent. Its values are not judged again."""
    async with by.change() as change:
        before, application, _ = await _found(change, application_id, name)
        after = await change.store.credentials.put(replace(before, enabled=enabled))
        await _record(change, application, before, after)
    return after


async def delete(by: Administrator, application_id: UUID, name: str) -> None:
    """Trust it no more. The issuer record stays, with its keys and settings."""
    async with by.change() as change:
        credential, application, _ = await _found(change, application_id, name)
        await change.store.credentials.remove(credential)
        await _record(change, application, credential, None)


def remarks(credential: FederatedCredential, own: OwnIssuers) -> tuple[str, ...]:
    """Return a sentence for everything in a stored credential that its author probably did not mean."""
    url, found = credential.issuer.url, []
    if suffix := discovery_suffix(url):
        found.append(
            f"The issuer is the address of a discovery document. No token carries it; the issuer is the part before "
            f"it: {url.removesuffix(suffix)}"
        )
    try:
        refuse_own(url, own)
    except Refused as error:
        found.append(f"No token of this issuer is accepted ({error.row.label}): {error.detail}.")
    if credential.subject is not None and set("*?") & set(credential.subject):
        found.append(
            "A subject is compared as it stands: * and ? are ordinary characters in it. An expression has them."
        )
    if credential.expression is not None:
        try:
            refuse_not_allowed(credential.expression, url)
        except Refused:
            found.append(
                "Entra ID would refuse this expression for this issuer: it allows a few claims, and demands an id "
                "among them. It holds here, because the tenant has extended portability."
            )
    return tuple(found)


async def _found(change: Change, application_id: UUID, name: str) -> tuple[FederatedCredential, Application, Tenant]:
    application = await change.store.applications.get(application_id)
    credentials = await change.store.credentials.find(application_id=application_id, name=name)
    if not credentials:
        raise Refused(CREDENTIAL_NOT_FOUND, name=name)
    return credentials[0], application, await change.store.tenants.get(application.tenant_id)


async def _opaque(change: Change, tenant: Tenant, issuer: str | None) -> bool:
    """Whether an issuer may be any text: one whose keys an administrator uploaded, in a tenant that allows it."""
    if tenant.portability == "entra" or not issuer:
        return False
    records = await change.store.issuers.find(tenant_id=tenant.id, url=issuer)
    return any(each.key_source == "uploaded" for each in records)


def _what(
    before: FederatedCredential, subject: str | UnsetType | None, expression: str | UnsetType | None
) -> dict[str, str | None]:
    if subject is UNSET and expression is UNSET:
        return {"subject": before.subject, "expression": before.expression.text if before.expression else None}
    return {
        "subject": None if subject is UNSET else subject,
        "expression": None if expression is UNSET else expression,
    }


def _refuse_rule(rule: MultiAudience | None, listed: tuple[str, ...]) -> None:
    if rule is not None:
        refuse_unlisted((rule,), MULTI_AUDIENCE, "multiAudience", KIND)
    if len(listed) > MOST_LISTED or not all(listed):
        raise invalid("listedAudiences", KIND, f"at most {MOST_LISTED}, none of them empty")


def _refuse_useless(by: Administrator, trust: Trust, tenant: Tenant) -> None:
    """Refuse an issuer that can never be accepted, where Entra ID need not be imitated."""
    if tenant.portability == "entra":
        return
    refuse_own(trust.issuer, by.own_issuers)
    if suffix := discovery_suffix(trust.issuer):
        issuer = trust.issuer.removesuffix(suffix)
        raise invalid("issuer", KIND, f"this is the address of a discovery document; the issuer is {issuer}")


async def _refuse_twice(
    change: Change, application_id: UUID, trust: Trust, issuer_id: UUID, itself: UUID | None
) -> None:
    same = {"subject": trust.subject} if trust.expression is None else {"expression": trust.expression.text}
    found = await change.store.credentials.find(application_id=application_id, issuer_id=issuer_id, **same)
    if others := [each.name for each in found if each.id != itself]:
        raise Refused(TRUST_EXISTS, detail=f"credential {others[0]} trusts exactly this")


async def _refuse_too_many(change: Change, application: Application, tenant: Tenant) -> None:
    if tenant.portability == "entra":
        found = await change.store.credentials.find(application_id=application.id)
        if len(found) >= MOST:
            raise Refused(TRUST_LIMIT, limit=MOST)


async def _record(
    change: Change, application: Application, before: FederatedCredential | None, after: FederatedCredential | None
) -> None:
    shown = Modified("FederatedIdentityCredentials", _written(before), _written(after))
    target = Target(id=application.id, kind="Application", name=application.display_name, modified=(shown,))
    await change.record(ACTIVITY, "Update", target, tenant_id=application.tenant_id)


def _written(credential: FederatedCredential | None) -> str:
    if credential is None:
        return "[]"
    expression = credential.expression
    matching = expression and {"value": expression.text, "languageVersion": expression.language_version}
    written = {
        "id": credential.id,
        "name": credential.name,
        "issuer": credential.issuer.url,
        "issuerRecordId": credential.issuer.id,
        "subject": credential.subject,
        "claimsMatchingExpression": matching,
        "audiences": [credential.audience],
        "description": credential.description,
        "enabled": credential.enabled,
        "multiAudience": credential.multi_audience,
        "listedAudiences": credential.listed_audiences,
    }
    return as_json([written])
