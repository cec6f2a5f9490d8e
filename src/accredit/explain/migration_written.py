"""Where a credential stands, as the directory API and the command line write it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from accredit.interop.graph import migration as wire
from accredit.interop.graph.parts import written

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.directory import Application
    from accredit.explain.migration import Held, Migration, State

_STATES: Final[Mapping[State, Any]] = {"twin_planned": "twinPlanned", "twin_active": "twinActive"}


def write(of: Migration, application: Application | None = None) -> dict[str, Any]:
    """Write one. ``application``: where it is stored; None: in a file."""
    trust = of.held.trust
    row: dict[str, Any] = written(
        wire.Written(
            id=of.held.id,
            application_id=None if application is None else application.id,
            app_id=None if application is None else application.app_id,
            app_display_name=trust.application,
            federated_credential_name=trust.name,
            issuer=trust.issuer,
            subject=trust.subject,
            claims_matching_expression=wire.matching(trust),
            state=_STATES.get(of.state, of.state),
            cause=of.cause or None,
            next_step=of.next,
            last_sign_in_date_time=trust.last_used_at,
            ids=wire.Ids(repository_owner_id=of.ids.owner, repository_id=of.ids.repository),
            twin=_twin(of.twin),
            plan=None if of.plan is None else wire.planned(of.plan),
            effect=None if of.plan is None else "narrower",
            quiet_since_date_time=of.quiet_since,
            retirable_date_time=of.due(),
            disabled_date_time=of.held.disabled_at,
            deletable_date_time=of.deletable,
        )
    )
    return row


def _twin(of: Held | None) -> wire.Twin | None:
    if of is None:
        return None
    return wire.Twin(
        id=of.id,
        name=of.trust.name,
        is_enabled=of.trust.enabled,
        created_date_time=of.trust.created_at,
        last_sign_in_date_time=of.trust.last_used_at,
    )
