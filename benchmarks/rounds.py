"""One round: a contestant answers a number of requests, and what that cost is divided by their number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from benchmarks import limits, load, oracle
from benchmarks.figures import median, micros, spread
from benchmarks.machine import refuse_other_listeners

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.limits import Costs
    from benchmarks.machine import Cores, Tree


class Contestant(Protocol):
    """A running server that can be asked for tokens."""

    @property
    def port(self) -> int: ...
    @property
    def tree(self) -> Tree: ...
    def requests(self, algorithm: str, count: int) -> list[bytes]: ...
    def key_set(self) -> dict[str, Any]: ...
    def expected(self, algorithm: str) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Round:
    cpu: float  # seconds of the whole process tree per completed request
    rate: float  # requests per second
    limit: Costs  # measured immediately before and after, in the middle of the two
    p50: float  # seconds
    p99: float


def issuing(contestant: Contestant, algorithm: str, requests: Sequence[bytes], cores: Cores) -> Round:
    """Have every request answered with a token; some of them are verified with the keys that are published."""
    refuse_other_listeners(contestant.port, contestant.tree)
    before = limits.measured(cores.measured)
    cpu, run = spent(contestant, requests, cores)
    after = limits.measured(cores.measured)
    run.refuse_other_than(200, what=f"issuing with {algorithm}")
    oracle.refuse_unverified(
        run.samples, contestant.key_set(), algorithm=algorithm, expected=contestant.expected(algorithm)
    )
    return Round(
        cpu, run.completed / run.seconds, limits.between(before, after), run.percentile(0.5), run.percentile(0.99)
    )


def spent(
    contestant: Contestant, requests: Sequence[bytes], cores: Cores, sources: Sequence[str] = ()
) -> tuple[float, load.Run]:
    """CPU seconds per request, and what was answered."""
    begun = contestant.tree.cpu()
    run = load.saturating(cores.load, contestant.port, requests, sources=sources)
    return (contestant.tree.cpu() - begun) / run.completed, run


def told(rounds: Sequence[Round], algorithm: str) -> dict[str, Any]:
    """Details of rounds, for people: microseconds, requests per second."""
    return {
        "cpu_us": micros(median([each.cpu for each in rounds])),
        "limit_us": micros(median([each.limit.exchange(algorithm) for each in rounds])),
        "t_verify_us": micros(median([each.limit.verify_rs256 for each in rounds])),
        "t_sign_us": micros(median([sign_cost(each.limit, algorithm) for each in rounds])),
        "cpu_us_of_rounds": [micros(each.cpu) for each in rounds],
        "spread": spread([each.cpu for each in rounds]),
        "rps": round(median([each.rate for each in rounds])),
        "p50_ms": round(median([each.p50 for each in rounds]) * 1e3, 2),
        "p99_ms": round(median([each.p99 for each in rounds]) * 1e3, 2),
        "rounds": len(rounds),
    }


def sign_cost(costs: Costs, algorithm: str) -> float:
    return costs.sign_rs256 if algorithm == "RS256" else costs.sign_es256
