"""Which sign-ins are meant: the options of ``logs list``, ``tail``, ``stats`` and ``export``, read into one condition.

The condition is what the directory API understands as ``$filter``; the store of this machine is asked the same.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final, TypedDict

import click

from accredit.cli import inputs, names
from accredit.cli.failures import Said
from accredit.cli.log_words import number
from accredit.errors import INPUT_INVALID, OBJECT_NOT_FOUND, Refused
from accredit.query import And, Compare, OneOf, Or, StartsWith, conjuncts, fold

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Sequence
    from datetime import datetime, timedelta
    from uuid import UUID

    from accredit.cli.desk import Desk
    from accredit.directory import Application, ServicePrincipal, Tenant
    from accredit.ports import Transaction
    from accredit.query import Condition

CREATED: Final = "createdDateTime"
WINDOW: Final = "aggregationDateTime"
APP: Final = "appId"
CODE: Final = "status/errorCode"
_CREDENTIAL: Final = "federatedCredentialId"
_KEY: Final = "servicePrincipalCredentialKeyId"
_EXACT: Final = {  # options whose text stands in the event as it is, a trailing * apart
    "issuer": "accredit/assertion/issuer",
    "subject": "accredit/assertion/subject",
}
_PROOFS: Final = ("proven", "unproven", "unknown")


class Asked(TypedDict):
    """What the options hold, as they were given."""

    application: str | None
    failed: bool
    granted: bool
    code: tuple[str, ...]
    credential: str | None
    resource: str | None
    issuer: str | None
    subject: str | None
    address: str | None
    correlation: str | None
    request: str | None
    proof: str | None
    since: str | None
    until: str | None
    odata: str | None


_OPTIONS: Final[tuple[tuple[tuple[str, ...], dict[str, Any]], ...]] = (
    (("-a", "--app", "application"), {"metavar": "APP", "help": "Those of one application."}),
    (("--failed",), {"is_flag": True, "help": "Refused ones only."}),
    (("--granted",), {"is_flag": True, "help": "Granted ones only."}),
    (("--code",), {"multiple": True, "metavar": "CODE", "help": "Refused with this code (AADSTS700213); repeatable."}),
    (("--credential",), {"metavar": "NAME", "help": "By this credential (name or id), or secret or certificate (id)."}),
    (("--resource",), {"metavar": "API", "help": "For this API, where it was found; many refusals come before."}),
    (("--issuer",), {"metavar": "URL", "help": "With an assertion of this issuer; a trailing * stands for anything."}),
    (("--subject",), {"metavar": "SUB", "help": "With this subject; a trailing * stands for anything."}),
    (("--address",), {"metavar": "IP", "help": "From this address; a trailing * stands for anything."}),
    (("--correlation",), {"metavar": "ID", "help": "Those of one correlation id, oldest first."}),
    (("--request",), {"metavar": "ID", "help": "The one with this request (trace) id."}),
    (("--proof",), {"type": click.Choice(_PROOFS), "help": "Whether somebody proved who sent it."}),
    (("--since",), {"metavar": "TIME", "help": "Not before: 30min, 2h, 7d ago, or an ISO time (UTC)."}),
    (("--until",), {"metavar": "TIME", "help": "Not after: the same."}),
    (("--filter", "odata"), {"metavar": "ODATA", "help": "And what this $filter of Microsoft Graph says."}),
)


def filters(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say which sign-ins are meant."""
    for declared, more in reversed(_OPTIONS):
        function = click.option(*declared, **more)(function)
    return function


def as_given(asked: Asked) -> Iterator[str]:
    """Yield the options again that were given, for a command to copy."""
    given: dict[str, Any] = {**asked}
    for declared, _ in _OPTIONS:
        name, value = next(each for each in declared if each.startswith("--")), given[declared[-1].lstrip("-")]
        if value is True:
            yield name
        elif value:
            yield from (part for each in ([value] if isinstance(value, str) else value) for part in (name, each))


async def condition(desk: Desk, asked: Asked, window: timedelta | None = None) -> tuple[Tenant, Condition | None]:
    """Return the tenant, and what an event has to meet; ``None``: every event does.

    ``window``: what has to meet it is all that happened in windows of that length, of which a part counts as a whole.
    Refuses what contradicts itself and what cannot be: ``INPUT_INVALID``, ``click.UsageError``; an application, API or
    credential that is not there and was not named by id: ``OBJECT_NOT_FOUND``.
    """
    _refuse_contradictions(asked)
    terms = [*_period(asked, desk.now, window), *_result(asked), *_plain(asked)]
    async with desk.reading() as store:
        tenant = await names.tenant(store, desk.session.tenant)
        terms += await _named(desk, store, tenant, asked)
    if asked["odata"] is not None:
        terms.append(_raw(asked["odata"]))
    return tenant, joined(terms)


def joined(terms: Sequence[Condition]) -> Condition | None:
    """Return what meets all terms."""
    return And(tuple(terms)) if len(terms) > 1 else next(iter(terms), None)


def client_of(condition: Condition | None) -> str | None:
    """Return the client id of the one application that a condition is about; ``None``: of any."""
    for each in conjuncts(condition):
        if isinstance(each, Compare) and each.operator == "eq" and fold(each.name) == fold(APP):
            return str(each.value)
    return None


def period(since: str | None, until: str | None, now: datetime) -> tuple[datetime | None, datetime | None]:
    """Read ``--since`` and ``--until``, ends included. ``INPUT_INVALID``, also where one is before the other."""
    first, last = inputs.moment(since, now, "--since"), inputs.moment(until, now, "--until")
    if first is not None and last is not None and last < first:
        raise Refused(INPUT_INVALID, what=f"--until {until}", reason=f"it is before --since {since}")
    return first, last


def whole(moment: datetime, step: timedelta) -> datetime:
    """Return the beginning of the hour, or of another part of a day (UTC), that an instant is in."""
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (moment - midnight) // step * step


def _refuse_contradictions(asked: Asked) -> None:
    if asked["failed"] and asked["granted"]:
        raise click.UsageError("--failed and --granted exclude each other: without both, all are shown")
    if asked["granted"] and asked["code"]:
        raise click.UsageError("--granted and --code exclude each other: what was granted has no code")
    for name, given in (("issuer", asked["issuer"]), ("subject", asked["subject"]), ("address", asked["address"])):
        if "*" in (given or "")[:-1]:
            raise click.UsageError(f"--{name} {given}: a * stands for anything at the end only; else use --filter")


def _period(asked: Asked, now: datetime, window: timedelta | None) -> Iterator[Condition]:
    since, until = period(asked["since"], asked["until"], now)
    name = CREATED if window is None else WINDOW
    if since is not None:
        yield Compare(name, "ge", since if window is None else whole(since, window))
    if until is not None:
        yield Compare(name, "le", until)


def _result(asked: Asked) -> Iterator[Condition]:
    codes = sorted({number(each) for each in asked["code"]})
    if len(codes) == 1:
        yield Compare(CODE, "eq", codes[0])
    elif codes:
        yield OneOf(CODE, tuple(codes))
    elif asked["failed"] or asked["granted"]:
        yield Compare(CODE, "ne" if asked["failed"] else "eq", 0)


def _plain(asked: Asked) -> Iterator[Condition]:
    """Yield what needs nothing from the directory."""
    if asked["correlation"] is not None:
        yield Compare("correlationId", "eq", str(inputs.key_id(asked["correlation"], "--correlation")))
    if asked["request"] is not None:
        yield Compare("id", "eq", str(inputs.key_id(asked["request"], "--request")))
    for text, name in ((asked["issuer"], _EXACT["issuer"]), (asked["subject"], _EXACT["subject"])):
        if text is not None:
            yield StartsWith(name, text[:-1]) if text.endswith("*") else Compare(name, "eq", text)
    if asked["address"] is not None:
        yield _address(asked["address"])
    if asked["proof"] is not None:
        yield Compare("accredit/proof", "eq", asked["proof"])


def _address(given: str) -> Condition:
    if given.endswith("*"):
        return StartsWith("ipAddress", given[:-1])
    try:
        return Compare("ipAddress", "eq", str(ip_address(given)))
    except ValueError as error:
        raise Refused(INPUT_INVALID, what=f"--address {given}", reason="not an IP address") from error


def _raw(given: str) -> Condition:
    from accredit.interop.odata.filtering import read_filter

    return read_filter(given, kind="SignIn")


async def _named(desk: Desk, store: Transaction, tenant: Tenant, asked: Asked) -> list[Condition]:
    """Return what is asked by the name of something. What an id names may be gone: the log outlives it."""
    terms: list[Condition] = []
    if (wanted := asked["application"]) is not None:
        app = await client_id(desk, wanted, names.application(store, tenant, wanted))
        terms.append(Compare(APP, "eq", str(app)))
    if (wanted := asked["resource"]) is not None:
        api = await client_id(desk, wanted, names.principal(store, tenant, wanted))
        terms.append(Compare("resourceId", "eq", str(api)))
    if (wanted := asked["credential"]) is not None:
        terms.append(_credential(wanted))
    return terms


async def client_id(desk: Desk, wanted: str, search: Coroutine[Any, Any, Application | ServicePrincipal]) -> UUID:
    """Return the client id of what was named, or the id that was given in place of a name."""
    try:
        return (await search).app_id
    except Said as said:
        key = names.uuid(wanted)
        if key is None or said.refused.row is not OBJECT_NOT_FOUND:
            raise
        desk.session.remark(f"Nothing has the id {wanted} now; what the log knows of a client of this id is shown.")
        return key


def _credential(wanted: str) -> Condition:
    """Ask by the name that a credential had then; an id is that of a credential, a secret or a certificate."""
    if (key := names.uuid(wanted)) is None:
        return Compare("accredit/federatedCredentialName", "eq", wanted)
    return Or((Compare(_CREDENTIAL, "eq", str(key)), Compare(_KEY, "eq", str(key))))
