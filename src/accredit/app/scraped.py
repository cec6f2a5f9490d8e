"""What a scrape reads: figures that others keep as plain numbers anyway, turned into metrics when somebody asks.

Rule 1: counters only rise, whatever is changed, dropped or blocked while they do.
Rule 2: labels are registered issuers' URLs, ids of our own keys, and words of ours; nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from accredit.app.exporting import Exporter
    from accredit.outbound import Standing
    from accredit.stores.events import EventLog
    from accredit.tokens import SigningKey


@dataclass(frozen=True, slots=True)
class Scraped(Collector):
    """Reads one authority."""

    issuers: Callable[[], Sequence[Standing]]
    log: EventLog
    signing_keys: Callable[[], Iterable[SigningKey]]
    limited: Callable[[], Mapping[str, int]]  # answers 429 so far, by whose limit it was: process, sender

    def collect(self) -> Iterator[Metric]:
        """Yield everything that is kept elsewhere."""
        issuers = self.issuers()
        yield from _fetches(issuers)
        yield from _keys(issuers)
        yield from self._signins()
        yield self._stages(issuers)
        yield _counted("rate_limited", "Token requests answered 429, by whose limit it was.", self.limited(), "scope")
        since = GaugeMetricFamily(
            "accredit_signing_key_active_timestamp_seconds", "When the key began to sign, or will.", labels=("kid",)
        )
        for each in self.signing_keys():
            since.add_metric((each.kid,), each.activates_at.timestamp())
        yield since

    def _signins(self) -> Iterator[Metric]:
        figures = self.log.figures
        rows = (
            ("signin_events_written", "Sign-in events stored in full.", figures.written),
            ("signin_events_counted", "Refusals that only raised the number of an aggregate.", figures.counted),
            ("signin_aggregates_written", "Writes of aggregate events.", figures.aggregates),
            ("signin_events_lost", "Events that nobody waited for and that could not be written.", figures.unrecorded),
            ("signin_assertions_reused", "Grants refused because the assertion was used before.", figures.reused),
            ("signin_decided_again", "Decisions made again because the trust had changed.", figures.outdated),
            ("signin_batches_failed", "Writes of the sign-in log that failed.", figures.failures),
        )
        for name, what, value in rows:
            yield CounterMetricFamily(f"accredit_{name}", what, value=value)
        yield GaugeMetricFamily(
            "accredit_signin_log_healthy", "1 while events can be written.", value=float(not self.log.trouble)
        )
        yield GaugeMetricFamily(
            "accredit_signin_log_reserve",
            "1 while the disk is so full that unproven refusals are only counted.",
            value=float(self.log.reserve),
        )

    def _stages(self, issuers: Sequence[Standing]) -> Metric:
        """Only what is measured without making an exchange slower: waiting for an issuer, writing a batch of events."""
        took = SummaryMetricFamily(
            "accredit_exchange_stage_duration_seconds",
            "Time that stages took: keys, when a fetch was waited for; record, each batch of events.",
            labels=("stage",),
        )
        waits, waited = sum(each.figures.waits for each in issuers), sum(each.figures.waited for each in issuers)
        took.add_metric(("keys",), waits, waited)
        took.add_metric(("record",), self.log.figures.batches, self.log.figures.seconds)
        return took


@dataclass(frozen=True, slots=True)
class Exported(Collector):
    """Reads the exporter of the sign-in log."""

    exporter: Exporter

    def collect(self) -> Iterator[Metric]:
        """Yield how far behind it is, and what it has done."""
        figures = self.exporter.figures
        if figures.looked:
            yield GaugeMetricFamily(
                "accredit_export_lag_events",
                "Stored events that the collector has not confirmed.",
                value=figures.behind,
            )
            yield GaugeMetricFamily(
                "accredit_export_lag_seconds", "Age of the first of them.", value=self.exporter.lag()
            )
        yield _counted("exported", "Records by what became of them.", figures.counted, "result")
        yield CounterMetricFamily(
            "accredit_export_failures", "Requests that the collector did not take.", value=figures.failures
        )


def _fetches(issuers: Sequence[Standing]) -> Iterator[Metric]:
    fetches = CounterMetricFamily(
        "accredit_issuer_fetch", "Fetches of keys, by the step that failed or ok.", labels=("issuer", "result")
    )
    took = SummaryMetricFamily("accredit_issuer_fetch_duration_seconds", "Time that fetches took.", labels=("issuer",))
    for each in issuers:
        figures = each.figures
        under_way = figures.fetches - figures.ended
        fetches.add_metric((each.url, "ok"), figures.fetches - under_way - figures.failures.total())
        for step, count in sorted(figures.failures.items()):
            fetches.add_metric((each.url, step), count)
        took.add_metric((each.url,), figures.ended, figures.seconds)
    yield fetches
    yield took
    yield _counted("issuer_fetched_bytes", "Bytes of documents.", {e.url: e.figures.octets for e in issuers})
    yield _counted(
        "jwks_stale_exchanges", "Exchanges by keys past their fresh time.", {e.url: e.figures.stale for e in issuers}
    )
    yield _counted(
        "jwks_unknown_kid", "Unknown key ids answered without a fetch.", {e.url: e.figures.unknown for e in issuers}
    )
    yield _counted(
        "jwks_turned_away", "Requests beyond those that may wait.", {e.url: e.figures.turned_away for e in issuers}
    )


def _keys(issuers: Sequence[Standing]) -> Iterator[Metric]:
    up = GaugeMetricFamily("accredit_issuer_up", "1 while the last fetch succeeded.", labels=("issuer",))
    keys = GaugeMetricFamily("accredit_issuer_keys", "Usable keys of an issuer.", labels=("issuer",))
    age = GaugeMetricFamily(
        "accredit_issuer_keys_age_seconds", "Time since an issuer's keys were fetched.", labels=("issuer",)
    )
    for each in issuers:
        if each.keys is not None:
            up.add_metric((each.url,), float(each.up))
            keys.add_metric((each.url,), each.keys)
        if each.age is not None:
            age.add_metric((each.url,), each.age)
    yield from (up, keys, age)


def _counted(name: str, what: str, values: Mapping[str, int], label: str = "issuer") -> Metric:
    family = CounterMetricFamily(f"accredit_{name}", what, labels=(label,))
    for each, value in values.items():
        family.add_metric((each,), value)
    return family
