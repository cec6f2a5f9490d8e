"""A data directory with many applications, each with its service principal, an identifier and a role.

Application 0 is written by the product, and its rows are copied for all others, which takes a third of the time.
"""

from __future__ import annotations

import asyncio
import math
import re
from contextlib import closing
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING
from uuid import UUID

from accredit.app import seed
from accredit.app.chance import SystemIds
from accredit.app.folder import ALGORITHMS, SECRET_LIFE
from accredit.directory import Application, AppRole, ServicePrincipal
from accredit.signing import create_master_key
from accredit.stores import fresh
from accredit.stores.memory import MemoryRegistry
from accredit.stores.sqlite import connect
from accredit.tokens import issuer

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Sequence

    from accredit.app.folder import Folder
    from accredit.ports import Transaction

BASE = "https://localhost:8443"
APPLICATION, APP_ID, PRINCIPAL, ROLE = range(1, 5)  # kinds of ids
COMMON = "svc-"  # what every name begins with
NAMES = "things", "orders", "billing", "search", "deploy", "audit", "mail"  # and how it goes on
CACHE = 400_000  # kilobytes: all indexes at once


def fill(folder: Folder, applications: int) -> None:
    """Make an emulator's data directory with many more applications than it begins with."""
    asyncio.run(_begin(folder))
    with closing(connect(folder.database)) as connection:
        connection.execute(f"PRAGMA cache_size = -{CACHE}")
        connection.execute("BEGIN IMMEDIATE")
        told = connection.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
        indexes = {name: sql for kind, name, sql in told if kind == "index"}
        for name in indexes:  # which are made anew at the end: thrice as fast
            connection.execute(f"DROP INDEX {name}")
        for table in (name for kind, name, _ in told if kind == "table"):
            _multiply(connection, table, applications)
        for sql in indexes.values():
            connection.execute(sql)
        connection.execute("COMMIT")


async def _begin(folder: Folder) -> None:
    """Write what an emulator begins with, and application 0."""
    now, ids = datetime.now(UTC), SystemIds()
    make, contents = folder.make_key(create_master_key(folder.master_key_file)), MemoryRegistry()
    async with contents.transaction() as change:
        await seed.seed(change, now, ids, SECRET_LIFE)
        for algorithm in ALGORITHMS:
            await change.signing_keys.add(make(algorithm, now))
        await change.emit([issuer(BASE, seed.TENANT_ID, version) for version in (1, 2)])
        await _add(change, now)
    fresh.create(folder.database, contents)


def _multiply(connection: sqlite3.Connection, table: str, applications: int) -> None:
    """Copy the rows that tell of application 0, for every other one."""
    every = connection.execute(f"SELECT * FROM {table}")  # noqa: S608
    names = [name for name, *_ in every.description]
    kept = [at for at, name in enumerate(names) if name != "seq"]  # which the database counts itself
    of_zero = re.compile("|".join(map(re.escape, _texts(0))))
    for row in [each for each in every if any(of_zero.search(_text(value)) for value in each)]:
        columns, marks = ", ".join(f'"{names[at]}"' for at in kept), ", ".join("?" * len(kept))
        pieces = [_pieces(row[at], of_zero) for at in kept]
        copies = (tuple(each(texts) for each in pieces) for texts in map(_texts, _shuffled(applications)))
        connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", copies)  # noqa: S608


def _texts(number: int) -> tuple[str, ...]:
    """What the rows of one application have of their own."""
    return (*(str(identity(kind, number)) for kind in (APPLICATION, APP_ID, PRINCIPAL, ROLE)), name(number))


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _pieces(value: object, of_zero: re.Pattern[str]) -> Callable[[Sequence[str]], object]:
    """Return what writes this value of application 0 as another application's."""
    if not isinstance(value, str | bytes) or not of_zero.search(_text(value)):
        return lambda _: value
    places = {text: str(at) for at, text in enumerate(_texts(0))}
    braced = _text(value).replace("{", "{{").replace("}", "}}")
    write = of_zero.sub(lambda found: f"{{{places[found[0]]}}}", braced).format
    return (lambda texts: write(*texts).encode()) if isinstance(value, bytes) else lambda texts: write(*texts)


def _shuffled(applications: int) -> Iterator[int]:
    """Every number but 0 once, in an order that has nothing to do with the order of ids or names."""
    step = next(each for each in count(61_803) if math.gcd(each, applications) == 1)
    return (at * step % applications for at in range(1, applications))


async def _add(change: Transaction, now: datetime) -> None:
    application = await change.applications.add(
        Application(
            id=identity(APPLICATION, 0),
            tenant_id=seed.TENANT_ID,
            app_id=app_id(0),
            display_name=name(0),
            created_at=now,
            identifier_uris=(identifier(0),),
            app_roles=(AppRole(id=identity(ROLE, 0), value="Things.Read", display_name="Read things"),),
        )
    )
    await change.principals.add(
        ServicePrincipal(
            id=identity(PRINCIPAL, 0),
            tenant_id=seed.TENANT_ID,
            app_id=application.app_id,
            display_name=application.display_name,
            created_at=now,
            application_id=application.id,
            owner_tenant_id=seed.TENANT_ID,
        )
    )


def identity(kind: int, number: int) -> UUID:
    """Ids that follow from a number and look as if they were random."""
    mixed = number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**120
    return UUID(int=(kind << 120 | mixed) & ~(0xF << 76) | 4 << 76)


def app_id(number: int) -> UUID:
    return identity(APP_ID, number)


def name(number: int) -> str:
    return f"{COMMON}{NAMES[number % len(NAMES)]}-{number:06}"


def identifier(number: int) -> str:
    return f"api://{name(number)}"
