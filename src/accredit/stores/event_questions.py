"""What the sign-in log may be asked, and how much of that the columns of its table answer.

Rule 1: SQL only narrows. What it leaves out cannot meet the condition; ``accredit.query.matches`` decides on the rest.
Rule 2: a time is asked for as it is shown: in whole seconds.
Rule 3: what is the same for every event is decided once, and the log is not looked at when it excludes them all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from accredit import query as asked
from accredit.interop.graph import signin, summary
from accredit.interop.graph.opaque import from_base64, in_base64
from accredit.query import fold
from accredit.stores.encoding import guid, micros
from accredit.stores.properties import Collection, Constant, Property, Questions

if TYPE_CHECKING:
    from uuid import UUID

    from accredit.query import Condition, Operator, Scalar
    from accredit.signins import Event
    from accredit.signins.summary import Summary

_CREATED: Final = "createdDateTime"
_AGGREGATED: Final = "aggregationDateTime"
_CODE: Final = "status/errorCode"
_ADDRESS: Final = "ipAddress"
_PROOF: Final = "accredit/proof"
_DIGEST: Final = "accredit/assertion/sha256"
_TOKEN: Final = "uniqueTokenIdentifier"  # noqa: S105  the name of a property
_GRANTED: Final = 0  # the code of a grant
_SECOND: Final = 1_000_000  # microseconds
_BODY: Final = "$body"  # stands in a term for what an event is kept as
LATEST: Final = 2**62  # microseconds: later than every time


def _id(member: str) -> Property[Event]:
    """One of the event's ids. It is shown as an empty text where there is none, and asked for by that."""
    read = attrgetter(member)
    return Property(lambda event: str(read(event) or ""), "id", member)


def _resource(event: Event) -> str | None:
    return None if event.resource_app_id is None else str(event.resource_app_id)


def _text(member: str) -> Property[Event]:
    return Property(attrgetter(member), "text", "")


def _presented(member: str) -> Property[Event]:
    """What only an assertion has. Without one there is no value."""
    read = attrgetter(member)
    return Property(lambda event: read(event) if event.digest else None, "text", "", optional=True)


def _of_first(of: Property[Event]) -> Property[Summary]:
    """What sign-ins that are shown as one have in common, or the first of them has."""
    return Property(lambda some: of.read(some.first), of.type, of.column, of.optional)


_APP: Final = _id("app_id")
_NAME: Final = _text("app_name")
_PRINCIPAL: Final[Property[Event]] = Property(lambda event: str(event.principal_id), "text", "")
_RESOURCE: Final = Property(_resource, "id", "resource_app_id", optional=True)
_RESOURCE_NAME: Final = _text("resource_name")
_ADDRESS_OF: Final = _text("address")
_CODE_OF: Final[Property[Event]] = Property(attrgetter("code"), "number", "code")
_ACCESS: Final = Constant(signin.CONDITIONAL_ACCESS)

SIGNINS: Final = Questions(
    "SignIn",
    {
        "id": _id("id"),
        _CREATED: Property(lambda event: event.at.replace(microsecond=0), "time", "at"),
        "appId": _APP,
        "appDisplayName": _NAME,
        "servicePrincipalId": _PRINCIPAL,
        "servicePrincipalName": _NAME,
        "servicePrincipalCredentialKeyId": _id("key_id"),
        "servicePrincipalCredentialThumbprint": _text("thumbprint"),
        "federatedCredentialId": _id("credential_id"),
        "resourceId": _RESOURCE,
        "resourceDisplayName": _RESOURCE_NAME,
        "correlationId": _id("correlation_id"),
        "originalRequestId": _id("id"),
        _TOKEN: Property(lambda event: in_base64(str(event.id)), "text", ""),
        _ADDRESS: _ADDRESS_OF,
        "userAgent": _text("user_agent"),
        "clientCredentialType": _text("evidence"),
        _CODE: _CODE_OF,
        "conditionalAccessStatus": _ACCESS,
        _PROOF: _text("proof"),
        "accredit/federatedCredentialName": _text("credential_name"),
        "accredit/assertion/issuer": _presented("issuer"),
        "accredit/assertion/subject": _presented("subject"),
        _DIGEST: _presented("digest"),
        "signInEventTypes": Collection(lambda _: signin.EVENT_TYPES),
    },
)
SUMMARIES: Final = Questions(
    summary.KIND,
    {
        "id": _of_first(_id("id")),
        _AGGREGATED: Property(lambda some: some.window, "time", "at"),
        "signInCount": Property(attrgetter("count"), "number", "count"),
        "tenantId": _of_first(_id("tenant_id")),
        "appId": _of_first(_APP),
        "appDisplayName": _of_first(_NAME),
        "servicePrincipalId": _of_first(_PRINCIPAL),
        "servicePrincipalName": _of_first(_NAME),
        "resourceId": _of_first(_RESOURCE),
        "resourceDisplayName": _of_first(_RESOURCE_NAME),
        _ADDRESS: _of_first(_ADDRESS_OF),
        _CODE: _of_first(_CODE_OF),
        "conditionalAccessStatus": _ACCESS,
        "userPrincipalName": Constant(""),
        "managedServiceIdentity/msiType": Constant(summary.NO_MANAGED_IDENTITY),
        "agent/agentType": Constant(summary.NO_AGENT),
    },
)
"""What the sign-ins of a window that are alike may be asked, all that are shown as one together."""

_COLUMNS: Final = {  # ids that have a column of their own; those that are indexed are looked for first
    "federatedCredentialId": "credential_id",
    "resourceId": "resource_app_id",
    "servicePrincipalCredentialKeyId": "key_id",
}
_INDEXED: Final = {
    "id": "id",
    "originalRequestId": "id",
    _TOKEN: "id",
    "correlationId": "correlationId",
    "appId": "appId",
}
_SQL: Final[dict[Operator, str]] = {"eq": "=", "ne": "<>", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}


@dataclass(slots=True)
class Narrowed:
    """What the columns answer of a condition: ``terms`` of SQL with their ``values``, and the rest by name."""

    terms: list[str] = field(default_factory=list)
    values: dict[str, object] = field(default_factory=dict)
    ids: dict[str, UUID] = field(default_factory=dict)  # by property, of those that have an index
    since: int = -LATEST  # microseconds; events at this time and later
    until: int = LATEST  # microseconds; events at this time and earlier
    nothing: bool = False  # no event can meet it
    codes: list[str] = field(default_factory=list)  # those of the terms that are about the code, if no grant meets it

    @property
    def hit(self) -> str:
        """The terms as one condition on rows of the log."""
        return self.hit_on("body")

    def hit_on(self, body: str) -> str:
        """The same where ``body`` is what an event is kept as."""
        return " AND ".join(self.terms).replace(_BODY, body) or "TRUE"

    def bind(self, term: str, value: object) -> None:
        """Add a term about one value, which stands in it as ``{0}``."""
        name = f"v{len(self.values)}"
        self.terms.append(term.format(":" + name))
        self.values[name] = value


def narrowed(condition: Condition | None, questions: Questions = SIGNINS) -> Narrowed:
    """Return what the columns answer of ``condition``, which ``questions`` has not refused."""
    found = Narrowed()
    _narrow(found, condition, questions)
    return found


def _narrow(found: Narrowed, condition: Condition | None, questions: Questions) -> None:
    for each in asked.conjuncts(condition):
        if _holds_for_none(each, questions):
            found.nothing = True
        elif isinstance(each, asked.Compare):
            _compared(found, each)
        elif isinstance(each, asked.StartsWith) and each.name == _ADDRESS:
            found.bind("substr(lower(address), 1, length({0})) = {0}", fold(each.prefix))
        elif isinstance(each, asked.Or):
            _alternatives(found, each, questions)


def _alternatives(found: Narrowed, condition: asked.Or, questions: Questions) -> None:
    """Narrow by terms of which one must hold, where each says something of the columns."""
    ways = [Narrowed(values=found.values) for _ in condition.terms]
    for way, each in zip(ways, condition.terms, strict=True):
        _narrow(way, each, questions)
    possible = [" AND ".join(way.terms) for way in ways if not way.nothing]
    if not possible:
        found.nothing = True
    elif all(possible):
        found.terms.append(f"(({') OR ('.join(possible)}))")


def _holds_for_none(condition: Condition, questions: Questions) -> bool:
    """Whether what all events have in common excludes them."""

    def read(name: str) -> Scalar | tuple[str, ...]:
        match questions.properties[name]:
            case Constant(value):
                return value
            case Collection(of):
                return tuple(of(None))
        raise LookupError(name)  # this depends on the event

    try:
        return not asked.matches(condition, read)
    except LookupError:
        return False


def _compared(found: Narrowed, comparison: asked.Compare) -> None:
    name, operator, value = comparison.name, comparison.operator, comparison.value
    if name in (_CREATED, _AGGREGATED) and isinstance(value, datetime):
        _bounded(found, operator, value)
    elif name == _CODE and isinstance(value, int):
        found.bind(f"code {_SQL[operator]} {{0}}", value)
        if not asked.matches(comparison, lambda _: _GRANTED):
            found.codes.append(found.terms[-1])
    elif operator == "eq" and isinstance(value, str):
        told = from_base64(value) if name == _TOKEN else value  # what a token is called spells its id
        _equal(found, name, fold(told))


def _equal(found: Narrowed, name: str, value: str) -> None:
    """Narrow by a text that is asked for; ``value`` is folded."""
    if name == _ADDRESS:
        found.bind("lower(address) = {0}", value)
    elif name == _PROOF:
        found.bind("proof = {0}", value)
    elif name == _DIGEST:
        found.bind(f"instr({_BODY}, {{0}}) > 0", value.encode(errors="replace"))  # it is kept as it is shown
    elif (wanted := guid(value)) is not None:
        if name in _INDEXED:
            found.ids.setdefault(_INDEXED[name], wanted)
        elif name in _COLUMNS:
            found.bind(f"{_COLUMNS[name]} = {{0}}", wanted.bytes)


def _bounded(found: Narrowed, operator: Operator, value: datetime) -> None:
    """Narrow the times. An event is shown at the second in which it happened, so it may be a second later."""
    at = micros(value)
    if operator in ("eq", "gt", "ge"):
        found.since = max(found.since, at)
    if operator in ("eq", "lt", "le"):
        found.until = min(found.until, at + _SECOND - 1)
