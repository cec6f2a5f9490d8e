"""``accredit logs export``: sign-ins into a file, oldest first, whatever their number.

Rule 1: a file is there whole or not at all, and none is written over unless that was asked for.
Rule 2: memory holds a page of events, and the store is read page by page: whoever writes it is not kept waiting.
"""

from __future__ import annotations

import errno
import json
import os
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Unpack

import click

from accredit.cli.desk import on_desk, refuse_elsewhere
from accredit.cli.failures import Said
from accredit.cli.grammar import command
from accredit.cli.log_filters import CREATED, Asked, condition, filters
from accredit.cli.log_pages import pages_of
from accredit.cli.output import Column
from accredit.errors import INPUT_INVALID, OUTPUT_UNWRITABLE, Refused
from accredit.query import Order, Query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import BinaryIO

    from accredit.cli.desk import Desk
    from accredit.cli.here import Here
    from accredit.signins import Event

FORMATS: Final = ("jsonl", "parquet", "loganalytics")
PAGE: Final = 1_000  # events read at once
EVERY: Final = 2**62  # all there are
PARQUET: Final = {
    "text": "VARCHAR",
    "texts": "VARCHAR[]",
    "whole": "BIGINT",
    "real": "DOUBLE",
    "time": "TIMESTAMP WITH TIME ZONE",
}
_NO_LINKS: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.EMLINK})  # a file system that has no second names
MEMORY: Final = "512MB"  # that writing Parquet may take
DONE: Final = (Column("file", "path"), Column("format", "format"), Column("sign-ins", "events"))
STATUS: Final = (
    Column("Export", "name"),
    Column("Events behind", "eventsBehind"),
    Column("Oldest of them", "oldestDateTime"),
    Column("Lost", "eventsLost"),
    Column("Place in the log", "place"),
    Column("Exported by a process", "isHeld"),
)


@command("export")
@filters
@click.option("--to", metavar="FILE", help="Where to; - is standard output.")
@click.option("--format", "kind", type=click.Choice(FORMATS), default="jsonl", help="One of these (default: jsonl).")
@click.option("--force", is_flag=True, help="Write over a file that exists.")
@click.option("--status", is_flag=True, help="Say how far the export to a collector has come, and nothing else.")
@on_desk
async def export(desk: Desk, to: str | None, kind: str, force: bool, status: bool, **asked: Unpack[Asked]) -> None:
    """Write sign-ins to a file, the oldest first.

    As a line of JSON each, in the shape of Microsoft Graph's beta with everything that is known (jsonl) or of the
    Azure Monitor table AADServicePrincipalSignInLogs (loganalytics); or as typed columns (parquet).
    """
    if status:
        return _show_status(desk)
    if to is None:
        raise click.UsageError("--to says where: a FILE, or - for standard output")
    _refuse_impossible(to, kind, force=force)
    tenant, wanted = await condition(desk, asked)
    query = Query(condition=wanted, order=Order(CREATED), limit=PAGE)
    with desk.place.log() as log:
        events = (each for page in pages_of(partial(log.search, tenant.id), query, EVERY) for each in page)
        if to == "-":
            _print(desk, events, kind)
            return None
        path = Path(to)
        with _beside(path, force=force) as made:
            count = _parquet(events, made) if kind == "parquet" else _lines(events, made, kind)
    desk.session.show({"path": str(path), "format": kind, "events": count}, DONE)
    return None


def _refuse_impossible(to: str, kind: str, *, force: bool) -> None:
    """Refuse what is known to fail before anything is read."""
    if kind == "parquet":
        if to == "-":
            raise click.UsageError("Parquet is written to a file, not to standard output: --to FILE")
        try:
            import duckdb  # noqa: F401  asked for, not used
        except ImportError as error:
            refused = Refused(INPUT_INVALID, what="--format parquet", reason="what writes Parquet is not installed")
            raise Said(refused, fix="Install the extra: pip install 'accredit[analytics]'.") from error
    path = Path(to)
    if to != "-" and path.is_symlink() | path.exists():
        if not path.is_file():
            raise Refused(OUTPUT_UNWRITABLE, what=to, reason="it is there, and it is no file")
        if not force:
            refused = Refused(OUTPUT_UNWRITABLE, what=to, reason="it is there already")
            raise Said(refused, fix="Name another file, or write over this one with --force.")


@contextmanager
def _beside(path: Path, *, force: bool) -> Iterator[Path]:
    """Make a file beside ``path`` that takes its place when the block ends well. ``OUTPUT_UNWRITABLE``."""
    made = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        made.unlink(missing_ok=True)
        os.close(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # nobody's link or file is written through
        yield made
        with made.open("rb") as file:
            os.fsync(file.fileno())
        _put(made, path, force=force)
    except OSError as error:
        raise Refused(OUTPUT_UNWRITABLE, what=path, reason=error.strerror or error) from error
    finally:
        with suppress(OSError):
            made.unlink(missing_ok=True)


def _put(made: Path, path: Path, *, force: bool) -> None:
    if not force:
        try:
            os.link(made, path)  # fails where a file has appeared meanwhile
        except OSError as error:
            if error.errno not in _NO_LINKS or path.exists():
                raise
        else:
            return
    made.replace(path)


def _line(kind: str) -> Callable[[Event], str]:
    """Return what writes an event as a line. ASCII: no terminal obeys anything in it, and no program minds."""
    if kind == "loganalytics":
        from accredit.interop.loganalytics import row

        return lambda event: json.dumps(row(event), separators=(",", ":")) + "\n"
    from accredit.interop.graph import signin

    return lambda event: json.dumps(signin.write(event), separators=(",", ":")) + "\n"


def _print(desk: Desk, events: Iterable[Event], kind: str) -> None:
    line = _line(kind)
    for each in events:
        desk.session.say(line(each)[:-1])
    desk.session.flush()


def _lines(events: Iterable[Event], made: Path, kind: str) -> int:
    line, count = _line(kind), 0
    with made.open("w", encoding="ascii") as file:
        for count, each in enumerate(events, 1):  # noqa: B007  how many there were
            file.write(line(each))
    return count


def _parquet(events: Iterable[Event], made: Path) -> int:
    """Write the events as rows beside the file first: duckdb reads those as a stream, and single ones slowly."""
    import duckdb

    from accredit.interop.columns import COLUMNS

    with _beside_only(made) as rows:
        with rows.open("wb") as file:
            count = _rows(events, file)
        types = {each.name: PARQUET[each.kind] for each in COLUMNS}
        here = str(made.parent)  # nothing is fetched, and what memory does not hold lies beside the file
        told = {"memory_limit": MEMORY, "temp_directory": here, "autoinstall_known_extensions": "false"}
        try:
            with _for_nobody_else(), duckdb.connect(":memory:", config={**told, "threads": 1}) as table:
                found = table.read_json(str(rows), columns=types, format="newline_delimited")
                found.write_parquet(str(made), compression="zstd")
        except duckdb.IOException as error:
            raise Refused(OUTPUT_UNWRITABLE, what=made, reason=error) from error
    return count


@contextmanager
def _for_nobody_else() -> Iterator[None]:
    """Keep others from what duckdb makes by itself: it writes another file first, and may put parts aside."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def _beside_only(made: Path) -> Iterator[Path]:
    rows = made.with_name(made.name + ".rows")
    rows.unlink(missing_ok=True)
    os.close(os.open(rows, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        yield rows
    finally:
        rows.unlink(missing_ok=True)


def _rows(events: Iterable[Event], file: BinaryIO) -> int:
    import msgspec

    from accredit.interop.columns import row

    encode, count = msgspec.json.Encoder().encode, 0
    for count, each in enumerate(events, 1):  # noqa: B007  how many there were
        file.write(encode(row(each)) + b"\n")
    return count


def _show_status(desk: Desk) -> None:
    from typing import cast

    refuse_elsewhere(desk.session)
    found = status_of(cast("Here", desk.place))
    desk.session.show(found, STATUS)
    if not found:
        desk.session.remark("Nothing was sent to a collector yet: export.otlp.endpoint says where one is.")


def status_of(here: Here) -> list[dict[str, Any]]:
    """Return how far each export has come."""
    from accredit.cli.shapes import instant
    from accredit.stores.exports import standings

    return [
        {
            "name": name,
            "eventsBehind": each.behind,
            "oldestDateTime": None if each.oldest is None else instant(each.oldest),
            "eventsLost": each.lost,
            "place": each.seq,
            "isHeld": bool(each.holder) and each.until > here.now,
        }
        for name, each in standings(here.local.folder.database).items()
    ]
