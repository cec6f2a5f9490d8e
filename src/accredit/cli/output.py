"""What is printed on standard output: one value in the format that was asked for.

Rule 1: the format never depends on whether output is a pipe.
Rule 2: keys are those of Microsoft Graph; a table shows some of them, every other format shows what the value holds.
Rule 3: values from outside are text: control and bidi characters are escaped in every format, and no cell of csv is a
formula to a spreadsheet.
"""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import click

from accredit.cli.ink import Ink, cells, folded, safe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

FORMATS: Final = ("table", "json", "jsonl", "yaml", "tsv", "csv")
STREAMED: Final = frozenset({"jsonl", "tsv", "csv"})  # a row of these needs to know no other row
GAP: Final = "  "
LEAST: Final = 8  # columns that a cell is never folded below
_FORMULA: Final = re.compile("(^|;)(?=[-=+@\uff1d\uff0b\uff0d\uff20])")  # begins so, in full width, too
_NUMBER: Final = re.compile(r"[\d,]+")
_INSTANT: Final = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(:\d\d)(\.\d+)?Z")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: its heading, and the path of its value, dots between the keys.

    ``shown`` makes what stands in a table of the whole thing, where the value itself is not for people. A column that
    may stand ``below`` gets lines of its own under each row where the table is too broad: ids and addresses stay whole.
    A ``wide`` one stands in csv only: a spreadsheet has room, and filters by what it has.
    """

    heading: str
    path: str
    shown: Callable[[dict[str, Any]], Any] | None = None
    below: bool = False
    wide: bool = False

    def of(self, value: Any) -> Any:  # noqa: ANN401  any JSON value
        """Return the cell."""
        return self.shown(value) if self.shown is not None else at(value, self.path)


LAST_USED: Final = Column("Last used", "lastSignInDateTime", lambda shape: shape["lastSignInDateTime"] or "never")


@dataclass(frozen=True, slots=True)
class Style:
    """Where a table is printed."""

    ink: Ink
    width: int


def rendered(value: Any, columns: Sequence[Column], kind: str, style: Style) -> str:  # noqa: ANN401  any JSON value
    """Return ``value`` in the format ``kind``. ``columns``: of a table; none for what a query found."""
    return _RENDERERS[kind](value, _of_kind(columns, kind), style)


def streamed(pages: Iterable[list[Any]], columns: Sequence[Column], kind: str, style: Style) -> Iterator[str]:
    """Yield a list that arrives page by page in a format of ``STREAMED``: what ``rendered`` makes of the whole list."""
    chosen = _of_kind(columns, kind)
    if kind == "csv":
        yield _csv([], chosen, style)
    for each in pages:
        yield _csv_rows(_grid(each, chosen)[1]) if kind == "csv" else _RENDERERS[kind](each, chosen, style)


def _of_kind(columns: Sequence[Column], kind: str) -> Sequence[Column]:
    return columns if kind == "csv" else [each for each in columns if not each.wide]


def found(value: Any, query: str) -> Any:  # noqa: ANN401  any JSON value
    """Return what a JMESPath expression finds."""
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        return jmespath.search(query, value)
    except JMESPathError as error:
        raise click.UsageError(f"the query cannot be used: {' '.join(str(error).split())}") from error


def at(value: Any, path: str) -> Any:  # noqa: ANN401  any JSON value
    """Return the value at a dotted path; ``None`` when there is none."""
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def text(value: Any, between: str = ", ") -> str:  # noqa: ANN401  any JSON value
    """Return one cell: lists joined, times to the second, nothing for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return between.join(text(each) for each in value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and (instant := _INSTANT.fullmatch(value)):
        return f"{instant[1]} {instant[2]}{instant[3]}Z"
    return safe(str(value))


def visible(document: str) -> str:
    r"""Escape in JSON text what a terminal would obey; ``\u`` escapes keep it JSON."""
    if document.isprintable():
        return document
    return "".join(each if each.isprintable() or each == "\n" else _unit(each) for each in document)


def _unit(character: str) -> str:
    pair = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{pair[n]:02x}{pair[n + 1]:02x}" for n in range(0, len(pair), 2))


def _json(value: Any, _columns: Sequence[Column], _style: Style) -> str:  # noqa: ANN401
    return visible(json.dumps(value, indent=2, ensure_ascii=False)) + "\n"


def _jsonl(value: Any, _columns: Sequence[Column], _style: Style) -> str:  # noqa: ANN401
    rows = value if isinstance(value, list) else [value]
    return "".join(visible(json.dumps(each, ensure_ascii=False)) + "\n" for each in rows)


def _yaml(value: Any, _columns: Sequence[Column], _style: Style) -> str:  # noqa: ANN401
    import yaml

    made: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=1_000)
    return made if made.replace("\n", "").isprintable() else str(yaml.safe_dump(value, sort_keys=False, width=1_000))


def _tsv(value: Any, columns: Sequence[Column], _style: Style) -> str:  # noqa: ANN401
    """Tab-separated values without a heading, for ``cut`` and ``read``."""
    _, rows = _grid(value, columns)
    return "".join("\t".join(safe(_plain(each)) for each in row) + "\n" for row in rows)


def _csv(value: Any, columns: Sequence[Column], _style: Style) -> str:  # noqa: ANN401
    """Comma-separated values (RFC 4180) under a heading of keys, dots between them: one for each member shown."""
    keys, rows = _grid(value, columns)
    return (_csv_rows([keys]) if keys else "") + _csv_rows(rows)


def _csv_rows(rows: Iterable[Sequence[Any]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([_cell(each) for each in row] for row in rows)
    return out.getvalue()


def _cell(value: Any) -> str:  # noqa: ANN401
    """Return one cell that a spreadsheet takes for what it is.

    What it would take for a formula gets an apostrophe before it, as OWASP advises against "CSV injection", also behind
    a semicolon, where some split: strangers wrote it. A tab and a line's end are escaped by ``safe``.
    """
    plain = safe(_plain(value))
    return plain if isinstance(value, int | float) else _FORMULA.sub(r"\1'", plain)


def _plain(value: Any) -> str:  # noqa: ANN401
    """Return one value for machines: as it is in JSON, text without its quotes."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _grid(value: Any, columns: Sequence[Column], *, shown: bool = False) -> tuple[list[str], list[list[Any]]]:  # noqa: ANN401
    """Return (keys, rows) of what is to be printed; no keys where rows have none."""
    rows = value if isinstance(value, list) else [value]
    if columns:
        return [each.path for each in columns], [
            [each.of(row) if shown else at(row, each.path) for each in columns] for row in rows
        ]
    if rows and all(isinstance(each, dict) for each in rows):
        keys = list(dict.fromkeys(key for row in rows for key in row))
        return keys, [[row.get(key) for key in keys] for row in rows]
    return [], [each if isinstance(each, list) else [each] for each in rows if value is not None]


def _table(value: Any, columns: Sequence[Column], style: Style) -> str:  # noqa: ANN401
    if isinstance(value, dict):
        rows = [(each.heading, each.of(value)) for each in columns] or list(value.items())
        return _pairs([(name, each) for name, each in rows if each not in (None, [], "")], style)
    keys, grid = _grid(value, columns, shown=True)
    headings = [each.heading for each in columns] or keys
    body = [[text(each) for each in row] for row in grid]
    return _aligned(headings, body, style, [n for n, each in enumerate(columns) if each.below])


def _pairs(rows: Sequence[tuple[str, Any]], style: Style) -> str:
    """One thing: a name and its value on each line; a list has one line for each of its values."""
    broad = max((cells(name) for name, _ in rows), default=0)
    room = max(LEAST * 2, style.width - broad - 2 * len(GAP))
    lines: list[str] = []
    for name, value in rows:
        values = value if isinstance(value, list) else [value]
        parts = [line for each in values for line in folded(text(each), room)]
        for number, part in enumerate(parts):
            label = name if number == 0 else ""
            lines.append(GAP + style.ink.faint(label) + " " * (broad - cells(label)) + GAP + part)
    return "".join(line.rstrip() + "\n" for line in lines)


def _aligned(headings: Sequence[str], body: Sequence[Sequence[str]], style: Style, movable: Sequence[int] = ()) -> str:
    """Write rows under their headings; ``movable`` columns go below them, from the last, until the rest fits.

    What goes below shares lines, as far as there is room. Columns of numbers alone end at one column.
    """
    everything = ([headings] if headings else []) + list(body)
    if not everything:
        return ""
    count = max(len(row) for row in everything)
    padded = [[*row, *[""] * (count - len(row))] for row in everything]
    breadths = [max(cells(row[n]) for row in padded) for n in range(count)]
    beside, below = list(range(count)), list[int]()
    for each in reversed(movable if body else ()):
        if sum(breadths[n] + len(GAP) for n in beside) - len(GAP) > style.width:
            beside.remove(each)
            below.insert(0, each)
    widths = dict(zip(beside, _widths([[row[n] for row in padded] for n in beside], style.width), strict=True))
    widths |= {n: min(breadths[n], style.width - len(GAP)) for n in below}
    shared = _shared(below, widths, style.width - len(GAP))
    found = {n: {row[n] for row in padded[len(headings) > 0 :]} - {""} for n in beside}
    numbers = {n for n, texts in found.items() if texts and all(_NUMBER.fullmatch(each) for each in texts)}
    lines: list[str] = []
    for number, whole in enumerate(padded):
        made = list(_row(whole, beside, widths, numbers))
        made += [GAP + each for columns in shared for each in _row(whole, columns, widths, numbers) if each]
        lines += [style.ink.bold(each) for each in made] if headings and number == 0 else made
    return "".join(line + "\n" for line in lines)


def _row(row: Sequence[str], columns: Sequence[int], widths: Mapping[int, int], numbers: set[int]) -> Iterator[str]:
    """Yield the lines of some cells of a row, beside each other."""
    parts = {n: folded(row[n], widths[n]) for n in columns}
    for line in range(max(len(each) for each in parts.values())):
        texts = {n: each[line] if line < len(each) else "" for n, each in parts.items()}
        blank = {n: " " * (widths[n] - cells(each)) for n, each in texts.items()}
        yield GAP.join(blank[n] + each if n in numbers else each + blank[n] for n, each in texts.items()).rstrip()


def _shared(columns: Sequence[int], widths: Mapping[int, int], room: int) -> list[list[int]]:
    """Put columns beside each other on as few lines as hold them in their order."""
    lines: list[list[int]] = []
    for each in columns:
        if lines and sum(widths[n] + len(GAP) for n in lines[-1]) + widths[each] <= room:
            lines[-1].append(each)
        else:
            lines.append([each])
    return lines


def _widths(columns: list[list[str]], width: int) -> list[int]:
    """Take from the broadest column until the table fits: first where words stay whole, then where addresses break."""
    widths = [max(cells(cell) for cell in column) for column in columns]
    room = width - len(GAP) * (len(widths) - 1)
    short = [min(each, SHORT) for each in widths]
    soft = [max(short[n], _piece(column, _SOFT)) for n, column in enumerate(columns)]
    hard = [_piece(column, _HARD) for column in columns]
    kept = [max(pair) for pair in zip(short, hard, strict=True)]
    for floors in (soft, kept, hard, [LEAST] * len(widths)):
        while sum(widths) > room:
            n = max(range(len(widths)), key=lambda n: widths[n] - floors[n])
            if widths[n] <= floors[n]:
                break
            widths[n] -= 1
    return widths


def _piece(column: list[str], breaks: re.Pattern[str]) -> int:
    """Return the breadth of the longest piece of a column that is not broken."""
    return max((cells(piece) for cell in column for piece in breaks.split(cell)), default=0)


SHORT: Final = 20  # columns: what is no broader (a time, a name) is folded last
_SOFT: Final = re.compile(r" |(?<=[/:,@&?])")
_HARD: Final = re.compile(r" |(?<=[/:,@&?.])")

_RENDERERS: Final[Mapping[str, Callable[[Any, Sequence[Column], Style], str]]] = {
    "table": _table,
    "json": _json,
    "jsonl": _jsonl,
    "yaml": _yaml,
    "tsv": _tsv,
    "csv": _csv,
}
