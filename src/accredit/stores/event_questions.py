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
from accredit.interop.graph import signin
from accredit.query import fold
from accredit.stores.encoding import guid, micros
from accredit.stores.properties import Collection, Constant, Property, Questions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from accredit.query import Condition, Operator, Scalar
    from accredit.signins import Event

_CREATED: Final = "createdDateTime"
_CODE: Final = "status/errorCode"
_ADDRESS: Final = "ipAddress"
_TYPES: Final = "signInEventTypes"
_SECOND: Final = 1_000_000  # microseconds
LATEST: Final = 2**62  # microseconds: later than every time


def _id(member: str) -> Property[Event]:
    """One of the event's ids. It is shown as an empty text where there is none, and asked for by that."""
    read = attrgetter(member)
    return Property(lambda event: str(read(event) or ""), "id", member)


def _resource(event: Event) -> str | None:
    return None if event.resource_app_id is None else str(event.resource_app_id)


def _text(member: str) -> Property[Event]:
    return Property(attrgetter(member), "text", "")


SIGNINS: Final = Questions(
    "SignIn",
    {
        "id": _id("id"),
        _CREATED: Property(lambda event: event.at.replace(microsecond=0), "time", "at"),
        "appId": _id("app_id"),
        "appDisplayName": _text("app_name"),
        "servicePrincipalId": _id("principal_id"),
        "servicePrincipalName": _text("app_name"),
        "federatedCredentialId": _id("credential_id"),
        "resourceId": Property(_resource, "id", "resource_app_id", optional=True),
        "resourceDisplayName": _text("resource_name"),
        "correlationId": _id("correlation_id"),
        _ADDRESS: _text("address"),
        "userAgent": _text("user_agent"),
        "clientCredentialType": _text("evidence"),
        _CODE: Property(attrgetter("code"), "number", "code"),
        "conditionalAccessStatus": Constant(signin.CONDITIONAL_ACCESS),
        _TYPES: Collection(lambda _: signin.EVENT_TYPES),
    },
)

_COLUMNS: Final = {  # ids that have a column of their own; those that are indexed are looked for first
    "federatedCredentialId": "credential_id",
    "resourceId": "resource_app_id",
}
_INDEXED: Final = ("id", "correlationId", "appId")
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

    @property
    def hit(self) -> str:
        """The terms as one condition."""
        return " AND ".join(self.terms) or "TRUE"

    def bind(self, term: str, value: object) -> None:
        """Add a term about one value, which stands in it as ``{}``."""
        name = f"v{len(self.values)}"
        self.terms.append(term.format(":" + name))
        self.values[name] = value


def narrowed(condition: Condition | None) -> Narrowed:
    """Return what the columns answer of ``condition``, which ``SIGNINS`` has not refused."""
    found = Narrowed()
    for each in _conjuncts(condition):
        if _holds_for_none(each):
            found.nothing = True
        elif isinstance(each, asked.Compare):
            _compared(found, each)
    return found


def _conjuncts(condition: Condition | None) -> Iterator[Condition]:
    if isinstance(condition, asked.And):
        for each in condition.terms:
            yield from _conjuncts(each)
    elif condition is not None:
        yield condition


def _holds_for_none(condition: Condition) -> bool:
    """Whether what all events have in common excludes them."""

    def read(name: str) -> Scalar | tuple[str, ...]:
        match SIGNINS.properties[name]:
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
    if name == _CREATED and isinstance(value, datetime):
        _bounded(found, operator, value)
    elif name == _CODE and isinstance(value, int):
        found.bind(f"code {_SQL[operator]} {{}}", value)
    elif name == _ADDRESS and operator == "eq" and isinstance(value, str):
        found.bind("lower(address) = {}", fold(value))
    elif operator == "eq" and isinstance(value, str) and (wanted := guid(fold(value))) is not None:
        if name in _INDEXED:
            found.ids.setdefault(name, wanted)
        elif name in _COLUMNS:
            found.bind(f"{_COLUMNS[name]} = {{}}", wanted.bytes)


def _bounded(found: Narrowed, operator: Operator, value: datetime) -> None:
    """Narrow the times. An event is shown at the second in which it happened, so it may be a second later."""
    at = micros(value)
    if operator in ("eq", "gt", "ge"):
        found.since = max(found.since, at)
    if operator in ("eq", "lt", "le"):
        found.until = min(found.until, at + _SECOND - 1)
