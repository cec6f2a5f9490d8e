"""How a change of the directory looks to people: a row of a list, and the differences, old above new."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from accredit.cli.ink import cells, safe
from accredit.cli.output import Column, at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from accredit.cli.ink import Ink
    from accredit.cli.output import Style
    from accredit.signins import Audit
    from accredit.signins.difference import Difference, Piece

LISTED: Final = 3  # changed things named in a row of the list
_HEAD: Final = 2  # the property, and the element of it, that differences stand under
OLD: Final = "−"  # noqa: RUF001  a minus sign as broad as the plus
NEW: Final = "+"
_TOLD: Final = "accredit.findings"  # what lint said of a change: no part of it, and shown with the whole of it
_SIGNS: Final = {"added": NEW, "removed": OLD}
_BESIDE: Final = 6  # columns before a value: where it stands, its sign, a space


def who(shape: dict[str, Any]) -> str:
    """Name who made a change."""
    by = shape["initiatedBy"]
    return str((by["app"] or by["user"])["displayName"])


def _actor(shape: dict[str, Any]) -> str:
    """Name who made a change, and what that is."""
    app = shape["initiatedBy"]["app"]
    if app is None:
        return f"{who(shape)} (at the command line of the authority's host)"
    return f"{who(shape)} (application {app['appId']})" if app["appId"] else f"{who(shape)} (the authority itself)"


def _detail(shape: dict[str, Any], key: str) -> str | None:
    return next((each["value"] for each in shape["additionalDetails"] if each["key"] == key), None)


def _of_what(shape: dict[str, Any]) -> list[str]:
    return [f"{each['type']} {each['displayName']} {each['id']}" for each in shape["targetResources"]]


def _activity(shape: dict[str, Any]) -> str:
    """Name what was done, in as few words as tell it from all else."""
    return str(shape["activityDisplayName"]).rpartition(" – ")[2]  # noqa: RUF001  the dash that Entra ID writes


def _named(shape: dict[str, Any]) -> str:
    return ", ".join(each["displayName"] for each in shape["targetResources"])


def _summary(shape: dict[str, Any]) -> list[str]:
    """Say in a few words what differs. Of what is new or gone as a whole, its activity says it."""
    if len({each["change"] for each in shape["differences"]} - {"changed"}) == 1 and _whole(shape):
        return []
    found = []
    for path, rows in groupby(shape["differences"], key=lambda each: each["path"][:_HEAD]):
        if path[0] == _TOLD:
            continue
        told = list(rows)
        kinds, members = {each["change"] for each in told}, [each["path"][-1] for each in told]
        if len(path) < _HEAD:
            found.append(path[0])
        elif len(kinds) == 1 and (sign := _SIGNS.get(kinds.pop())) and len(told) > 1:
            found.append(f"{sign} {path[1]}")
        else:
            found.append(f"{path[1]}: {', '.join(members)}")
    more = len(found) - LISTED
    return found[:LISTED] + ([f"and {more} more"] if more > 0 else [])


def _whole(shape: dict[str, Any]) -> bool:
    changed = {each["path"][0] for each in shape["differences"]}
    return shape["operationType"] in {"Add", "Delete"} and len(changed) > LISTED


COLUMNS: Final = (
    Column("When", "activityDateTime"),
    Column("Who", "initiatedBy", who),
    Column("Activity", "activityDisplayName", _activity),
    Column("Of", "targetResources", _named, below=True),
    Column("Changed", "differences", _summary, below=True),
    Column("Trust", "trust"),
    Column("Audit ID", "id", below=True),
    *(Column(path, path, wide=True) for path in ("operationType", "correlationId", "additionalDetails")),
)
DETAILS: Final = (
    Column("when", "activityDateTime"),
    Column("who", "initiatedBy", _actor),
    Column(
        "address",
        "initiatedBy.user.ipAddress",
        lambda shape: at(shape, "initiatedBy.user.ipAddress") or _detail(shape, "ipaddr"),
    ),
    Column("agent", "additionalDetails", lambda shape: _detail(shape, "User-Agent")),
    Column("what", "targetResources", _of_what),
    Column("audit id", "id"),
    Column("correlation id", "correlationId"),
)


def headline(shape: dict[str, Any], ink: Ink) -> str:
    """Return what was done, and what it did to trust."""
    mark = {"widened": ink.bad("trust widened"), "narrowed": ink.good("trust narrowed")}.get(shape["trust"], "")
    return f"{ink.bold(safe(shape['activityDisplayName']))}{'   ' if mark else ''}{mark}"


def changed(of: Audit, style: Style) -> Iterator[str]:
    """Yield the differences: each value under the property and the element that it belongs to."""
    from accredit.signins.difference import differences

    for head, rows in groupby(differences(of), key=lambda each: each.path[:_HEAD]):
        yield "  " + style.ink.bold(safe(" / ".join(head)))
        for each in rows:
            yield from _difference(each, style)


def _difference(of: Difference, style: Style) -> Iterator[str]:
    label = safe(" / ".join(of.path[_HEAD:]))
    if of.kind == "changed" and label:
        yield "    " + style.ink.faint(label)
        label = ""
    for sign, pieces in ((OLD, of.before), (NEW, of.after)):
        if pieces is not None:
            yield from _side(sign, f"{label}  " if label else "", pieces, style)


def _side(sign: str, label: str, pieces: Sequence[Piece], style: Style) -> Iterator[str]:
    """Yield one value, folded, and under each line marks for what the other side has not, where that is not all."""
    ink = style.ink.bad if sign == OLD else style.ink.good
    characters = [(safe(each), piece.same) for piece in pieces for each in piece.text]
    marked = any(same for _, same in characters)
    begin = f"{sign} {label}"
    for line in _lines(characters, style.width - _BESIDE, cells(label)):
        yield "    " + ink((begin + "".join(each for each, _ in line)).rstrip())
        marks = "".join((" " if same else "^") * cells(each) for each, same in line).rstrip()
        if marked and marks:
            yield " " * (_BESIDE - len("  ")) + " " * cells(begin) + marks
        begin = "  "


def _lines(characters: Sequence[tuple[str, bool]], room: int, taken: int) -> list[list[tuple[str, bool]]]:
    """Break characters, each as it is printed, into lines of at most so many columns; of the first some are taken."""
    lines: list[list[tuple[str, bool]]] = [[]]
    left = room - taken
    for each in characters:
        broad = cells(each[0])
        if broad > left:
            lines.append([])
            left = room
        lines[-1].append(each)
        left -= broad
    return lines
