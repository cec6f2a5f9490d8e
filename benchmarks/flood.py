"""B10: what refusing costs against issuing, and what honest senders notice of ten times as many hostile requests.

Rule 1: hostile senders have many addresses, so that every request is judged in full: the limits by address do not help.
Rule 2: the issuers are real ones on this machine, with live discovery over TLS; whoever asks for their keys is counted.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING
from uuid import uuid4

from accredit.issuers import Issuer, IssuerUrl
from benchmarks import directory, load, minting, product, upstream
from benchmarks.directory import TENANT, Contents
from benchmarks.figures import ROUNDS, Figure, Target, median, micros, rounded, spread
from benchmarks.load import Traffic
from benchmarks.machine import refuse_other_listeners
from benchmarks.rounds import issuing, spent, told

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from benchmarks.machine import Cores
    from benchmarks.product import Product
    from benchmarks.rounds import Round
    from benchmarks.upstream import Upstream

CPU = Target("<=", 0.30, 0.20)
P99 = Target("<=", 1.5, 1.5)
FETCHES = Target("<=", 1.0, 1.0)  # of one issuer's keys in a minute

ISSUERS = 4
GOOD_RATE = 100.0  # requests per second
HOSTILE = 10  # times as many
STATUSES = (400, 401)
REFUSED = {700027, 7000272, 700016, 700024}  # what the four kinds are refused with


@dataclass(frozen=True, slots=True)
class Size:
    applications: int
    requests: int  # of each kind in a saturating round
    seconds: float  # of each part in which requests arrive on their own
    rounds: int = ROUNDS


QUICK = Size(500, 200, 1.6)
# In one run an address fails some 200 times: from 300 on the limits by address would refuse it, for less.
FULL = Size(10_000, 800, 3.0, rounds=2 * ROUNDS)


@dataclass(slots=True)
class Measured:
    issuing: list[Round] = field(default_factory=list)
    refusing: list[float] = field(default_factory=list)  # CPU seconds per request, kinds in equal shares
    by_kind: dict[str, list[float]] = field(default_factory=dict)
    idle: list[float] = field(default_factory=list)  # p99 of good traffic alone, seconds
    flooded: list[float] = field(default_factory=list)
    codes: set[int] = field(default_factory=set)


class Hostile:
    """Makes requests that are to be refused, each unlike any other one."""

    def __init__(self, server: Product) -> None:
        self._server = server
        self.kinds: dict[str, Callable[[int], str]] = {
            "bad_signature": lambda n: self._forged(n, server.keys[server.place(n)[1] % ISSUERS].kid),
            "unknown_kid": lambda n: self._forged(n, secrets.token_hex(8)),
            "unknown_application": lambda n: self._forged(n, "any"),
            "expired": self._expired,
        }

    def requests(self, kind: str, count: int) -> list[bytes]:
        make = self.kinds[kind]
        assertions = minting.together(make, range(count))
        return [self._request(kind, number, assertion) for number, assertion in enumerate(assertions)]

    def mixed(self, count: int) -> list[bytes]:
        """All kinds in equal shares, by turns."""
        each = [self.requests(kind, count // len(self.kinds)) for kind in self.kinds]
        return [request for turn in zip(*each, strict=True) for request in turn]

    def _request(self, kind: str, number: int, assertion: str) -> bytes:
        known = directory.client_id(self._server.place(number)[0])
        client = uuid4() if kind == "unknown_application" else known
        return self._server.request("RS256", str(client), assertion)

    def _forged(self, number: int, kid: str) -> str:
        return minting.forged(kid, self._server.claims(*self._server.place(number)))

    def _expired(self, number: int) -> str:
        application, credential = self._server.place(number)
        claims = self._server.claims(application, credential, age=2 * minting.LIFE)
        return self._server.keys[credential % ISSUERS].sign(claims)


class Addresses:
    """Loopback has sixteen million of them: every run gets senders that nobody has heard of."""

    def __init__(self) -> None:
        self._used = 0

    def next(self, count: int = load.CONNECTIONS) -> list[str]:
        first, self._used = self._used, self._used + count
        return [f"127.1.{number // 250}.{number % 250 + 1}" for number in range(first, first + count)]


def b10(cores: Cores, path: Path, *, quick: bool) -> Figure:
    size = QUICK if quick else FULL
    keys = [minting.Key.new(f"key-{number}") for number in range(ISSUERS)]
    with upstream.running(keys, path) as issuers:
        contents = Contents(size.applications, _records(issuers))
        with product.running(cores.measured, path, contents, keys) as server:
            server.warm(cores)
            found = _measured(server, cores, size)
        fetches = issuers.most_fetches()
        fetched = len(issuers.fetches)
    return _figure(found, fetches, fetched, size)


def _records(issuers: Upstream) -> list[Issuer]:
    return [
        Issuer(
            id=directory.numbered(directory.ISSUER, number),
            tenant_id=TENANT,
            url=IssuerUrl(url),
            algorithms=("RS256",),
            ca_bundle=issuers.ca,
            networks=("127.0.0.0/8",),
        )
        for number, url in enumerate(issuers.urls)
    ]


def _measured(server: Product, cores: Cores, size: Size) -> Measured:
    hostile, addresses, found = Hostile(server), Addresses(), Measured()
    for number in range(size.rounds):
        found.issuing.append(issuing(server, "RS256", server.requests("RS256", size.requests), cores))
        found.refusing.append(_refusing(server, hostile.mixed(4 * size.requests), cores, addresses, found))
        for kind in hostile.kinds:
            cost = _refusing(server, hostile.requests(kind, size.requests), cores, addresses, found)
            found.by_kind.setdefault(kind, []).append(cost)
        good = _good(server, size, number)
        count = len(good.requests) * HOSTILE // 4 * 4
        flood = Traffic(hostile.mixed(count), _arrivals(count, GOOD_RATE * HOSTILE, number), addresses.next())
        refuse_other_listeners(server.port, server.tree)
        (alone,) = load.arriving(cores.load, server.port, _good(server, size, number))
        among, refused = load.arriving(cores.load, server.port, good, flood)
        refused.refuse_other_than(*STATUSES, what="the flood")
        for run in (alone, among):
            run.refuse_other_than(200, what="among the flood")
        found.idle.append(alone.percentile(0.99))
        found.flooded.append(among.percentile(0.99))
    if found.codes != REFUSED:
        raise SystemExit(f"refused with {found.codes}, expected {REFUSED}")
    return found


def _refusing(server: Product, requests: Sequence[bytes], cores: Cores, addresses: Addresses, found: Measured) -> float:
    cpu, run = spent(server, requests, cores, addresses.next())
    run.refuse_other_than(*STATUSES, what="refusing")
    found.codes.update(json.loads(body)["error_codes"][0] for body in run.others)
    return cpu


def _good(server: Product, size: Size, seed: int) -> Traffic:
    """Honest traffic: the same arrivals alone and in the flood."""
    count = int(size.seconds * GOOD_RATE)
    return Traffic(server.requests("RS256", count), _arrivals(count, GOOD_RATE, seed))


def _arrivals(count: int, rate: float, seed: int) -> list[float]:
    """Independent senders: times between arrivals are exponential."""
    random, at, found = Random(seed), 0.0, []  # noqa: S311  arrivals, not secrets
    for _ in range(count):
        at += random.expovariate(rate)
        found.append(at)
    return found


def _figure(found: Measured, fetches: int, fetched: int, size: Size) -> Figure:
    ratios = [refused / issued.cpu for refused, issued in zip(found.refusing, found.issuing, strict=True)]
    p99s = [flooded / idle for flooded, idle in zip(found.flooded, found.idle, strict=True)]
    details = {
        "of_rounds": [rounded(each) for each in ratios],
        "spread_of_ratio": spread(ratios),
        "reject_cpu_us": micros(median(found.refusing)),
        "reject_cpu_us_of_kinds": {kind: micros(median(costs)) for kind, costs in found.by_kind.items()},
        "issue": told(found.issuing, "RS256"),
        "idle_p99_ms": [round(each * 1e3, 2) for each in found.idle],
        "flooded_p99_ms": [round(each * 1e3, 2) for each in found.flooded],
        "good_per_second": GOOD_RATE,
        "hostile_per_second": GOOD_RATE * HOSTILE,
        "issuers": ISSUERS,
        "fetches_in_all": fetched,
        "applications": size.applications,
    }
    further = {"p99": (median(p99s), P99), "fetches_per_minute": (float(fetches), FETCHES)}
    return Figure("B10", median(ratios), CPU, further=further, details=details)
