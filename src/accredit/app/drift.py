"""Claims that platforms were not known to send: they changed, and somebody should look at their presets.

Rule 1: only tokens count that the keys of a registered issuer have proven: what a stranger writes is no news.
Rule 2: names and types are told, never values; the names in the log, once for each issuer, as no label takes them.
Rule 3: a ledger is asked once for each set of names. Every further token with these names costs its own count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from accredit.explain import platform

if TYPE_CHECKING:
    from collections.abc import Iterator

    import structlog

    from accredit.assertions import Presented
    from accredit.signins import SignIn

MOST_SETS: Final = 1_000  # of names; some platforms let whoever configures them make up claims


class Drift(Collector):
    """Counts without a lock, on the one thread that makes exchanges; Prometheus reads when it asks."""

    def __init__(self, log: structlog.BoundLogger) -> None:
        self._log = log
        self._sets: dict[tuple[Any, ...], int] = {}  # how many of the names are in no ledger
        self._told: set[tuple[str, str]] = set()  # issuers and names
        self._counts: dict[str, int] = {}

    def heard(self, signin: SignIn) -> None:
        """Count what an attempt's token says beyond its platform's ledger, if it was proven."""
        presented = signin.presented
        if presented is None or presented.self_signed or not (signin.proof or signin.proof_state == "proven"):
            return
        claims = presented.claims
        names = (presented.issuer, *claims, *[tuple(each) for each in claims.values() if type(each) is dict])
        found = self._sets.get(names)
        if found is None:
            if len(self._sets) >= MOST_SETS:
                return
            found = self._sets[names] = self._looked_up(presented)
        if found:
            self._counts[presented.issuer] = self._counts.get(presented.issuer, 0) + found

    def collect(self) -> Iterator[Metric]:
        """Yield what was counted."""
        counted = CounterMetricFamily(
            "accredit_unlisted_claims",
            "Claims of proven tokens that their platform was not known to send; the log names them.",
            labels=("issuer",),
        )
        for issuer, count in tuple(self._counts.items()):
            counted.add_metric((issuer,), count)
        yield counted

    def _looked_up(self, presented: Presented) -> int:
        found = platform.unlisted(presented)
        new = [each for each in found if (presented.issuer, each.name) not in self._told]
        self._told.update((presented.issuer, each.name) for each in new)
        if new:
            said = {each.name: each.type for each in new}
            self._log.warning("issuer.unlisted_claims", issuer=presented.issuer, claims=said)
        return len(found)
