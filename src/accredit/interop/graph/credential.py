"""``federatedIdentityCredential`` of Microsoft Graph: written, read, and what a body says about one.

Rule 1: v1.0 knows no expression: what has one is shown there with a subject that is null, and nothing more.
Rule 2: what is ours and not Graph's stands under one member, ``accredit``, and in beta only.
Rule 3: only the form of a body is judged here; what may be trusted is for ``administer`` to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import UUID  # noqa: TC003  msgspec reads the annotations

from accredit.errors import FIC_EMPTY, SUBJECT_EMPTY, Refused
from accredit.interop.graph import parts
from accredit.interop.graph.parts import Instant, Json, Wire, given, invalid, written
from accredit.issuers import Issuer, IssuerUrl
from accredit.trust import FederatedCredential, Members, MultiAudience
from accredit.trust.expression import parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.issuers import Portability
    from accredit.trust.written import WrittenTrust

KIND: Final = "FederatedIdentityCredential"
EXPRESSION: Final = "claimsMatchingExpression"
OURS: Final = "accredit"
_PLAIN: Final = ("name", "issuer", "subject", "description", "audiences")
_OURS_READ_ONLY: Final = ("state", "createdDateTime", "notPortable")
_OURS: Final = {  # what callers set, and what it is called here
    "enabled": "enabled",
    "multiAudience": "multi_audience",
    "listedAudiences": "listed_audiences",
    "issuerRecordId": "issuer_id",
}


class Matching(Wire, frozen=True, kw_only=True):
    """A claimsMatchingExpression."""

    value: str
    language_version: int


class Ours(Wire, frozen=True, kw_only=True):
    """What Graph has no member for."""

    enabled: bool = True
    state: Literal["enforced", "disabled"] = "enforced"
    multi_audience: MultiAudience | None = None
    listed_audiences: tuple[str, ...] = ()
    issuer_record_id: UUID | None = None
    created_date_time: Instant | None = None
    not_portable: tuple[str, ...] = ()  # what keeps the expression from Entra ID


class Written(Wire, frozen=True, kw_only=True):
    """A credential as Graph writes it."""

    id: UUID | None = None
    name: str | None = None
    issuer: str | None = None
    subject: str | None = None
    description: str | None = None
    audiences: tuple[str, ...] = ()
    claims_matching_expression: Matching | None = None
    accredit: Ours = Ours()


def write(of: FederatedCredential, *, beta: bool) -> Json:
    """Write a credential."""
    found: Json = written(_written(of))
    if not beta:
        del found[EXPRESSION], found[OURS]
    return found


def of_trust(of: WrittenTrust) -> Json:
    """Write a trust as a body of beta says it: what a caller sets, ``None`` where there is nothing."""
    matching = None
    if of.expression is not None:
        matching = Matching(value=of.expression, language_version=of.language_version)
    found: Json = written(
        Written(
            name=of.name,
            issuer=of.issuer,
            subject=of.subject,
            description=of.description,
            audiences=of.audiences,
            claims_matching_expression=matching,
        )
    )
    return {name: found[name] for name in (*_PLAIN, EXPRESSION)}


def read(json: Mapping[str, Any], tenant_id: UUID, application_id: UUID) -> FederatedCredential:
    """Read a credential that beta wrote. Of its issuer record id and URL are known, and nothing else."""
    found = parts.merged(KIND, Written, json)
    ours, matching = found.accredit, found.claims_matching_expression
    record = Issuer(
        id=given(ours.issuer_record_id, "accredit/issuerRecordId", KIND),
        tenant_id=tenant_id,
        url=IssuerUrl(given(found.issuer, "issuer", KIND)),
        algorithms=(),
    )
    return FederatedCredential(
        id=given(found.id, "id", KIND),
        tenant_id=tenant_id,
        application_id=application_id,
        name=given(found.name, "name", KIND),
        issuer=record,
        audience=found.audiences[0] if found.audiences else "",
        created_at=given(ours.created_date_time, "accredit/createdDateTime", KIND),
        subject=found.subject,
        expression=None if matching is None else parse(matching.value, matching.language_version),
        description=found.description,
        enabled=ours.enabled,
        multi_audience=ours.multi_audience,
        listed_audiences=ours.listed_audiences,
    )


def changes(
    body: Mapping[str, Any], stored: FederatedCredential | None, portability: Portability, *, beta: bool
) -> Members:
    """Return what a body says of ``stored``, or of a new credential: arguments of ``administer.credentials``.

    Raises FIC_EMPTY; PROPERTY_INVALID for members that are unknown, of a wrong type, or not the caller's to change;
    SUBJECT_EMPTY for an expression in v1.0, where the tenant does as Entra ID does.
    """
    if not body:
        raise Refused(FIC_EMPTY)
    before = Written() if stored is None else _written(stored)
    told = _settable(body, before, beta=beta)
    after = parts.merged(KIND, Written, told, before)
    found: dict[str, object] = {name: getattr(after, name) for name in _PLAIN if name in told}
    matching = after.claims_matching_expression
    if EXPRESSION in told:
        found["expression"] = _expression(matching)
        if matching is not None:
            found["language_version"] = matching.language_version
            if not beta and portability == "entra" and found.get("subject") is None:
                raise Refused(SUBJECT_EMPTY, detail="v1.0 knows no claimsMatchingExpression: use beta")
    _keep_other(found, stored)
    for name, member in _OURS.items():
        if name in (told.get(OURS) or ()):
            found[member] = getattr(after.accredit, parts.members(Ours)[name].name)
    return found  # type: ignore[return-value]  # the names are those of Members


def _keep_other(found: dict[str, object], stored: FederatedCredential | None) -> None:
    """Let a subject and an expression stay together, to be refused, unless the body takes the other one away.

    v1.0 does not show an expression: who only gives a subject there cannot know what it would take the place of.
    """
    if stored is None:
        return
    if found.get("subject") is not None and stored.expression is not None and "expression" not in found:
        found |= {"expression": stored.expression.text, "language_version": stored.expression.language_version}
    if found.get("expression") is not None and stored.subject is not None and "subject" not in found:
        found["subject"] = stored.subject


def _settable(body: Mapping[str, Any], before: Written, *, beta: bool) -> Mapping[str, Any]:
    """Take out what nobody changes, if it says what is so; refuse it if it does not."""
    if not beta and OURS in body:
        raise invalid(OURS, KIND, "there is no such member in v1.0")
    parts.refuse_changed(KIND, Written, body, before, ("id",))
    ours = body.get(OURS)
    if isinstance(ours, dict):
        parts.refuse_changed(KIND, Ours, ours, before.accredit, _OURS_READ_ONLY, f"{OURS}/")
    return {name: value for name, value in body.items() if name != "id"}


def _expression(of: Matching | None) -> str | None:
    if of is not None and not of.value:
        raise invalid(f"{EXPRESSION}/value", KIND, "it is empty")
    return None if of is None else of.value


def _written(of: FederatedCredential) -> Written:
    expression = of.expression
    return Written(
        id=of.id,
        name=of.name,
        issuer=of.issuer.url,
        subject=of.subject,
        description=of.description,
        audiences=(of.audience,),
        claims_matching_expression=(
            Matching(value=expression.text, language_version=expression.language_version) if expression else None
        ),
        accredit=Ours(
            enabled=of.enabled,
            state="enforced" if of.enabled else "disabled",
            multi_audience=of.multi_audience,
            listed_audiences=of.listed_audiences,
            issuer_record_id=of.issuer.id,
            created_date_time=of.created_at,
            not_portable=of.not_portable,
        ),
    )
