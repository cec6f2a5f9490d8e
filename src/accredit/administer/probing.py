"""Visits to issuers that an administrator asks for: a probe that looks at every step, and a fetch that is due now.

Rule 1: each is recorded before it begins, with where it goes: whoever makes this authority visit a host is known.
Rule 2: so many a minute and tenant, counted over all processes by these records.
Rule 3: a probe keeps nothing: what sign-ins are proven with is fetched by the exchange and by ``fetch_now`` only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from accredit import policy
from accredit.administer.issuers import KIND, allowed, fresh
from accredit.administer.limits import invalid
from accredit.errors import GRAPH_THROTTLED, OBJECT_NOT_FOUND, Refused, shown
from accredit.issuers import Issuer, discovery, probe_documents, probe_visit, refuse_own, url
from accredit.issuers.keyset import EMPTY
from accredit.issuers.probe import TITLES, VERDICTS, Probe, Step, skipped, verdict_of
from accredit.query import And, Compare, Query
from accredit.signins import Target
from accredit.trust import discovery_suffix

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from uuid import UUID

    from accredit.administer.administrator import Administrator, Change
    from accredit.administer.key_watch import KeyWatch
    from accredit.directory import Tenant
    from accredit.issuers import KeySet
    from accredit.issuers.probe import ProbedKey, Seen, Status
    from accredit.issuers.watching import KeyState
    from accredit.signins import Operation

MOST: Final = 6  # visits of a kind, for a tenant
WITHIN: Final = timedelta(minutes=1)
PROBED: Final = "Probe issuer"
FETCHED: Final = "Fetch issuer keys"
_NETWORK: Final = ("P3", "P4", "P5", "P6", "P7", "P8", "P9", "P10", "P11")


async def probe(
    by: Administrator, watch: KeyWatch, tenant_id: UUID, *, issuer_id: UUID | None = None, url: str = ""
) -> Probe:
    """Visit the issuer of a record, or of one that ``url`` would make, and tell what each step found.

    404 for a record that the tenant has not; 429 (GRAPH_THROTTLED) above ``MOST`` visits a minute.
    """
    async with by.change() as change:
        tenant = await change.store.tenants.get(tenant_id)
        first, record, stored = await _meant(change, tenant, issuer_id, url)
        target = Target(id=record.id, kind=KIND, name=record.url if first.status != "fail" or stored else shown(url))
        await _admit(change, tenant_id, PROBED, "Probe", target)
    made = _Probing(by, watch, tenant, record, [first])
    if first.status == "fail" and not stored and not _readable(record):
        made.steps += skipped("P2", *_NETWORK, "P12", "P13", "P14")
    else:
        await made.run()
    steps = (*made.steps, made.summary())
    issuer = record.url if stored else shown(url)
    return Probe(
        issuer=issuer,
        issuer_id=record.id if stored else None,
        at=change.at,
        steps=steps,
        keys=made.keys,
        verdict=verdict_of(steps),
    )


async def fetch_now(by: Administrator, watch: KeyWatch, issuer_id: UUID) -> KeyState:
    """Fetch the keys of a record now, whatever was to be waited for, and say how they stand then.

    404; 400 for keys that are uploaded; 429 (GRAPH_THROTTLED) above ``MOST`` visits a minute.
    """
    async with by.change() as change:
        record = await change.store.issuers.get(issuer_id)
        if not record.fetches:
            raise invalid("keySource", KIND, "its keys are uploaded: nothing is ever fetched")
        target = Target(id=record.id, kind=KIND, name=record.url)
        await _admit(change, record.tenant_id, FETCHED, "Update", target)
    return await watch.fetch(record)


async def _admit(change: Change, tenant_id: UUID, activity: str, operation: Operation, target: Target) -> None:
    """Record a visit, unless there were too many lately."""
    since, now = change.at - WITHIN, change.at
    condition = And(
        (
            Compare("activityDisplayName", "eq", activity),
            Compare("activityDateTime", "gt", since),
            Compare("activityDateTime", "le", now),
        )
    )
    lately = await change.store.audits.search(Query(condition=condition, limit=MOST), tenant_id=tenant_id)
    if len(lately.things) >= MOST:
        refused = Refused(GRAPH_THROTTLED, detail=f"{MOST} visits a minute to the issuers of a tenant are enough")
        oldest = min(each.at for each in lately.things)
        refused.retry_after = max(1, -int(-(oldest + WITHIN - now).total_seconds() // 1))
        raise refused
    await change.record(activity, operation, target, tenant_id=tenant_id)


async def _meant(change: Change, tenant: Tenant, issuer_id: UUID | None, text: str) -> tuple[Step, Issuer, bool]:
    """Return step P1, the record that is probed, and whether it is stored."""
    begun = change.by.clock()
    if issuer_id is not None:
        found = await change.store.issuers.find(tenant_id=tenant.id, id=issuer_id)
        if not found:
            raise Refused(OBJECT_NOT_FOUND, id=issuer_id)
    else:
        found = await change.store.issuers.find(tenant_id=tenant.id, url=text)
    if len(found) == 1:
        record = found[0]
        return _took(_grammar(record.url, change, tenant, record), begun, change.by.clock()), record, True
    record = fresh(change, tenant, url.IssuerUrl(text))
    return _took(_grammar(text, change, tenant, None), begun, change.by.clock()), record, False


def _grammar(text: str, change: Change, tenant: Tenant, record: Issuer | None) -> Step:
    """Return step P1."""
    opaque = record is not None and not record.fetches and tenant.portability == "extended"
    try:
        url.parse(text, loopback_http=change.by.emulator, opaque=opaque)
    except Refused as refused:
        remedy = "Write the issuer as its tokens do (iss): https, a name, no query, no fragment."
        return Step(id="P1", status="fail", value=refused.detail.removeprefix("issuer: "), remedy=remedy)
    if suffix := discovery_suffix(text):
        remedy = f"The issuer is the part before it: {text.removesuffix(suffix)}"
        return Step(id="P1", status="fail", value="it is the address of the discovery document", remedy=remedy)
    return Step(id="P1", status="pass", value=text)


def _readable(record: Issuer) -> bool:
    try:
        url.split(record.url)
    except ValueError:
        return False
    return True


@dataclass(slots=True)
class _Probing:
    """One probe in the making."""

    by: Administrator
    watch: KeyWatch
    tenant: Tenant
    record: Issuer
    steps: list[Step]
    keys: tuple[ProbedKey, ...] = ()
    spent: float = 0.0  # seconds of the time for all documents
    refreshed: float = 0.0  # seconds after which keys are fetched again
    _begun: datetime | None = field(default=None)

    async def run(self) -> None:
        """Make steps P2 to P14."""
        self._add(self._policy)
        if not self.record.fetches:
            self.steps += skipped(*_NETWORK, why="the keys are uploaded: nothing is fetched")
            self._judge((self.record.jwks or "").encode())
            return
        address = self.record.jwks_url or ""
        if self.record.key_source == "discovery":
            address = await self._discovered()
        await self._fetched(address)

    def summary(self) -> Step:
        """Return step P16."""
        verdict = verdict_of(tuple(self.steps))
        wrong = [f"{each.id} {each.title}" for each in self.steps if each.status == "fail"]
        odd = [f"{each.id} {each.title}" for each in self.steps if each.status == "warn"]
        value = VERDICTS[verdict] + (f": {', '.join(wrong or odd)}" if wrong or odd else "")
        if wrong:
            remedy = next(each.remedy for each in self.steps if each.status == "fail")
            return Step(id="P16", status="fail", value=value, remedy=remedy)
        again = f"; keys are fetched again {_minutes(self.refreshed)} after each fetch" if self.refreshed else ""
        return Step(id="P16", status="warn" if odd else "pass", value=value + again)

    def _policy(self) -> Step:
        """Return step P2."""
        if self.record.blocked:
            remedy = f"Accept it again: accredit issuer unblock {self.record.id}."
            return Step(
                id="P2", status="fail", value="the record is blocked: nothing it signed is accepted", remedy=remedy
            )
        try:
            refuse_own(self.record.url, self.by.own_issuers)
        except Refused as refused:
            remedy = (
                "No authority federates with itself, with an emulator, or with Microsoft Entra ID: use another issuer."
            )
            return Step(id="P2", status="fail", value=refused.detail, remedy=remedy)
        mode = policy.mode_of(self.tenant, "allowedIssuers")
        if mode != "off" and not self.tenant.allows(self.record.url):
            remedy = "An administrator may add it to the issuers that the tenant allows: accredit tenant update."
            status: Status = "fail" if mode == "enforce" else "warn"
            return Step(id="P2", status=status, value="the tenant does not allow this issuer", remedy=remedy)
        if wrong := [each for each in self.record.algorithms if not allowed(self.tenant, each)]:
            remedy = "Tokens signed so are refused; take them out of the record (--algorithm)."
            return Step(id="P2", status="warn", value=f"the tenant does not allow {', '.join(wrong)}", remedy=remedy)
        return Step(id="P2", status="pass", value="nothing forbids it")

    async def _discovered(self) -> str:
        """Make steps P3 to P10, and return where the keys are; "": nobody knows, or they may not be there."""
        seen = await self._visited(discovery.address(self.record.url))
        self.steps += probe_visit.steps_of(seen, self.by.clock())
        self.steps.append(probe_visit.answer_of("P7", seen, self.record))
        if seen.failed:
            self.steps += skipped("P8", "P9", "P10")
            return ""
        begun = self.by.clock()
        readable, same, said = probe_documents.discovery_read(seen.body, self.record)
        self.steps += (_took(readable, begun, self.by.clock()), same)
        if said is None:
            self.steps += skipped("P10")
            return ""
        place = probe_documents.place_of_keys(said, self.record)
        self.steps.append(place)
        return (said.jwks_uri or "") if place.status == "pass" else ""

    async def _fetched(self, address: str) -> None:
        """Make steps P11 to P14, and all before them where discovery was not asked."""
        if not address:
            self.steps += skipped("P11", "P12", "P13", "P14")
            return
        seen = await self._visited(address)
        if self.record.key_source != "discovery":
            self.steps += probe_visit.steps_of(seen, self.by.clock())
            self.steps += skipped("P7", "P8", "P9", why="the record says where its keys are: discovery is not asked")
            self.steps.append(probe_documents.configured_place(self.record))
        self.steps.append(probe_visit.answer_of("P11", seen, self.record))
        if seen.failed:
            self.steps += skipped("P12", "P13", "P14")
            return
        self.refreshed = self.watch.refresh_in(seen.cache_control)
        self._judge(seen.body)

    def _judge(self, document: bytes) -> None:
        """Make steps P12 to P14."""
        begun = self.by.clock()
        accepted, algorithms, found, self.keys = probe_documents.keys_read(document, self.record)
        self.steps += (_took(accepted, begun, self.by.clock()), algorithms)
        if found is EMPTY:
            self.steps += skipped("P14")
            return
        self._add(lambda: self._difference(found, document))

    def _difference(self, found: KeySet, document: bytes) -> Step:
        shared = self.watch.sharing(self.record, [each.thumbprint for each in found.keys])
        return probe_documents.difference_of(found, self.record, document, self.watch.before(self.record), shared)

    async def _visited(self, address: str) -> Seen:
        seen = await self.watch.visit(self.record, address, spent=self.spent)
        self.spent += sum(seen.took.values()) / 1_000
        return seen

    def _add(self, step: Callable[[], Step]) -> None:
        begun = self.by.clock()
        self.steps.append(_took(step(), begun, self.by.clock()))


def _took(step: Step, begun: datetime, ended: datetime) -> Step:
    """Return a step with its time; a clock that is set meanwhile makes it none."""
    return replace(step, milliseconds=max(0.0, (ended - begun).total_seconds() * 1_000))


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min"


assert set(_NETWORK) < set(TITLES)  # noqa: S101  a step that is skipped has a title
