"""Trusts of all platforms, and what is to be said of each; ``tests/data/trusts.toml`` explains its members."""

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from accredit.issuers import OwnIssuers
from accredit.issuers.record import Issuer, Portability
from accredit.issuers.url import IssuerUrl
from accredit.trust.credential import MultiAudience
from accredit.trust.lint import LEVELS, Context
from accredit.trust.lint.context import Cloud
from accredit.trust.written import WrittenTrust

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
OWN = "https://accredit.example"
FILE = Path(__file__).parents[2] / "data/trusts.toml"
SEVERAL: dict[Portability, MultiAudience] = {"entra": "contained", "extended": "refuse"}


class Known(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What else is known."""

    created_days_ago: int | None = None
    used_days_ago: int | None = None
    cloud: Cloud = "public"
    algorithms: frozenset[str] | None = None
    shared_thumbprints: frozenset[str] = frozenset()
    generations: frozenset[str] = frozenset()
    unresolvable: bool = False
    lifetime: int | None = None
    without_exp: bool = False
    emulator: bool = False


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One trust of the corpus."""

    says: str
    issuer: str
    portability: Portability = "entra"
    subject: str | None = None
    expression: str | None = None
    version: int = 1
    audience: str = "api://AzureADTokenExchange"
    audiences: tuple[str, ...] | None = None  # other than one
    preset: str | None = None
    enabled: bool = True
    multi_audience: MultiAudience | None = None
    listed_audiences: tuple[str, ...] = ()
    record: dict[str, Any] = {}
    context: Known = Known()
    beside: int | str = 0
    error: tuple[str, ...] = ()
    warn: tuple[str, ...] = ()
    info: tuple[str, ...] = ()

    @property
    def expected(self) -> frozenset[tuple[str, str]]:
        """Every finding, as level and rule."""
        return frozenset((level, f"FIC-{name}") for level in LEVELS for name in getattr(self, level))

    @property
    def trust(self) -> WrittenTrust:
        """The trust as it is written."""
        return WrittenTrust(
            name="trust",
            application="app",
            issuer=self.issuer,
            subject=self.subject,
            expression=self.expression,
            language_version=self.version,
            audiences=(self.audience,) if self.audiences is None else self.audiences,
            enabled=self.enabled,
            preset=self.preset,
            multi_audience=self.multi_audience,
            listed_audiences=self.listed_audiences,
            created_at=_ago(self.context.created_days_ago),
            last_used_at=_ago(self.context.used_days_ago),
            record=self._record if self.record else None,
        )

    @property
    def known(self) -> Context:
        """What is known beside it."""
        others = [self.trust] if self.beside == "same" else [_other(n) for n in range(int(self.beside))]
        return Context(
            portability=self.portability,
            own=OwnIssuers([OWN]),
            siblings=tuple(others),
            now=NOW,
            several_audiences=SEVERAL[self.portability],
            cloud=self.context.cloud,
            published_algorithms=self.context.algorithms,
            shared_thumbprints=self.context.shared_thumbprints,
            subject_generations=self.context.generations,
            unresolvable=self.context.unresolvable,
            observed_lifetime=self.context.lifetime,
            without_exp=self.context.without_exp,
            emulator=self.context.emulator,
        )

    @property
    def _record(self) -> Issuer:
        fields = {"id": UUID(int=1), "tenant_id": UUID(int=2), "url": IssuerUrl(self.issuer), "algorithms": ("RS256",)}
        return msgspec.convert({**fields, **self.record}, Issuer)


def _ago(days: int | None) -> datetime | None:
    return None if days is None else NOW - timedelta(days=days)


def _other(n: int) -> WrittenTrust:
    return WrittenTrust(name=f"other-{n}", application="app", issuer="https://idp.example.com", subject=f"workload-{n}")


ROWS: dict[str, Row] = {
    row.says: row for row in msgspec.convert(tomllib.loads(FILE.read_text("utf-8"))["trusts"], tuple[Row, ...])
}
