"""Explaining a token against trusts that stand in files: nothing is registered, stored, or fetched."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

import click

from accredit.cli import inputs
from accredit.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accredit.assertions import Policy, Presented
    from accredit.cli.session import Session
    from accredit.explain import Explanation
    from accredit.trust import FederatedCredential, MultiAudience, Trusted
    from accredit.trust.written import WrittenTrust

_NAMED: Final = UUID("6f0f5b0c-6f0e-4c57-9d0b-4f5f4b8f2f11")  # ids of what stands in files are made from what it says
_MATCHES: Final = 101  # what a credential scores that matches, though the token is refused for something else
_UNSAID: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody wants to know, and how."""

    token: str
    application: str | None
    everywhere: bool
    form: str  # text or github
    online: bool


@dataclass(slots=True)
class Held:
    """What an application of a file trusts, and where that stands."""

    name: str
    credentials: list[FederatedCredential] = field(default_factory=list)
    sources: dict[UUID, str] = field(default_factory=dict)


def explained(session: Session, files: Sequence[str], asked: Asked, portability: str) -> list[tuple[Explanation, str]]:
    """Explain a token for the applications of some files; beside each where its nearest credential stands."""
    from accredit import assertions
    from accredit import explain as explaining
    from accredit.app import chance
    from accredit.trust import Trusted

    policy = assertions.ENTRA if portability == "entra" else assertions.EXTENDED
    every = _held(session, files, policy)
    meant, now = _meant(every, asked), chance.now()
    try:
        presented = assertions.parse(asked.token, policy)
    except Refused as refused:
        return [(explaining.unreadable(refused, client=each.name, now=now, token=asked.token), "") for each in meant]
    rule: MultiAudience = "contained" if portability == "entra" else "refuse"
    trust = {each.name: Trusted(each.credentials, multi_audience=rule) for each in every}
    found = [_explained(each, trust, every, presented, now) for each in meant]
    return sorted(found, key=lambda each: nearness(each[0]))


def nearness(of: Explanation) -> tuple[bool, float, str]:
    """Return what the explanations of several applications are ordered by: the nearest first, then by name."""
    matches = any(each.id == "subject" and each.status == "pass" for each in of.steps)
    score = max((near.score for near in of.near), default=_MATCHES if matches else 0)
    return of.outcome != "accepted", -score, of.application.casefold()


def _explained(
    of: Held,
    trust: dict[str, Trusted],
    every: Sequence[Held],
    presented: Presented,
    now: datetime,
) -> tuple[Explanation, str]:
    from accredit import explain as explaining

    rule = trust[of.name].multi_audience
    others = [(each.name, each.credentials) for each in every if each is not of]
    told = explaining.explain(
        presented,
        trust[of.name],
        client=of.name,
        now=now,
        disabled=[each for each in of.credentials if not each.enabled],
        elsewhere=explaining.trusting(others, presented, rule),
    )
    near = told.near[0].credential_id if told.near else None
    matched = next((each.id for each in of.credentials if each.name == told.credential), None)
    return told, of.sources.get(near or matched or _NAMED, "")


def _held(session: Session, files: Sequence[str], policy: Policy) -> list[Held]:
    """Read files, and sort what they trust by application."""
    from accredit.interop import files as documents

    found: dict[str, Held] = {}
    for path in files:
        read = documents.read(inputs.text_file(path, most=documents.LARGEST), path)
        for note in read.notes:
            session.note(note)
        for each in read.trusts:
            name = each.application or path
            held = found.setdefault(name, Held(name))
            try:
                made = _credential(each, policy, len(held.credentials))
            except Refused as refused:
                session.warn(f"{each.source}: {each.name} can match nothing: {refused.detail or refused.message}")
                continue
            held.credentials.append(made)
            held.sources[made.id] = each.source
    return [*found.values()]


def _credential(of: WrittenTrust, policy: Policy, number: int) -> FederatedCredential:
    """Return a trust as matching reads it. ``Refused`` for an expression that is none."""
    from accredit.issuers import Issuer, IssuerUrl
    from accredit.trust import FederatedCredential
    from accredit.trust import expression as language

    record = Issuer(
        id=uuid5(_NAMED, of.issuer), tenant_id=_NAMED, url=IssuerUrl(of.issuer), algorithms=policy.algorithms
    )
    return FederatedCredential(
        id=uuid5(_NAMED, f"{of.source} {number} {of.name}"),
        tenant_id=_NAMED,
        application_id=_NAMED,
        name=of.name,
        issuer=of.record or record,
        audience=of.audiences[0] if len(of.audiences) == 1 else "",
        created_at=of.created_at or _UNSAID,
        subject=of.subject,
        expression=language.parse(of.expression, of.language_version) if of.expression else None,
        description=of.description,
        enabled=of.enabled,
        multi_audience=of.multi_audience,
        listed_audiences=of.listed_audiences,
    )


def _meant(every: Sequence[Held], asked: Asked) -> list[Held]:
    if (wanted := asked.application) is not None:
        found = [each for each in every if each.name.casefold() == wanted.casefold()]
        if not found:
            there = ", ".join(each.name for each in every) or "none"
            raise click.UsageError(f"the files have no application {wanted}; there are: {there}")
        return found
    if not every:
        raise click.UsageError("there is no credential in the files: an application without one trusts nobody")
    if len(every) > 1 and not asked.everywhere:
        raise click.UsageError(f"the files have {len(every)} applications; say which one (-a APP), or --all")
    return [*every]
