"""B1 and B2: what issuing a token costs, against the signatures it needs. B3: against the peer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks import minting, peer, product
from benchmarks.directory import CREDENTIALS, RESOURCES, Contents
from benchmarks.figures import ROUNDS, Figure, Target, median, rounded, spread
from benchmarks.rounds import issuing, told

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.machine import Cores
    from benchmarks.rounds import Contestant, Round

B1 = Target(">=", 0.75, 0.80)
B2 = Target(">=", 0.25, 0.32)
B3_RS256 = Target(">=", 1.5, 1.8)
B3_ES256 = Target(">=", 3.0, 4.0)


@dataclass(frozen=True, slots=True)
class Size:
    applications: int
    rounds: int
    requests: int  # in each round


QUICK = Size(1_000, ROUNDS, 1_500)
QUICK_OF_FOUR = Size(1_000, ROUNDS, 700)  # B3 has four times as many rounds
FULL = Size(10_000, ROUNDS + 2, 4_000)


def b1(cores: Cores, path: Path, *, quick: bool) -> Figure:
    return _against_limit("B1", "RS256", B1, cores, path, QUICK if quick else FULL)


def b2(cores: Cores, path: Path, *, quick: bool) -> Figure:
    return _against_limit("B2", "ES256", B2, cores, path, QUICK if quick else FULL)


def _against_limit(bench: str, algorithm: str, target: Target, cores: Cores, path: Path, wanted: Size) -> Figure:
    key = minting.Key.new("key-1")
    contents = Contents(wanted.applications, [product.uploaded(key)])
    with product.running(cores.measured, path, contents, [key]) as server:
        server.warm(cores)
        requests = _batches(server, algorithm, wanted)
        rounds = [issuing(server, algorithm, batch, cores) for batch in requests]
    ratios = [each.limit.exchange(algorithm) / each.cpu for each in rounds]
    details = {
        "of_rounds": [rounded(each) for each in ratios],
        "spread_of_ratio": spread(ratios),
        **told(rounds, algorithm),
        "requests_per_round": wanted.requests,
        "applications": wanted.applications,
        "credentials_each": CREDENTIALS,
        "assertion_bytes": _assertion_size(requests[0][0]),
    }
    return Figure(bench, median(ratios), target, details=details)


def b3(cores: Cores, path: Path, *, quick: bool) -> Figure:
    """Both servers run; while one of them answers, the other has nothing to do."""
    wanted = QUICK_OF_FOUR if quick else FULL
    key = minting.Key.new("key-1")
    contents = Contents(wanted.applications, [product.uploaded(key)])
    ours: dict[str, list[Round]] = {algorithm: [] for algorithm in RESOURCES}
    theirs: dict[str, list[Round]] = {algorithm: [] for algorithm in RESOURCES}
    with (
        product.running(cores.measured, path, contents, [key]) as server,
        peer.running(cores.measured, path) as other,
    ):
        server.warm(cores)
        other.warm(cores)
        our_batches = {algorithm: _batches(server, algorithm, wanted) for algorithm in RESOURCES}
        their_batches = {algorithm: _batches(other, algorithm, wanted) for algorithm in RESOURCES}
        for number in range(wanted.rounds):
            for algorithm in RESOURCES:
                ours[algorithm].append(issuing(server, algorithm, our_batches[algorithm][number], cores))
                theirs[algorithm].append(issuing(other, algorithm, their_batches[algorithm][number], cores))
    ratios = {
        algorithm: [their.cpu / our.cpu for their, our in zip(theirs[algorithm], ours[algorithm], strict=True)]
        for algorithm in RESOURCES
    }
    details = {
        "of_rounds": {algorithm: [rounded(each) for each in found] for algorithm, found in ratios.items()},
        "spread_of_ratio": {algorithm: spread(found) for algorithm, found in ratios.items()},
        "ours": {algorithm: told(ours[algorithm], algorithm) for algorithm in RESOURCES},
        "peer": {algorithm: told(theirs[algorithm], algorithm) for algorithm in RESOURCES},
        "peer_is": other.version,
        "applications": wanted.applications,
        "requests_per_round": wanted.requests,
    }
    es256 = {"es256": (median(ratios["ES256"]), B3_ES256)}
    return Figure("B3", median(ratios["RS256"]), B3_RS256, further=es256, details=details)


def _batches(contestant: Contestant, algorithm: str, wanted: Size) -> list[list[bytes]]:
    """Requests for all rounds, made before the first one begins."""
    every = contestant.requests(algorithm, wanted.rounds * wanted.requests)
    return [every[at : at + wanted.requests] for at in range(0, len(every), wanted.requests)]


def _assertion_size(request: bytes) -> int:
    return len(request.partition(b"client_assertion=")[2].partition(b"&")[0])
