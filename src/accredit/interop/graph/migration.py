"""Where a credential stands on the way to GitHub's subjects with ids: an extension of this authority."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal
from uuid import UUID  # noqa: TC003  msgspec reads the annotations

from accredit.interop.graph.credential import Matching
from accredit.interop.graph.parts import Instant, Wire
from accredit.trust import MultiAudience  # noqa: TC001  msgspec reads the annotations

if TYPE_CHECKING:
    from accredit.issuers import Issuer
    from accredit.trust.written import WrittenTrust

KIND = "Migration"


class Ids(Wire, frozen=True, kw_only=True):
    """Ids of GitHub's, as far as they are known."""

    repository_owner_id: str | None = None
    repository_id: str | None = None


class Twin(Wire, frozen=True, kw_only=True):
    """The credential with ids that is there."""

    id: UUID | None = None
    name: str
    is_enabled: bool
    created_date_time: Instant | None = None
    last_sign_in_date_time: Instant | None = None


class PlannedRules(Wire, frozen=True, kw_only=True):
    """What Graph has no member for, as the credential has it that the planned one is the twin of."""

    multi_audience: MultiAudience | None = None
    listed_audiences: tuple[str, ...] = ()
    issuer_record_id: UUID


class Planned(Wire, frozen=True, kw_only=True):
    """The credential that would be added: the body of the call that adds it."""

    name: str
    issuer: str
    subject: str | None = None
    claims_matching_expression: Matching | None = None
    audiences: tuple[str, ...]
    description: str | None = None
    accredit: PlannedRules | None = None  # of what is stored here; a file knows no issuer records


class Written(Wire, frozen=True, kw_only=True):
    """One credential that names a repository by its names."""

    id: UUID | None = None
    application_id: UUID | None = None
    app_id: UUID | None = None
    app_display_name: str
    federated_credential_name: str
    issuer: str
    subject: str | None = None
    claims_matching_expression: Matching | None = None
    state: Literal["found", "twinPlanned", "twinActive", "observed", "retirable", "retired", "immutable", "template"]
    cause: str | None = None  # why there is no plan, or why it cannot be carried out
    next_step: str
    last_sign_in_date_time: Instant | None = None
    ids: Ids
    twin: Twin | None = None
    plan: Planned | None = None
    effect: Literal["narrower"] | None = None  # of the plan, once the old one is gone
    quiet_since_date_time: Instant | None = None  # the old one had no exchange, and the twin was there
    retirable_date_time: Instant | None = None
    disabled_date_time: Instant | None = None
    deletable_date_time: Instant | None = None


def matching(of: WrittenTrust) -> Matching | None:
    """Write the expression of a credential."""
    if of.expression is None:
        return None
    return Matching(value=of.expression, language_version=of.language_version)


def planned(of: WrittenTrust) -> Planned:
    """Write a credential that would be added."""
    return Planned(
        name=of.name,
        issuer=of.issuer,
        subject=of.subject,
        claims_matching_expression=matching(of),
        audiences=of.audiences,
        description=of.description,
        accredit=None if of.record is None else _rules(of, of.record),
    )


def _rules(of: WrittenTrust, record: Issuer) -> PlannedRules:
    return PlannedRules(
        multi_audience=of.multi_audience, listed_audiences=of.listed_audiences, issuer_record_id=record.id
    )
