"""What operators see of a running authority: metrics and structured logs.

Rule 1: no label takes a value from a token or a request; tenants and issuers are labels where configured.
Rule 2: values from outside are fields of a log line, never formatted into its message.
Rule 3: tokens travel in types that do not print. What slips through all the same is dropped here: anything shaped like
a JWT whose first part decodes to a header, and any bearer value.
"""

from __future__ import annotations

import logging
import re
import sys
import time
from bisect import bisect_left
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final, TextIO, cast

import structlog
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from accredit import __version__
from accredit.errors import masked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, MutableMapping

    from accredit.errors import Refused
    from accredit.signins import Sender

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the buckets in which answers are counted by their time."""
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"})
MOST_REFUSALS_LOGGED: Final = 50  # a second; what follows is counted, so that a flood fills no disk
_EVENTS: Final = ("refused", "broken", "refusals_not_logged")
_BEARER: Final = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}")
_SECRET: Final = re.compile(r"(?i)\b(client_secret|client_assertion|password|cookie)=[^&\s]+")


def scrub(text: str) -> str:
    """Return ``text`` without anything that is a token or a secret. Host names with three labels survive."""
    return _SECRET.sub(r"\1=<masked>", _BEARER.sub(r"\1 <masked>", masked(text)))


def _scrubbed(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: _deep(value) for key, value in event.items()}


def _deep(value: Any) -> Any:  # noqa: ANN401  a log field may be anything
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, dict):
        return {key: _deep(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_deep(each) for each in value]
    return value if isinstance(value, int | float | bool | None) else scrub(str(value))


@dataclass(frozen=True)  # without slots: structlog keeps a weak reference
class _Lossy:
    """A stream that loses what it cannot write: a full disk or a dead reader of the log must not change an answer."""

    stream: TextIO

    def write(self, text: str) -> None:
        with suppress(OSError):
            self.stream.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            self.stream.flush()


def logger(*, level: str = "info", as_json: bool | None = None, stream: TextIO | None = None) -> structlog.BoundLogger:
    """Return the logger of this process: JSON lines unless ``stream`` (standard error) is a terminal."""
    out = stream or sys.stderr
    plain = as_json is False or (as_json is None and out.isatty())
    renderer = (
        structlog.dev.ConsoleRenderer(colors=plain and out.isatty()) if plain else structlog.processors.JSONRenderer()
    )
    made: structlog.BoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(cast("TextIO", _Lossy(out))),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _scrubbed,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
    )
    return made


class Exchanges(Collector):
    """Counts exchanges without a lock, on the one thread that makes them; Prometheus reads when it asks.

    The library's own counters and histograms take a lock and some four microseconds for each exchange.
    """

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, str, str], int] = {}
        self._buckets = {result: [0] * (len(SECONDS) + 1) for result in ("granted", "refused")}
        self._sums = dict.fromkeys(self._buckets, 0.0)

    def count(self, tenant: str, result: str, code: str, evidence: str, seconds: float) -> None:
        """Count one exchange that took ``seconds`` to answer."""
        key = (tenant, result, code, evidence)
        self._counts[key] = self._counts.get(key, 0) + 1
        self._buckets[result][bisect_left(SECONDS, seconds)] += 1
        self._sums[result] += seconds

    def collect(self) -> Iterator[Metric]:
        """Yield what was counted."""
        counted = CounterMetricFamily(
            "accredit_exchanges", "Token requests by outcome.", labels=("tenant", "result", "code", "evidence")
        )
        for key, count in tuple(self._counts.items()):
            counted.add_metric(key, count)
        yield counted
        took = HistogramMetricFamily("accredit_exchange_duration_seconds", "Time to answer.", labels=("result",))
        bounds = (*map(str, SECONDS), "+Inf")
        for result, buckets in self._buckets.items():
            took.add_metric((result,), list(zip(bounds, accumulate(buckets), strict=True)), self._sums[result])
        yield took


class Requests(Collector):
    """Counts calls to one of our APIs by method, route (a template, never what a caller wrote) and status."""

    def __init__(self, name: str, text: str) -> None:
        self._name, self._text = name, text
        self._counts: dict[tuple[str, str, str], int] = {}

    def count(self, method: str, route: str, status: int) -> None:
        """Count one answer. A method that is none of HTTP's usual ones is no label."""
        key = (method if method in METHODS else "other", route, str(status))
        self._counts[key] = self._counts.get(key, 0) + 1

    def collect(self) -> Iterator[Metric]:
        """Yield what was counted."""
        counted = CounterMetricFamily(self._name, self._text, labels=("method", "route", "status"))
        for key, count in tuple(self._counts.items()):
            counted.add_metric(key, count)
        yield counted


class Metrics:
    """The counters of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        self.exchanges = Exchanges()
        self.graph = Requests("accredit_graph_requests", "Calls to the directory API.")
        self.arm = Requests("accredit_arm_requests", "Calls to what stands for Azure Resource Manager.")
        for each in (self.exchanges, self.graph, self.arm):
            self.registry.register(each)
        build = Gauge("accredit_build_info", "The running version.", ("version",), registry=self.registry)
        build.labels(__version__).set(1)

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry)


class Journal:
    """Writes what happens to the log: every refusal up to a number a second, then one line with the count.

    ``what``: whose events they are, the first part of their names.
    """

    def __init__(
        self, log: structlog.BoundLogger, seconds: Callable[[], float] = time.monotonic, *, what: str = "exchange"
    ) -> None:
        self.log = log
        self._refused, self._broken, self._not_logged = (f"{what}.{each}" for each in _EVENTS)
        self._seconds = seconds
        self._second = 0
        self._written = 0
        self._suppressed = 0

    def refused(self, sender: Sender, refused: Refused, more: Mapping[str, object]) -> None:
        """Log one refusal at the level that says whose move it is."""
        second = int(self._seconds())
        if second != self._second:
            if self._suppressed:
                self.log.warning(self._not_logged, count=self._suppressed)
            self._second, self._written, self._suppressed = second, 0, 0
        if self._written >= MOST_REFUSALS_LOGGED:
            self._suppressed += 1
            return
        self._written += 1
        write = {"us": self.log.error, "operator": self.log.warning, "outside": self.log.warning}.get(
            refused.row.move, self.log.info
        )
        write(
            self._refused,
            code=refused.row.label,
            reason=refused.message,
            detail=refused.detail,
            trace=str(sender.trace),
            correlation_id=str(sender.correlation),
            address=sender.address,
            **more,
        )

    def broken(self, sender: Sender, error: BaseException) -> None:
        """Log an error of our own with its traceback, scrubbed."""
        self.log.error(self._broken, trace=str(sender.trace), exc_info=error)
