"""B5: whether every token that a client received has its event in the log, whenever the server is killed; and the cost.

Rule 1: an answer counts as received when its last byte arrived. The server is killed with SIGKILL, at a random time,
while 16 connections ask as fast as they get answers; then the log is read, and the next server starts on these files.
Rule 2: what the log costs is the CPU of a request with the log less that of a request without (``unlogged``): two
servers on one core, by turns, with the same requests.
"""

from __future__ import annotations

import json
import os
import signal
from base64 import urlsafe_b64decode
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

from accredit.app.folder import DATABASE
from accredit.stores import sqlite
from accredit.stores.examine import examine
from benchmarks import load, minting, product
from benchmarks.directory import CREDENTIALS, Contents
from benchmarks.figures import ROUNDS, Figure, Target, median, micros, rounded, spread
from benchmarks.rounds import issuing, told

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.machine import Cores
    from benchmarks.rounds import Round

LOST = Target("<=", 0, 0)  # answered tokens without an event
DAMAGED = Target("<=", 0, 0)  # databases with which something was wrong after a kill
ADDED = Target("<=", 0.06, 0.06)  # CPU of the log / CPU of a signature with RS256

UNLOGGED = "from benchmarks import unlogged\nunlogged.apply()"


@dataclass(frozen=True, slots=True)
class Size:
    applications: int
    kills: int
    seconds: float  # from the first request until the kill, at most
    requests: int  # in each round
    rounds: int


QUICK = Size(1_000, 5, 0.5, 800, ROUNDS + 2)
FULL = Size(10_000, 50, 2.0, 4_000, ROUNDS + 2)
REQUESTS_PER_SECOND = 3_000  # more than any server answers


@dataclass(slots=True)
class Killed:
    """What was found after the kills."""

    received: list[int] = field(default_factory=list)  # tokens, before each kill
    after: list[float] = field(default_factory=list)  # seconds
    lost: set[UUID] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)


def b5(cores: Cores, path: Path, *, quick: bool) -> Figure:
    size = QUICK if quick else FULL
    key = minting.Key.new("key-1")
    contents = Contents(size.applications, [product.uploaded(key)])
    killed = kill(cores, path / "killed", contents, key, kills=size.kills, seconds=size.seconds)
    logged, unlogged = _by_turns(cores, path, contents, key, size)
    costs = [mine.cpu - other.cpu for mine, other in zip(logged, unlogged, strict=True)]
    added = [cost / each.limit.sign_rs256 for cost, each in zip(costs, logged, strict=True)]
    details = {
        "kills": len(killed.received),
        "tokens_received": sum(killed.received),
        "seconds_until_kill": [round(each, 2) for each in killed.after],
        "problems": killed.problems[:10],
        "added_cpu_us": micros(median(costs)),
        "added_cpu_of_rounds": [rounded(each) for each in added],
        "spread_of_added_cpu": spread(added),
        "logged": told(logged, "RS256"),
        "unlogged": told(unlogged, "RS256"),
        "requests_per_round": size.requests,
        "applications": size.applications,
        "credentials_each": CREDENTIALS,
    }
    further = {"damaged": (float(len(killed.problems)), DAMAGED), "added_cpu": (median(added), ADDED)}
    return Figure("B5", float(len(killed.lost)), LOST, further=further, details=details)


def kill(cores: Cores, path: Path, contents: Contents, key: minting.Key, *, kills: int, seconds: float) -> Killed:
    """Serve, kill and read the log, so many times, always with the same files."""
    path.mkdir()
    product.fill(product.folder(path), contents)
    database = product.folder(path).path / DATABASE
    random, found, received = Random(), Killed(), set[UUID]()  # noqa: S311  any time will do
    for _ in range(kills):
        after = random.uniform(0.02, seconds)
        with product.serving(cores.measured, path, contents, [key]) as server:
            requests = server.requests("RS256", int(seconds * REQUESTS_PER_SECOND))
            end = partial(os.kill, server.tree.root, signal.SIGKILL)
            answers = load.until_lost(cores.load, server.port, requests, end, after=after)
        tokens = [event_of(each) for each in answers]
        received.update(tokens)
        found.received.append(len(tokens))
        found.after.append(after)
        found.problems += [f"{each.what}: {text}" for each in examine(database) for text in each.problems]
        found.lost |= missing(database, received)
    return found


def event_of(answer: bytes) -> UUID:
    """The id of the event of an answered token: its claim ``uti``, in the other spelling."""
    payload = json.loads(answer)["access_token"].split(".")[1]
    claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return UUID(bytes_le=urlsafe_b64decode(claims["uti"] + "=="))


def missing(database: Path, events: set[UUID]) -> set[UUID]:
    """Those of the events that are not in the log."""
    with closing(sqlite.connect(database)) as connection:
        return events - {UUID(bytes=each) for (each,) in connection.execute("SELECT id FROM signins")}


def _by_turns(
    cores: Cores, path: Path, contents: Contents, key: minting.Key, size: Size
) -> tuple[Sequence[Round], Sequence[Round]]:
    """Rounds with the log, and rounds without; which is first changes from one pair to the next."""
    folders = path / "logged", path / "unlogged"
    for each in folders:
        each.mkdir()
        product.fill(product.folder(each), contents)
    with (
        product.serving(cores.measured, folders[0], contents, [key]) as logged,
        product.serving(cores.measured, folders[1], contents, [key], before=UNLOGGED) as unlogged,
    ):
        rounds: dict[int, list[Round]] = {logged.port: [], unlogged.port: []}
        for server in (logged, unlogged):
            server.warm(cores)
        for number in range(size.rounds):
            batch = logged.requests("RS256", size.requests)
            for server in (logged, unlogged) if number % 2 else (unlogged, logged):
                rounds[server.port].append(issuing(server, "RS256", batch, cores))
    return rounds[logged.port], rounds[unlogged.port]
