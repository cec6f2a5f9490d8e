"""Questions of all forms, and the plainest reading of the things that are asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from hypothesis import strategies as st

from accredit.query import ITSELF, And, Compare, Not, OneOf, Or, Order, StartsWith
from accredit.query import Any as AnyOf

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from accredit.query import Condition

ALPHABET = "aAbBsS\u017fß\u1e9ekK\u212aiIİ%_\\'\"/: \x00\ud7ff\ue000\U0010ffff\ufb00"
TEXTS = st.text(alphabet=ALPHABET, max_size=4) | st.sampled_from(["api://orders", "API://Orders", "orders", "api://"])
IDS = st.sampled_from([UUID(int=number << 64 | 0xABCDEF) for number in range(1, 9)])
TIMES = st.sampled_from(
    [datetime(2026, 3, 1, tzinfo=UTC) + timedelta(microseconds=n) for n in (-(10**12), 0, 1, 10**9)]
)

Plain = dict[str, Any]
"""The properties of one thing, by name."""


def told(id_: UUID | None) -> str | None:
    return None if id_ is None else str(id_)


def application(of: Any) -> Plain:
    return {
        "id": str(of.id),
        "appId": str(of.app_id),
        "displayName": of.display_name,
        "createdDateTime": of.created_at,
        "uniqueName": of.registration.unique_name,
        "signInAudience": of.registration.sign_in_audience,
        "isDisabled": of.disabled,
        "isFallbackPublicClient": of.public,
        "identifierUris": of.identifier_uris,
        "tags": of.registration.tags,
    }


def principal(of: Any, application: Any) -> Plain:
    return {
        "id": str(of.id),
        "appId": str(of.app_id),
        "displayName": of.display_name,
        "appDisplayName": of.display_name,
        "accountEnabled": of.enabled,
        "appRoleAssignmentRequired": of.assignment_required,
        "appOwnerOrganizationId": str(of.owner_tenant_id or of.tenant_id),
        "servicePrincipalType": "Application",
        "createdDateTime": of.created_at,
        "servicePrincipalNames": (
            str(of.app_id),
            *of.names,
            *(application.identifier_uris if application is not None else ()),
        ),
        "alternativeNames": of.registration.alternative_names,
        "tags": of.registration.tags,
    }


def credential(of: Any) -> Plain:
    return {"id": str(of.id), "name": of.name, "issuer": of.issuer.url, "subject": of.subject}


def assignment(of: Any) -> Plain:
    return {
        "id": str(of.id),
        "appRoleId": str(of.role_id),
        "principalId": str(of.principal_id),
        "resourceId": str(of.resource_id),
        "createdDateTime": of.created_at,
    }


def grant(of: Any) -> Plain:
    return {
        "id": str(of.id),
        "clientId": str(of.client_id),
        "resourceId": str(of.resource_id),
        "consentType": of.consent_type,
        "principalId": told(of.user_id),
        "scope": of.scope,
    }


def role(of: Any) -> Plain:
    return {
        "id": str(of.id),
        "principalId": str(of.principal_id),
        "scope": of.scope,
        "roleDefinitionId": of.role_definition_id,
    }


def audit(of: Any) -> Plain:
    return {
        "id": str(of.id),
        "activityDateTime": of.at,
        "activityDisplayName": of.activity,
        "correlationId": str(of.correlation_id),
        "category": "ApplicationManagement",
        "loggedByService": "Core Directory",
        "operationType": of.operation,
        "result": "success",
        "initiatedBy/app/appId": of.actor.app_id or None,
        "targetResources/id": tuple(str(each.id) for each in of.targets),
    }


FORMS: Mapping[str, Mapping[str, str]] = {
    "applications": {
        "id": "id",
        "appId": "id",
        "displayName": "text",
        "createdDateTime": "time",
        "uniqueName": "text?",
        "signInAudience": "text",
        "isDisabled": "flag",
        "isFallbackPublicClient": "flag",
        "identifierUris": "many",
        "tags": "many",
    },
    "principals": {
        "id": "id",
        "appId": "id",
        "displayName": "text",
        "appDisplayName": "text",
        "accountEnabled": "flag",
        "appRoleAssignmentRequired": "flag",
        "appOwnerOrganizationId": "id",
        "servicePrincipalType": "constant",
        "createdDateTime": "time",
        "servicePrincipalNames": "many",
        "alternativeNames": "many",
        "tags": "many",
    },
    "credentials": {"id": "id", "name": "text", "issuer": "text", "subject": "text?"},
    "assignments": {"id": "id", "appRoleId": "id", "principalId": "id", "resourceId": "id", "createdDateTime": "time"},
    "delegated_grants": {
        "id": "id",
        "clientId": "id",
        "resourceId": "id",
        "consentType": "text",
        "principalId": "id?",
        "scope": "text",
    },
    "role_assignments": {"id": "id", "principalId": "id", "scope": "text", "roleDefinitionId": "text"},
    "audits": {
        "id": "id",
        "activityDateTime": "time",
        "activityDisplayName": "text",
        "correlationId": "id",
        "category": "constant",
        "loggedByService": "constant",
        "operationType": "text",
        "result": "constant",
        "initiatedBy/app/appId": "id?",
        "targetResources/id": "many",
    },
}
"""The properties of each shelf, and the form of each."""

READ: Mapping[str, Callable[[Any], Plain]] = {
    "applications": application,
    "credentials": credential,
    "assignments": assignment,
    "delegated_grants": grant,
    "role_assignments": role,
    "audits": audit,
}


def conditions(shelf: str, known: Mapping[str, list[Any]]) -> st.SearchStrategy[Condition]:
    """Conditions on the things of a shelf; the values are often those of things that are there (``known``)."""
    leaves = st.one_of([_leaf(name, form, known.get(name, [])) for name, form in FORMS[shelf].items()])
    return st.recursive(leaves, _joined, max_leaves=5)


def orders(shelf: str) -> st.SearchStrategy[Order | None]:
    names = [name for name, form in FORMS[shelf].items() if form not in {"many", "constant", "flag"}]
    return st.none() | st.builds(Order, st.sampled_from(names), st.booleans())


def _joined(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.builds(And, several) | st.builds(Or, several) | st.builds(Not, inner)


def _leaf(name: str, form: str, known: list[Any]) -> st.SearchStrategy[Condition]:
    kind = form.removesuffix("?")
    there = st.sampled_from(known) if known else st.nothing()
    if kind == "many":
        elements = _text(ITSELF, there | TEXTS)
        inner = st.recursive(elements, _joined, max_leaves=3)
        return st.just(AnyOf(name)) | st.builds(lambda each: AnyOf(name, each), inner)
    if kind in {"text", "constant"}:
        return _text(name, there | TEXTS | st.just("application"))
    if kind == "id":
        return _equality(name, there | IDS.map(str) | IDS.map(lambda id_: str(id_).upper()) | TEXTS)
    if kind == "flag":
        return _equality(name, st.booleans())
    return _equality(name, there | TIMES) | _ordered(name, there | TIMES)


def _text(name: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Condition]:
    pieces = st.builds(lambda text, end: text[:end], values, st.integers(0, 5))
    return _equality(name, values) | _ordered(name, values) | st.builds(StartsWith, st.just(name), values | pieces)


def _equality(name: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Condition]:
    some = values | st.none()
    compared = st.builds(Compare, st.just(name), st.sampled_from(["eq", "ne"]), some)
    return compared | st.builds(OneOf, st.just(name), st.lists(some, max_size=3).map(tuple))


def _ordered(name: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Condition]:
    return st.builds(Compare, st.just(name), st.sampled_from(["gt", "ge", "lt", "le"]), values)
