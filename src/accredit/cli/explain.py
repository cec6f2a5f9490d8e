"""``accredit explain``: would this token be accepted, and if not, exactly why, and what to change.

Rule 1: nothing is fetched unless ``--online`` is given, and then the keys of registered issuers only: a record says
where they are, never the token.
Rule 2: the token stays in memory; what is printed of it went through the filter that sign-in events go through.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import click
from msgspec.structs import replace

from accredit.cli import failures, inputs, names
from accredit.cli.desk import UploadedKeys, on_desk
from accredit.cli.failures import Answered
from accredit.cli.grammar import command
from accredit.cli.ink import cells, folded, safe, width
from accredit.cli.session import Session
from accredit.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from uuid import UUID

    from accredit.assertions import Presented
    from accredit.cli.desk import Desk
    from accredit.cli.ink import Ink
    from accredit.directory import Application, Tenant
    from accredit.explain import Comparison, Explanation, Near, Step
    from accredit.issuers import Issuer
    from accredit.ports import Keys, Transaction
    from accredit.trust import FederatedCredential

MARKS: Final = {"pass": "✓", "fail": "✗", "skip": "–"}  # noqa: RUF001  a dash: it was not tried
_UNCHECKED: Final = "would match, if its signature holds (not checked)"
_LABEL: Final = 16  # columns of a step's label
_INDENT: Final = " " * 6
_CLAIMS: Final = {"iss": "issuer", "aud": "audience", "sub": "subject"}


def _token(context: click.Context, _parameter: click.Parameter, given: str) -> str:
    """Read the token before the store is opened: that it is none is the first thing to say."""
    return inputs.token(given, context.ensure_object(Session))


@command("explain")
@click.argument("token", metavar="TOKEN", callback=_token)
@click.option(
    "-a", "--app", "application", metavar="APP", help="For this application, by name, client id or object id."
)
@click.option("--all", "everywhere", is_flag=True, help="For every application of the tenant, the nearest first.")
@click.option("--online", is_flag=True, help="Fetch the issuer's keys, if it is registered, and check the signature.")
@click.option("--ready-file", metavar="FILE", help="The ready file of the emulator whose test issuer has the keys.")
@click.option("--url", envvar="ACCREDIT_URL", help="Its address, https://localhost:8443 if not given (ACCREDIT_URL).")
@on_desk
async def explain(
    desk: Desk,
    token: str,
    application: str | None,
    everywhere: bool,
    online: bool,
    ready_file: str | None,
    url: str | None,
) -> None:
    """Would this token sign an application in? If not: why, and what to change.

    TOKEN is -, @FILE or env:NAME. Without --online nothing is fetched: a signature is checked where the issuer's keys
    were uploaded.

    Exit code 0: it would, every check was made; 3: it would not, or its signature was not checked, so that nobody
    knows; 7: the issuer's keys could not be fetched.
    """
    if ready_file and not url:
        url = str(inputs.ready(ready_file).get("url", ""))
    async with desk.reading() as store:
        tenant = await store.tenants.get((await names.tenant(store, desk.session.tenant)).id)
        asked = await _asked(store, tenant, application, everywhere=everywhere)
        records = await names.everything(store.issuers, tenant_id=tenant.id)
        held = {each.id: await _trusted(store, each, records) for each in asked}
    presented = _read(token, tenant)
    named = [] if isinstance(presented, Refused) else [each for each in records if each.url == presented.issuer]
    at_hand = _fetched(desk, presented, named, url or "") if online else AtHand(UploadedKeys())
    found = [_explanation(desk, tenant, presented, each, held[each.id], named, at_hand) for each in asked]
    found.sort(key=_nearness)
    _print(desk, found if everywhere else found[0], hint=not online and any(each.fetches for each in named))
    if at_hand.refused:
        raise Answered(failures.UNREACHABLE)
    if not any(each.outcome == "accepted" and each.complete for each in found):
        raise Answered(failures.NO)


async def _asked(store: Transaction, tenant: Tenant, wanted: str | None, *, everywhere: bool) -> list[Application]:
    if wanted is not None:
        if everywhere:
            raise click.UsageError("-a APP and --all say two different things; give one of them")
        return [await names.application(store, tenant, wanted)]
    every = await names.everything(store.applications, tenant_id=tenant.id)
    if not every or (len(every) > 1 and not everywhere):
        raise click.UsageError(f"this tenant has {len(every)} applications; say which one (-a APP), or --all")
    return every


def _nearness(of: Explanation) -> tuple[bool, float, str]:
    """Return what the explanations of several applications are ordered by: the nearest first, then by name."""
    return of.outcome != "accepted", -max((near.score for near in of.near), default=0), of.application.casefold()


async def _trusted(store: Transaction, of: Application, records: Sequence[Issuer]) -> list[FederatedCredential]:
    """Return what an application trusts, with the whole record of each issuer: from elsewhere only its id may come."""
    whole = {each.id: each for each in records}
    found = await store.credentials.find(application_id=of.id)
    return [replace(each, issuer=whole.get(each.issuer.id, each.issuer)) for each in found]


@dataclass(frozen=True, slots=True)
class AtHand:
    """The keys that there are, and why those of a record could not be had, by its id."""

    keys: Keys
    refused: Mapping[UUID, Refused] = field(default_factory=dict)


def _read(text: str, tenant: Tenant) -> Presented | Refused:
    from accredit import assertions

    try:
        return assertions.parse(text, assertions.ENTRA if tenant.portability == "entra" else assertions.EXTENDED)
    except Refused as refused:
        return refused


def _fetched(desk: Desk, presented: Presented | Refused, named: Sequence[Issuer], url: str) -> AtHand:
    """Fetch the keys of the records that the token's issuer has, where the exchange would."""
    if isinstance(presented, Refused):
        return AtHand(UploadedKeys())
    if not named:
        desk.session.note(f"{safe(presented.issuer)} is not registered: nothing is fetched.")
        return AtHand(UploadedKeys())
    asked = [each for each in named if _may_prove(desk, presented, each)]
    found = desk.place.fetched(asked, presented.key, url)
    for refused in found.refused.values():
        desk.session.warn(f"the issuer's keys cannot be fetched: {refused.detail}")
    if found.refused and desk.place.emulator:
        desk.session.note("An emulator's test issuers answer while it runs: --ready-file FILE or --url URL says where.")
    return AtHand(found.keys, found.refused)


def _may_prove(desk: Desk, presented: Presented, record: Issuer) -> bool:
    """Whether keys can help: the exchange fetches none for its own issuer, a blocked one, or another algorithm."""
    from accredit import assertions, issuers

    try:
        issuers.refuse_own(presented.issuer, desk.place.own_issuers)
        assertions.refuse_algorithm(presented.key, record)
    except Refused:
        return False
    return True


def _explanation(
    desk: Desk,
    tenant: Tenant,
    presented: Presented | Refused,
    application: Application,
    credentials: Sequence[FederatedCredential],
    named: Sequence[Issuer],
    at_hand: AtHand,
) -> Explanation:
    from accredit import exchange
    from accredit import explain as explaining
    from accredit.trust import Trusted

    name, now = application.display_name, desk.now
    if isinstance(presented, Refused):
        return explaining.unreadable(presented, client=name, now=now)
    keys = {each.id: found for each in named if (found := at_hand.keys.at_hand(each)).keys}
    return explaining.explain(
        presented,
        Trusted(credentials, multi_audience=tenant.several_audiences),
        client=name,
        now=now,
        own=desk.place.own_issuers,
        keys={**at_hand.refused, **keys},
        proof=exchange.state_of_proof(presented, named, at_hand.keys, now),
        disabled=[each for each in credentials if not each.enabled],
        tenant=tenant,
    )


def _print(desk: Desk, found: Explanation | list[Explanation], *, hint: bool) -> None:
    import msgspec

    session = desk.session
    if session.output != "table" or session.query:
        session.show(msgspec.to_builtins(found))
        return
    for number, each in enumerate(found if isinstance(found, list) else [found]):
        if number:
            session.say("")
        for line in drawn(each, session.ink, hint=hint):
            session.say(line)


def drawn(found: Explanation, ink: Ink, *, hint: bool = False) -> list[str]:
    """Draw an explanation for people: the answer, the first reason, every step. ``hint``: keys can be fetched."""
    near = found.near[0] if found.near else None
    name = found.credential or (near.name if near else "")
    if found.outcome != "accepted":
        answer, paint = "no match" if near else "refused", ink.bad
    else:
        answer, paint = ("match", ink.good) if found.complete else (_UNCHECKED, ink.bold)
    title = safe(found.application) + (f" / {safe(name)}" if name else "")
    lines = [*_heading(title, answer, paint, ink), *_prose(found.sentence, "  ")]
    compared = {_CLAIMS.get(each.claim, each.claim): each for each in near.comparisons} if near else {}
    for step in found.steps:
        lines += _step(step, compared, ink, " (use --online)" if hint and step.id == "signature" else "")
    for edit in _edits(found, near):
        lines += _labelled("fix", edit, "  ", ink)
    if warning := getattr(found, "warning", ""):
        lines += _labelled("note", warning, "  ", ink)
    others = [each for each in found.near[1:] if each.name != name]
    if others:
        lines += _labelled("less near", ", ".join(each.name for each in others), "  ", ink)
    return lines


def _heading(title: str, answer: str, paint: Callable[[str], str], ink: Ink) -> list[str]:
    """Draw what was asked about, and the answer: below it where it has no room beside it."""
    if cells(title) + len("   ") + cells(answer) <= width():
        return [f"{ink.bold(title)}   {paint(answer)}"]
    return [*map(ink.bold, folded(title, width())), f"  {paint(answer)}"]


def _step(step: Step, compared: Mapping[str, Comparison], ink: Ink, hint: str) -> list[str]:
    mark = MARKS[step.status]
    paint = {"pass": ink.good, "fail": ink.bad, "skip": ink.faint}[step.status]
    said = " ".join(each for each in (step.code, safe(step.detail)) if each) + (hint if step.status == "skip" else "")
    label = step.label + " " * max(1, _LABEL - cells(step.label)) if said else step.label
    first, *more = folded(said, max(20, width() - _LABEL - 6))
    lines = [f"  {paint(mark)} {label} {first}".rstrip(), *(" " * (_LABEL + 5) + each for each in more)]
    if step.status == "fail" and (pair := compared.get(step.id)) is not None and not pair.passed:
        lines += _labelled("credential", pair.expected, _INDENT, ink, whole=True)
        lines += _labelled("token", pair.presented, _INDENT, ink, whole=True)
    return lines


def _edits(found: Explanation, near: Near | None) -> list[str]:
    """Return the changes that would help, as sentences; what nobody may do yet is said so."""
    edits = found.edits or (near.edits if near else ())
    return [
        text + ("" if getattr(each, "offered", True) else " (once somebody has proven who sent it)")
        for each in edits
        if (text := each.text or each.after)
    ]


def _labelled(label: str, said: str, indent: str, ink: Ink, *, whole: bool = False) -> list[str]:
    broad = 10
    room = max(20, width() - len(indent) - broad - 2)
    first, *more = [safe(said)] if whole else folded(safe(said), room)
    pad = " " * (broad - cells(label))
    return [f"{indent}{ink.faint(label)}{pad}  {first}", *(indent + " " * (broad + 2) + each for each in more)]


def _prose(said: str, indent: str) -> list[str]:
    return [indent + each for each in folded(safe(said), max(20, width() - len(indent)))] if said else []
