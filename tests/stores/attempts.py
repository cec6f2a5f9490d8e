"""What the tests of the sign-in log have in common: who signs in, and the file that it is written to."""

from __future__ import annotations

import sqlite3
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from accredit.assertions import Presented
from accredit.directory import Application, Client, KnownSecret, Resource, ServicePrincipal, Tenant
from accredit.errors import NOT_IN_TIME, SUBJECT_NOT_TRUSTED, Refused
from accredit.issuers import Issuer, IssuerUrl, KeyReference
from accredit.query import Compare, Order, Query
from accredit.signins import Sender
from accredit.stores import fresh
from accredit.stores.event_reader import EventReader
from accredit.stores.events import EventLog
from accredit.stores.quota import Quota
from accredit.stores.sqlite_events import SqliteSink
from accredit.trust import FederatedCredential, Trusted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from accredit.ports import SignIns
    from accredit.signins import Event, SignIn

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
GITHUB = IssuerUrl("https://token.actions.githubusercontent.com")
SUBJECT = "repo:octo-org@123456/octo-repo@456789:environment:production"
AUDIENCE = "api://AzureADTokenExchange"
ADDRESS = "192.0.2.7"


class Moving:
    """A clock that moves when it is told to."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


TENANT = Tenant(id=UUID(int=0x7E), display_name="Contoso", domains=("contoso.test",), created_at=START)


def client(number: int = 1, tenant: Tenant = TENANT) -> Client:
    """Return an application of its own for each number."""
    app_id = UUID(int=0xA00 + number)
    application = Application(
        id=UUID(int=0x0B00 + number),
        tenant_id=tenant.id,
        app_id=app_id,
        display_name=f"deploy-bot-{number}",
        created_at=START,
    )
    principal = ServicePrincipal(
        id=UUID(int=0x5B00 + number),
        tenant_id=tenant.id,
        app_id=app_id,
        display_name=application.display_name,
        created_at=START,
        application_id=application.id,
    )
    return Client(application, principal)


CLIENT = client()
ISSUER = Issuer(id=UUID(int=0x155), tenant_id=TENANT.id, url=GITHUB, algorithms=("RS256",))
OTHER_ISSUER = Issuer(id=UUID(int=0x156), tenant_id=TENANT.id, url=IssuerUrl("https://idp.test"), algorithms=("RS256",))
RESOURCE = Resource(
    principal_id=UUID(int=0x4E5),
    app_id=UUID(int=0x4E6),
    display_name="orders",
    names=("api://orders",),
    roles=(),
    token_version=2,
    application_id=UUID(int=0x4E7),
)


def credential(issuer: Issuer = ISSUER, number: int = 1) -> FederatedCredential:
    return FederatedCredential(
        id=UUID(int=0xC0 + number),
        tenant_id=TENANT.id,
        application_id=CLIENT.application.id,
        name=f"github-{number}",
        issuer=issuer,
        audience=AUDIENCE,
        created_at=START,
        subject=SUBJECT,
    )


TRUSTED = Trusted([credential(), credential(OTHER_ISSUER, 2)], multi_audience="contained")


def presented(subject: str = SUBJECT) -> Presented:
    now = START.timestamp()
    return Presented(
        issuer=GITHUB,
        subject=subject,
        audiences=(AUDIENCE,),
        key=KeyReference("RS256", "kid-1"),
        type="JWT",
        expires=now + 300,
        not_before=now,
        issued_at=now,
        token_id="jti-1",
        claims={},
        header={},
        signing_input=b"e30." + b"e" * 1_000,
        signature=b"s" * 256,
        digest="d" * 64,
    )


def sender(address: str = ADDRESS, **known: Any) -> Sender:
    return Sender(uuid4(), uuid4(), address, user_agent="azsdk-python/1.25", **known)


def fill_in_grant(signin: SignIn) -> None:
    """Fill in the form as a decision to issue does."""
    signin.wanted = "api://orders"
    signin.evidence = "federatedIdentityCredential"
    signin.presented = presented()
    signin.trusted = TRUSTED
    signin.credential = TRUSTED.credentials[0]
    signin.proof = KnownSecret(UUID(int=0x5EC))  # whatever the proof: it is there
    signin.resource = RESOURCE
    signin.roles = ("Orders.Read.All",)


async def granted(log: SignIns, at: datetime = START, who: Client = CLIENT, **sent: Any) -> UUID:
    """Go through one attempt that is granted; return its id."""
    came_from = sender(**sent)
    async with log.attempt(at, came_from, TENANT, who) as signin:
        fill_in_grant(signin)
    return came_from.trace


def unproven(subject: str = "repo:octo-org/other") -> Refused:
    return Refused(SUBJECT_NOT_TRUSTED, presented=subject)


def proven() -> Refused:
    """A refusal that is made only after the signature held."""
    return Refused(NOT_IN_TIME, now="n", valid_from="v", expires="e")


async def refused(
    log: SignIns,
    at: datetime = START,
    *,
    why: Refused | None = None,
    who: Client = CLIENT,
    tenant: Tenant = TENANT,
    subject: str = "repo:octo-org/other",
    **sent: Any,
) -> UUID:
    """Go through one attempt that is refused; return its id."""
    came_from = sender(**sent)
    refusal = why or unproven(subject)
    try:
        async with log.attempt(at, came_from, tenant, who) as signin:
            signin.presented = presented(subject)
            signin.trusted = TRUSTED
            raise refusal
    except Refused as answer:
        if answer is not refusal:
            raise
    return came_from.trace


@asynccontextmanager
async def opened(
    path: Path,
    clock: Moving | None = None,
    *,
    version: int = 0,
    quota: Quota | None = None,
    counter: Callable[[], float] = perf_counter,
    linger: float = 0.002,
    patience: float = 10.0,
    **sink: Any,
) -> AsyncIterator[EventLog]:
    """Open a log on the database at ``path``, which is made when it is not there. Decisions read ``version``."""
    if not path.exists():  # noqa: ASYNC240  a test: nobody waits for it. Processes that open one log do not race to make it
        fresh.create(path)
    sqlite = SqliteSink(path, clock or Moving(), **sink)
    log = EventLog(sqlite, lambda: version, quota or Quota(), counter, linger, patience)
    await log.start()
    try:
        yield log
    finally:
        await log.close()


def everything(path: Path, tenant: Tenant = TENANT) -> list[Event]:
    """Return the events of a tenant, in the order in which they arrived."""
    with EventReader(path) as reader:
        return reader.last(tenant.id, limit=1_000_000)[::-1]


def of_correlation(reader: EventReader, tenant_id: UUID, correlation_id: UUID) -> list[Event]:
    """Return the events of one correlation id, oldest first."""
    query = Query(
        condition=Compare("correlationId", "eq", str(correlation_id)), order=Order("createdDateTime"), limit=50
    )
    return list(reader.search(tenant_id, query).things)


def ids(path: Path) -> set[UUID]:
    return {event.id for event in everything(path)}


def change(path: Path, *keys: UUID) -> int:
    """Change something as another process does: raise the version and name what was touched."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        (version,) = other.execute("UPDATE configuration SET version = version + 1 RETURNING version").fetchone()
        other.executemany("INSERT INTO changes VALUES (?, ?)", [(version, str(key)) for key in keys])
        other.execute("COMMIT")
    return int(version)
