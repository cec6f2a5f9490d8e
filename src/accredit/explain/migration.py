"""How far each credential that names a repository of GitHub by its names is on the way to one that names it by ids.

Rule 1: nothing is kept about the way: credentials, when they were last used, and past sign-ins say where it stands.
Rule 2: ids are learnt from proven sign-ins that this credential granted, or typed in by an administrator.
Rule 3: where a name was seen with two ids it may be somebody else's now: nothing is planned.
Rule 4: a plan adds; nothing is ever taken away before its twin was used and it was not, for the whole period.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

import msgspec
from msgspec.structs import replace

from accredit.errors import Refused
from accredit.explain import twin
from accredit.explain.repository_ids import ids_of
from accredit.explain.twin import Ids, Named
from accredit.trust import MOST
from accredit.trust.credential import read as judged
from accredit.trust.written import WrittenTrust

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from accredit.explain.repository_ids import Sighting

State = Literal["found", "twin_planned", "twin_active", "observed", "retirable", "retired", "immutable", "template"]
"""``immutable``: a customised subject that has ids already; ``template``: one with names only, which stays as it is."""
Cause = Literal["", "ID_CHANGED", "IDS_UNKNOWN", "LIMIT", "PATTERN", "TEMPLATE", "UNFIT"]
"""Why there is no plan, or why it cannot be carried out yet."""

PERIOD: Final = timedelta(days=14)  # without an exchange, until the old one is retired
AFTERWARDS: Final = timedelta(days=7)  # disabled, until it is deleted
SUFFIX: Final = "-immutable"
LONGEST_NAME: Final = 120  # characters


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A credential that an application has, and what is known of it."""

    trust: WrittenTrust
    id: UUID | None = None  # None: it stands in a file
    disabled_at: datetime | None = None  # None: it is enabled, or nobody knows


class Migration(msgspec.Struct, frozen=True, kw_only=True):
    """Where one credential stands."""

    held: Held
    state: State
    cause: Cause = ""
    named: Named | None = None
    ids: Ids = Ids()  # those that are known
    twin: Held | None = None
    plan: WrittenTrust | None = None  # the twin that would be added
    quiet_since: datetime | None = None  # the old one had no exchange, and the twin was there to be used
    next: str = ""  # what to do, in words

    def due(self, after: timedelta = PERIOD) -> datetime | None:
        """Return when the old one may be retired, if nothing uses it until then; ``None``: nobody knows yet."""
        return None if self.quiet_since is None else self.quiet_since + after

    @property
    def deletable(self) -> datetime | None:
        """When a retired one may be deleted."""
        at = self.held.disabled_at
        return at + AFTERWARDS if self.state == "retired" and at is not None else None


def migrations(
    held: Sequence[Held],
    seen: Iterable[Sighting] = (),
    *,
    now: datetime,
    portable: bool,
    typed: Mapping[str, Ids] | None = None,
    after: timedelta = PERIOD,
) -> tuple[Migration, ...]:
    """Return where each credential of one application stands that GitHub's change of subjects concerns, by name.

    ``typed``: ids that an administrator knows, by ``OWNER/REPOSITORY`` or ``OWNER``. ``portable``: the tenant is held
    to the limits of Entra ID.
    """
    sightings, immutable, room = tuple(seen), _by_words(held), not portable or len(held) < MOST
    taken, found = {each.trust.name.casefold() for each in held}, list[Migration]()
    for each in sorted(held, key=lambda one: (one.trust.name.casefold(), one.trust.name)):
        reading = twin.read(each.trust)
        if reading is None or reading.kind == "immutable":
            continue
        if reading.kind == "legacy" and reading.named is not None:
            other = _chosen(immutable.get(_words_of(each), ()))
            given = (reading.pinned, *([twin.ids_in(other.trust)] if other is not None else ()))
            known = ids_of(
                reading.named, each.trust.issuer, each.id, (*given, *_typed(reading.named, typed)), sightings
            )
            way = Migration(held=each, state="found", cause=_cause(reading.named, *known), ids=known[0], twin=other)
            way = replace(way, named=reading.named)
            found.append(_worded(_stands(way, taken, now, after, portable=portable, room=room), now))
        else:
            found.append(_REPORTED[reading.kind](each))
    return tuple(found)


def name_of(name: str, taken: Collection[str]) -> str:
    """Make the name of a twin that is free. ``taken``: names, folded."""
    endings = chain((SUFFIX,), (f"{SUFFIX}-{n}" for n in range(2, len(taken) + 3)))
    names = (name[: LONGEST_NAME - len(each)] + each for each in endings)
    return next(each for each in names if each.casefold() not in taken)


def _typed(named: Named, typed: Mapping[str, Ids] | None) -> tuple[Ids, ...]:
    """Return the ids that were typed in for a repository, and for its owner."""
    found = typed or {}
    return tuple(found[each] for each in dict.fromkeys((str(named), named.owner)) if each in found)


def _cause(named: Named, known: Ids, changed: bool) -> Cause:  # noqa: FBT001  what ``ids_of`` returned
    return "ID_CHANGED" if changed else "IDS_UNKNOWN" if named.needs(known) else ""


def _by_words(held: Sequence[Held]) -> dict[tuple[str, tuple[str, ...], str], list[Held]]:
    """Return the credentials with ids, by what they say without them."""
    found: defaultdict[tuple[str, tuple[str, ...], str], list[Held]] = defaultdict(list)
    for each in held:
        reading = twin.read(each.trust)
        if reading is not None and reading.kind == "immutable":
            found[_words_of(each)].append(each)
    return found


def _words_of(of: Held) -> tuple[str, tuple[str, ...], str]:
    return of.trust.issuer, of.trust.audiences, twin.skeleton(of.trust)


def _chosen(found: Sequence[Held]) -> Held | None:
    """Return of several twins an enabled one, and the one that is used."""
    never = datetime.min.replace(tzinfo=UTC)
    return max(found, key=lambda each: (each.trust.enabled, each.trust.last_used_at or never), default=None)


def _stands(
    way: Migration, taken: Collection[str], now: datetime, after: timedelta, *, portable: bool, room: bool
) -> Migration:
    """Say how far it is; what is missing for a plan is ``cause`` already."""
    other = way.twin
    if not way.held.trust.enabled:
        return replace(way, state="retired", cause="" if way.cause == "IDS_UNKNOWN" else way.cause)
    if other is not None and other.trust.enabled:
        return _observed(way, other.trust, now, after)
    if other is not None:
        return replace(way, state="found" if way.cause else "twin_planned")
    if way.cause:
        return way
    plan = _plan(way, taken)
    if (unfit := _unfit(plan, portable=portable)) is not None:
        return replace(way, cause="UNFIT", next=f"The twin could not be saved: {unfit}")
    return replace(way, state="twin_planned", plan=plan, cause="" if room else "LIMIT")


def _observed(way: Migration, other: WrittenTrust, now: datetime, after: timedelta) -> Migration:
    if other.last_used_at is None:
        return replace(way, state="twin_active")
    since = other.created_at
    if since is not None:
        since = max(since, way.held.trust.last_used_at or since)
    quiet = since is not None and now - since >= after and way.cause != "ID_CHANGED"
    return replace(way, state="retirable" if quiet else "observed", quiet_since=since)


def _plan(way: Migration, taken: Collection[str]) -> WrittenTrust:
    old = way.held.trust
    made = twin.with_ids(old, way.ids)
    name = name_of(old.name, taken)
    return replace(made, name=name, preset=None, created_at=None, last_used_at=None)


def _unfit(plan: WrittenTrust, *, portable: bool) -> str | None:
    """Return why nobody could save it, if so."""
    try:
        judged(
            name=plan.name,
            issuer=plan.issuer,
            subject=plan.subject,
            expression=plan.expression,
            audiences=plan.audiences,
            description=plan.description,
            language_version=plan.language_version,
            portable=portable,
        )
    except Refused as refused:
        return refused.message
    return None


def _worded(way: Migration, now: datetime) -> Migration:
    """Say what to do next."""
    said = way.next or "".join(_words(way, now))
    return replace(way, next=said)


def _words(way: Migration, now: datetime) -> Iterator[str]:
    if way.cause:
        yield _CAUSES[way.cause].format(named=way.named)
    elif way.state == "twin_planned":
        yield "Enable the twin again." if way.plan is None else "Add the twin."
    elif way.state == "twin_active":
        yield "Have GitHub send ids in this repository's subjects; the twin was not used yet."
    elif way.state == "observed":
        due = way.due()
        yield "Wait: both are observed" + (f" until {_day(due)}, if the old one is used no more." if due else ".")
    elif way.state == "retirable":
        yield "Retire the old one."
    else:
        yield from _retired(way, now)


def _retired(way: Migration, now: datetime) -> Iterator[str]:
    at = way.deletable
    if way.twin is None:
        yield "It is disabled. "
    if at is None:
        yield f"Delete it {AFTERWARDS.days} days after it was disabled."
    else:
        yield "Delete it." if now >= at else f"Delete it after {_day(at)}."


def _day(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%MZ")


_CAUSES: Final[Mapping[Cause, str]] = {
    "ID_CHANGED": "Stop: {named} was seen with two different ids. It may have been deleted and created again by "
    "someone else; find out whose it is, and delete this credential if it is not yours.",
    "IDS_UNKNOWN": "The ids of {named} are not known: have a job sign in with it once, or type them in.",
    "LIMIT": f"The application has {MOST} credentials, the most that Entra ID lets it have: delete one first.",
}


def _template_with_ids(of: Held) -> Migration:
    return Migration(held=of, state="immutable", next="Nothing: the customised subject has ids already.")


def _template(of: Held) -> Migration:
    says = (
        "The context is none of GitHub's own: a customised subject with names only. It is not rewritten; reset the "
        "template, or have it include repository_id."
    )
    return Migration(held=of, state="template", cause="TEMPLATE", next=says)


def _pattern(of: Held) -> Migration:
    says = "The expression names no repository, or several. It is not rewritten: write one for each, with ids."
    return Migration(held=of, state="found", cause="PATTERN", next=says)


_REPORTED: Final = {"template": _template, "template_with_ids": _template_with_ids, "pattern": _pattern}


__all__ = [
    "AFTERWARDS",
    "PERIOD",
    "Cause",
    "Held",
    "Ids",
    "Migration",
    "State",
    "migrations",
    "name_of",
]
