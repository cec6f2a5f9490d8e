"""What is wrong with a federated identity credential that somebody wants: every refusal, and the record of a change.

Rule 1: nothing here changes anything. The first finding is raised, and the change it belongs to is undone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from accredit import policy, trust
from accredit.administer.administrator import as_json
from accredit.administer.limits import MULTI_AUDIENCE, invalid, refuse_control, refuse_unlisted
from accredit.administer.linting import recorded
from accredit.errors import IDS_MISSING, ISSUER_FORBIDDEN, TRUST_EXISTS, TRUST_LIMIT, Refused
from accredit.issuers import refuse_own
from accredit.signins import Modified, Target
from accredit.trust import DEFAULT_AUDIENCE, MOST, Trust, discovery_suffix
from accredit.trust.naming import unpinned

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from accredit.administer.administrator import Administrator, Change
    from accredit.directory import Application, Tenant
    from accredit.trust import FederatedCredential, Members, MultiAudience
    from accredit.trust.lint import Finding

KIND: Final = "FederatedIdentityCredential"
ACTIVITY: Final = "Update application – Certificates and secrets management"  # noqa: RUF001  Entra ID writes this dash
MOST_LISTED: Final = 15  # audiences that may stand beside the credential's own: a token has at most 16

_OTHERS: Final = ("enabled", "multi_audience", "listed_audiences")


async def read(change: Change, tenant: Tenant, members: Members) -> Trust:
    """Read what is to be trusted. Raises the first finding that needs no other credential to be seen."""
    issuer = members.get("issuer")
    found = trust.read(
        name=members.get("name") or "",
        issuer=issuer,
        subject=members.get("subject"),
        expression=members.get("expression"),
        audiences=members.get("audiences", (DEFAULT_AUDIENCE,)),
        description=members.get("description"),
        language_version=members.get("language_version", 1),
        portable=tenant.portability == "entra",
        loopback_http=change.by.emulator,
        opaque_issuer=await _opaque(change, tenant, issuer),
    )
    refuse_control(found.description or "", KIND, "description")
    _refuse_rule(members.get("multi_audience"), members.get("listed_audiences", ()))
    _refuse_useless(change.by, found, tenant)
    return found


def refuse_forbidden(tenant: Tenant, wanted: Trust, before: FederatedCredential | None = None) -> None:
    """Refuse to trust what a policy of the tenant forbids. Trust that is there already is refused when it is used."""
    if tenant.allowed_issuers_mode == "enforce" and (before is None or wanted.issuer != before.issuer.url):
        _refuse_issuer(tenant, wanted.issuer)
    if tenant.immutable_ids == "enforce" and (before is None or _names(before) != _names(wanted)):
        _refuse_names(tenant, wanted)


def noted(tenant: Tenant, credential: FederatedCredential) -> tuple[str, ...]:
    """Return a sentence for every policy of the tenant that a stored credential breaks."""
    return tuple(
        f"The tenant's policy {each.policy} {'refuses' if each.enforced else 'would refuse'} its tokens: "
        f"{each.refused.detail}."
        for each in policy.judged(tenant, credential.issuer.url, credential, None)
    )


def _refuse_issuer(tenant: Tenant, issuer: str) -> None:
    if not tenant.allows(issuer):
        detail = f"issuer: it is none of those that tenant {tenant.id} allows"
        raise Refused(ISSUER_FORBIDDEN, issuer=issuer, policy=tenant.name_of("allowedIssuers"), detail=detail)


def _refuse_names(tenant: Tenant, wanted: Trust) -> None:
    if missing := unpinned(wanted.issuer, wanted.subject, wanted.expression):
        plain = wanted.expression is None
        raise Refused(
            IDS_MISSING,
            property="Subject" if plain else "ClaimsMatchingExpression",
            value=wanted.subject if wanted.expression is None else wanted.expression.text,
            policy=tenant.name_of("immutableIds"),
            detail=f"{'subject' if plain else 'expression'}: it does not pin the id of the {' and '.join(missing)}",
        )


def _names(of: Trust | FederatedCredential) -> tuple[str, str | None, str | None]:
    """Return what says by which names something is trusted."""
    issuer = of.issuer if isinstance(of, Trust) else of.issuer.url
    return issuer, of.subject, of.expression.text if of.expression else None


def over(before: FederatedCredential, changes: Members) -> Members:
    """Return all that a credential trusts once ``changes`` are made."""
    kept = before.expression
    old: Members = {
        "name": before.name,
        "issuer": before.issuer.url,
        "subject": before.subject,
        "expression": kept.text if kept else None,
        "audiences": (before.audience,),
        "description": before.description,
        "language_version": kept.language_version if kept else 1,
    }
    if changes.get("subject") is not None or changes.get("expression") is not None:
        old |= {"subject": None, "expression": None}  # one takes the place of the other
    if changes.get("expression") is not None:
        old |= {"language_version": 1}
    return {**old, **changes}


def others(members: Members) -> dict[str, Any]:
    """Return those members that ``trust.read`` knows nothing of."""
    return {name: value for name, value in members.items() if name in _OTHERS}


async def refuse_twice(
    change: Change, application_id: UUID, wanted: Trust, issuer_id: UUID, itself: UUID | None
) -> None:
    """Refuse what another credential of the application trusts already."""
    same = {"subject": wanted.subject} if wanted.expression is None else {"expression": wanted.expression.text}
    found = await change.store.credentials.find(application_id=application_id, issuer_id=issuer_id, **same)
    if there := [each.name for each in found if each.id != itself]:
        raise Refused(TRUST_EXISTS, detail=f"credential {there[0]} trusts exactly this")


async def refuse_too_many(change: Change, application: Application, tenant: Tenant) -> None:
    """Refuse one more than Entra ID keeps."""
    if tenant.portability == "entra":
        found = await change.store.credentials.find(application_id=application.id)
        if len(found) >= MOST:
            raise Refused(TRUST_LIMIT, limit=MOST)


async def record(
    change: Change,
    application: Application,
    before: FederatedCredential | None,
    after: FederatedCredential | None,
    found: Sequence[Finding] = (),
) -> None:
    """Write the audit record: what was trusted, what is now, and what lint ``found`` in that."""
    shown = Modified("FederatedIdentityCredentials", _written(*_those(before)), _written(*_those(after)))
    modified = (shown, *recorded(found, change.by.override))
    target = Target(id=application.id, kind="Application", name=application.display_name, modified=modified)
    await change.record(ACTIVITY, "Update", target, tenant_id=application.tenant_id)


def gone(credentials: Sequence[FederatedCredential]) -> tuple[Modified, ...]:
    """Return what was trusted by an application that is no more, for the record of that."""
    return (Modified("FederatedIdentityCredentials", _written(*credentials), _written()),) if credentials else ()


async def _opaque(change: Change, tenant: Tenant, issuer: str | None) -> bool:
    """Whether an issuer may be any text: one whose keys an administrator uploaded, in a tenant that allows it."""
    if tenant.portability == "entra" or not issuer:
        return False
    records = await change.store.issuers.find(tenant_id=tenant.id, url=issuer)
    return any(each.key_source == "uploaded" for each in records)


def _refuse_rule(rule: MultiAudience | None, listed: tuple[str, ...]) -> None:
    if rule is not None:
        refuse_unlisted((rule,), MULTI_AUDIENCE, "multiAudience", KIND)
    if len(listed) > MOST_LISTED or not all(listed):
        raise invalid("listedAudiences", KIND, f"at most {MOST_LISTED}, none of them empty")


def _refuse_useless(by: Administrator, wanted: Trust, tenant: Tenant) -> None:
    """Refuse an issuer that can never be accepted, where Entra ID need not be imitated."""
    if tenant.portability == "entra":
        return
    try:
        refuse_own(wanted.issuer, by.own_issuers)
    except Refused as error:
        raise invalid("issuer", KIND, f"{error.detail}; its tokens are refused ({error.row.label})") from error
    if suffix := discovery_suffix(wanted.issuer):
        issuer = wanted.issuer.removesuffix(suffix)
        raise invalid("issuer", KIND, f"this is the address of a discovery document; the issuer is {issuer}")


def _those(credential: FederatedCredential | None) -> tuple[FederatedCredential, ...]:
    return () if credential is None else (credential,)


def _written(*credentials: FederatedCredential) -> str:
    return as_json([_shown(each) for each in credentials])


def _shown(credential: FederatedCredential) -> dict[str, Any]:
    expression = credential.expression
    matching = expression and {"value": expression.text, "languageVersion": expression.language_version}
    return {
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
