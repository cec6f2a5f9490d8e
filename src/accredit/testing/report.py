"""What became of the last request for a token, in lines for people: a failing test's report, or ``explanation``.

Rule 1: no token and no secret is in it; values that a token brought are escaped and cut as in the sign-in log.
Rule 2: the record of requests has claims, not tokens: what depends on the signature is said as it was answered.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from accredit import assertions
from accredit.errors import CATALOGUE, Refused
from accredit.explain import explain, unreadable
from accredit.signins import kept
from accredit.trust import Trusted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accredit import directory
    from accredit.app.asked import Asked, Shown
    from accredit.explain import Explanation, Step
    from accredit.signins import Event
    from accredit.testing.place import Directory, Place, Tenant
    from accredit.trust import FederatedCredential

TITLE: Final = "accredit: the last request for a token"
_MARKS: Final = {"pass": "✓", "fail": "✗", "skip": "–"}  # noqa: RUF001  a dash: it was not looked at
_CLAIMS: Final = {"issuer": "iss", "audience": "aud", "subject": "sub"}
_MATCHING: Final = frozenset({"parse", "issuer", "audience", "subject"})  # steps that need no signature
_UNSIGNED: Final = urlsafe_b64encode(bytes(256)).rstrip(b"=").decode()  # stands where a signature would


def of_last(where: Place, tenant: Tenant, asked: Sequence[Asked]) -> str:
    """Return the lines about the newest of these requests; empty when there is none."""
    if not asked:
        return ""
    last = asked[-1]
    lines = [_heading(last, len(asked))]
    if last.error:
        event = next((each for each in where.events(tenant, 1) if str(each.app_id) == last.client_id.lower()), None)
        lines += _refused(last, event, where.run(_explained(where.directory(tenant), tenant, last, where)))
    return "\n".join(lines)


def _heading(last: Asked, number: int) -> str:
    outcome = f"{last.error or 'refused'} (HTTP {last.status})" if last.status != 200 else "granted"  # noqa: PLR2004
    wanted = last.form.get("scope") or last.form.get("resource") or "nothing"
    which = "the only one" if number == 1 else f"the last of {number}"
    return f"{outcome}: client {last.client_id or '(none)'} asked for {wanted} at {last.at:%H:%M:%S} UTC ({which})"


def _refused(last: Asked, event: Event | None, found: Explanation | None) -> list[str]:
    lines = []
    if event is not None and f"AADSTS{event.code}" == last.error:
        lines.append(f"  said  {event.failure}")
        lines += [f"        ({event.detail})"] if event.detail else []
    if found is not None and found.code == last.error:
        lines.append(f"  why   {found.sentence}")
        lines += [line for step in found.steps if step.id in _MATCHING for line in _step(step, found)]
        edits = found.edits or (found.near[0].edits if found.near else ())
        lines += [f"  fix   {each.text}" for each in edits if each.text]
    else:
        rows = [row for row in CATALOGUE.values() if row.label == last.error]
        if last.assertion is not None:
            said = {name: last.assertion.claims.get(name) for name in _CLAIMS.values()}
            lines.append("  token " + ", ".join(f"{name} {kept(str(value))}" for name, value in said.items()))
        lines += [f"  fix   {each.advice}" for each in rows[:1] if each.advice]
    if event is not None:
        lines.append(f"  see   sign-in {event.id}, application {event.app_name}")
    return lines


def _step(step: Step, found: Explanation) -> list[str]:
    lines = [f"    {_MARKS[step.status]} {step.label}"]
    compared = found.near[0].comparisons if found.near and step.status == "fail" else ()
    for each in compared:
        if each.claim == _CLAIMS.get(step.id) and not each.passed:
            lines += [f"        credential  {each.expected}", f"        token       {each.presented}"]
    return lines


async def _explained(of: Directory, tenant: Tenant, last: Asked, where: Place) -> Explanation | None:
    """Explain the claims that were shown to the application; ``None`` where there are none, or no application."""
    if last.assertion is None:
        return None
    async with of.reading() as view:
        try:
            applications = await view.applications.find(app_id=UUID(last.client_id))
        except ValueError:
            return None
        if not applications:
            return None
        settings = await view.tenants.get(tenant.tenant_id)
        held = await view.credentials.find(application_id=applications[0].id)
    return _explanation(applications[0], settings, held, last.assertion, where)


def _explanation(
    application: directory.Application,
    tenant: directory.Tenant,
    held: Sequence[FederatedCredential],
    shown: Shown,
    where: Place,
) -> Explanation:
    name, now = application.display_name, where.now()
    policy = assertions.ENTRA if tenant.portability == "entra" else assertions.EXTENDED
    token = ".".join((*(_segment(each) for each in (shown.header, shown.claims)), _UNSIGNED))
    try:
        presented = assertions.parse(token, policy)
    except Refused as refused:
        return unreadable(refused, client=name, now=now)
    return explain(
        presented,
        Trusted(held, multi_audience=tenant.several_audiences),
        client=name,
        now=now,
        disabled=[each for each in held if not each.enabled],
        tenant=tenant,
    )


def _segment(value: object) -> str:
    return urlsafe_b64encode(msgspec.json.encode(value)).rstrip(b"=").decode()
