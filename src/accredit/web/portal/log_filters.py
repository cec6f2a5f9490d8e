"""Which sign-ins are meant: what stands in an address, read into one condition, and written as chips.

The condition is what the directory API understands as ``$filter``; the command line's options ask for the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, NamedTuple

from accredit.directory import read_guid
from accredit.query import And, Compare, Or, Query, StartsWith
from accredit.signins import words
from accredit.signins.summary import WINDOWS
from accredit.web.portal import log_times
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from accredit.ports import Transaction
    from accredit.query import Condition
    from accredit.signins.summary import Window
    from accredit.web.portal.log_times import Time
    from accredit.web.portal.visit import Visit

LABELS: Final[Mapping[str, str]] = {
    "status": _("Status"),
    "application": _("Application"),
    "resource": _("Resource"),
    "issuer": _("Issuer"),
    "subject": _("Subject"),
    "credential": _("Credential"),
    "code": _("Code"),
    "address": _("IP address"),
    "proof": _("Proof"),
    "correlation": _("Correlation ID"),
    "request": _("Request ID"),
}
"""What can be asked for, by its name in the address."""
APART: Final = ("issuer", "subject", "credential", "proof", "correlation", "request")
"""What sign-ins that are shown as one need not have in common."""
STATUSES: Final[Mapping[str, str]] = {"granted": _("Granted"), "refused": _("Refused")}
PROOFS: Final = ("proven", "unproven", "unknown")
_WHOLE_LOG: Final = ("correlation", "request")  # few have that: they are looked for wherever they are
_LONGER: Final = ("application", "credential")  # of one alone, who comes from its page sees more than of all
_LONGEST: Final = 600  # characters of a value
_DAY: Final = timedelta(days=1)
_CREATED: Final = "createdDateTime"
_WINDOW: Final = "aggregationDateTime"


class Chip(NamedTuple):
    """A filter that is on, and the address without it."""

    label: str
    value: str
    without: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What an address asks for. ``problems``: a sentence for each field that cannot be read; nothing is found then."""

    given: Mapping[str, str]  # those of LABELS that are not empty
    time: Time
    grouped: bool
    tail: bool
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def apart(self) -> str:
        """What keeps sign-ins from being grouped, in words; empty: nothing does."""
        return next((LABELS[each] for each in APART if each in self.given), "")

    @property
    def together(self) -> bool:
        """Whether sign-ins that are alike are shown as one."""
        return self.grouped and not self.apart

    def window(self, now: datetime) -> Window:
        """Return for how long sign-ins are summed up: the longer the time, the longer."""
        if self.time.since is None:
            return "d1"
        length = (self.time.until or now) - self.time.since
        return "h1" if length <= _DAY else "h6" if length <= 7 * _DAY else "d1"

    def address(self, visit: Visit, *parts: object, without: str = "", **more: str) -> str:
        """Return the address of the log with these filters, but for one, and with ``more`` of them."""
        time = {} if without == "time" else self.time.asked if "time" not in more and "from" not in more else {}
        asked = {**self.given, **time, **self._switches, **more}
        asked.pop(without, None)
        return visit.url(*(parts or ("sign-ins",)), **asked)

    def chips(self, visit: Visit) -> list[Chip]:
        """Return what is asked for, each with how it is taken away."""
        found = [
            Chip(LABELS[name], _shown(name, value), self.address(visit, without=name))
            for name, value in self.given.items()
        ]
        whole = self.time.span == "all"
        return found if whole else [*found, Chip(_("Time"), self.time.words, self.address(visit, time="all"))]

    @property
    def _switches(self) -> dict[str, str]:
        return {**({} if self.grouped else {"group": "off"}), **({"tail": "on"} if self.tail else {})}


def read(visit: Visit) -> Filters:
    """Read what the address of a request asks for."""
    problems: dict[str, str] = {}
    given = {name: value for name in LABELS if (value := visit.query(name))}
    for name, value in given.items():
        if problem := _problem(name, value):
            problems[name] = problem
    time = log_times.read(visit.request.query_params, visit.now, usual=_usual(given))
    return Filters(
        given=given,
        time=time,
        grouped=visit.query("group") != "off",
        tail=visit.query("tail") == "on",
        problems={**problems, **time.problems},
    )


def _usual(given: Mapping[str, str]) -> str:
    """Return of which time sign-ins are shown where the address does not say."""
    if any(each in given for each in _WHOLE_LOG):
        return "all"
    return "30d" if any(each in given for each in _LONGER) else "24h"


async def condition(visit: Visit, asked: Filters) -> Condition | None:
    """Return what a sign-in has to meet; of those that are shown as one, what all of them have to."""
    terms = [*_period(asked, visit.now), *_plain(asked.given)]
    async with visit.reading() as store:
        if "application" in asked.given:
            terms.append(await _application(visit, store, asked.given["application"]))
        if "resource" in asked.given:
            terms.append(await _resource(visit, store, asked.given["resource"]))
    return And(tuple(terms)) if len(terms) > 1 else terms[0] if terms else None


def _problem(name: str, value: str) -> str:
    """Say why a value cannot be meant; empty where it can."""
    if len(value) > _LONGEST:
        return _("Nothing in the log is longer than {} characters.").format(_LONGEST)
    if name == "code" and words.number(value) is None:
        return _("No refusal has this code. Write it like AADSTS700213 or 700213.")
    if name in _WHOLE_LOG and read_guid(value) is None:
        return _("This is no id: 32 hexadecimal digits with dashes between them.")
    if name == "address" and not value.endswith("*") and _address(value) is None:
        return _("This is no IP address. Its beginning with * behind it is one of many.")
    choices = {"status": tuple(STATUSES), "proof": PROOFS}.get(name)
    if choices and value not in choices:
        return _("Choose one of: {}.").format(", ".join(choices))
    return ""


def _period(asked: Filters, now: datetime) -> Iterator[Condition]:
    since, until = asked.time.since, asked.time.until
    if not asked.together:
        name = _CREATED
    else:
        name, step = _WINDOW, WINDOWS[asked.window(now)]
        since = None if since is None else _whole(since, step)
    if since is not None:
        yield Compare(name, "ge", since)
    if until is not None:
        yield Compare(name, "lt", until)


def _whole(instant: datetime, step: timedelta) -> datetime:
    """Return the beginning of the window that an instant is in: of windows that are begun all of it is counted."""
    midnight = instant.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (instant - midnight) // step * step


def _plain(given: Mapping[str, str]) -> Iterator[Condition]:
    """Yield what needs nothing from the directory."""
    for name, value in given.items():
        if name in _READ:
            yield _READ[name](value)


def _text(property_: str, value: str) -> Condition:
    return StartsWith(property_, value[:-1]) if value.endswith("*") else Compare(property_, "eq", value)


def _address(text: str) -> str | None:
    try:
        return str(ip_address(text))
    except ValueError:
        return None


def _credential(value: str) -> Condition:
    """Ask by the name that a credential had then; an id is that of a credential, a secret or a certificate."""
    key = read_guid(value)
    if key is None:
        return _text("accredit/federatedCredentialName", value)
    names = ("federatedCredentialId", "servicePrincipalCredentialKeyId")
    return Or(tuple(Compare(each, "eq", str(key)) for each in names))


_READ: Final[Mapping[str, Callable[[str], Condition]]] = {
    "status": lambda value: Compare("status/errorCode", "eq" if value == "granted" else "ne", 0),
    "code": lambda value: Compare("status/errorCode", "eq", words.number(value)),
    "issuer": partial(_text, "accredit/assertion/issuer"),
    "subject": partial(_text, "accredit/assertion/subject"),
    "correlation": lambda value: Compare("correlationId", "eq", value.lower()),
    "request": lambda value: Compare("id", "eq", value.lower()),
    "address": lambda value: _text("ipAddress", _address(value) or value),
    "proof": lambda value: Compare("accredit/proof", "eq", value),
    "credential": _credential,
}
"""How each filter is asked for that needs nothing from the directory."""


async def _application(visit: Visit, store: Transaction, wanted: str) -> Condition:
    """Ask for an application by its client id, its object id or its name; what an id names may be gone."""
    key = read_guid(wanted)
    if key is not None:
        found = await store.applications.find(tenant_id=visit.tenant.id, id=key)
        return Compare("appId", "eq", str(found[0].app_id if found else key))
    named = Query(condition=Compare("displayName", "eq", wanted), limit=2)
    things = (await store.applications.search(named, tenant_id=visit.tenant.id)).things
    if len(things) == 1:
        return Compare("appId", "eq", str(things[0].app_id))
    return Compare("appDisplayName", "eq", wanted)


async def _resource(visit: Visit, store: Transaction, wanted: str) -> Condition:
    """Ask for an API by its client id, its service principal's id, its name, or an identifier of it."""
    key, tenant = read_guid(wanted), visit.tenant.id
    if key is not None:
        found = await store.principals.find(tenant_id=tenant, id=key)
        return Compare("resourceId", "eq", str(found[0].app_id if found else key))
    owner = await store.named(tenant, wanted)
    if owner is not None:
        return Compare("resourceId", "eq", str(owner))
    return Compare("resourceDisplayName", "eq", wanted)


def _shown(name: str, value: str) -> str:
    return STATUSES.get(value, value) if name == "status" else value
