"""``accredit explain``: would this token be accepted, and if not, exactly why, and what to change.

Rule 1: nothing is fetched unless ``--online`` is given, and then the keys of registered issuers only: a record says
where they are, never the token.
Rule 2: the token stays in memory; what is printed of it went through the filter that sign-in events go through.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import click
from msgspec.structs import replace

from accredit.cli import explain_file, explain_shown, failures, inputs, names
from accredit.cli.desk import Desk, UploadedKeys, opened
from accredit.cli.explain_file import Asked, nearness
from accredit.cli.failures import Answered
from accredit.cli.grammar import command
from accredit.cli.ink import safe
from accredit.cli.session import Session
from accredit.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from accredit.assertions import Presented
    from accredit.directory import Application, Tenant
    from accredit.explain import Explanation
    from accredit.issuers import Issuer
    from accredit.ports import Keys, Transaction
    from accredit.trust import FederatedCredential


MOST_OTHERS: Final = 50  # applications that are looked through for one that trusts the token


def _token(context: click.Context, _parameter: click.Parameter, given: str) -> str:
    """Read the token before the store is opened: that it is none is the first thing to say."""
    return inputs.token(given, context.ensure_object(Session))


@command("explain")
@click.argument("token", metavar="TOKEN", callback=_token)
@click.option(
    "-a", "--app", "application", metavar="APP", help="For this application, by name, client id or object id."
)
@click.option("--all", "everywhere", is_flag=True, help="For every application of the tenant, the nearest first.")
@click.option(
    "-f",
    "--file",
    "files",
    metavar="FILE",
    multiple=True,
    help="Against the trusts in a file: JSON of az, Graph, Terraform or ARM, or our own export; no server is needed.",
)
@click.option(
    "--portability",
    type=click.Choice(["entra", "extended"]),
    default="entra",
    show_default=True,
    help="With -f: the rules by which the token is judged.",
)
@click.option(
    "--format", "form", type=click.Choice(["text", "github"]), default="text", help="github: annotations of a job."
)
@click.option("--online", is_flag=True, help="Fetch the issuer's keys, if it is registered, and check the signature.")
@click.option("--ready-file", metavar="FILE", help="The ready file of the emulator whose test issuer has the keys.")
@click.option("--url", envvar="ACCREDIT_URL", help="Its address, https://localhost:8443 if not given (ACCREDIT_URL).")
def explain(
    token: str,
    files: tuple[str, ...],
    portability: str,
    ready_file: str | None,
    url: str | None,
    **given: Any,  # noqa: ANN401  the rest of the question
) -> None:
    """Would this token sign an application in? If not: why, and what to change.

    TOKEN is -, @FILE or env:NAME. Without --online nothing is fetched: a signature is checked where the issuer's keys
    were uploaded. With -f no server and no store is asked: export what an application trusts, from Microsoft Entra ID
    too, and try a token against that.

    Exit code 0: it would, every check was made; 3: it would not, or its signature was not checked, so that nobody
    knows; 7: the issuer's keys could not be fetched.

    Of a token that Entra ID refused: az ad app federated-credential list --id APP > trusts.json, and then accredit
    explain @token -f trusts.json.
    """
    session = click.get_current_context().ensure_object(Session)
    asked = Asked(token=token, **given)
    if asked.application is not None and asked.everywhere:
        raise click.UsageError("-a APP and --all say two different things; give one of them")
    if files:
        if asked.online or ready_file:
            raise click.UsageError("a file has no issuer records: with -f nothing is fetched")
        _print(session, asked, explain_file.explained(session, files, asked, portability))
        raise Answered(failures.NO)  # whose signature nobody checked
    if ready_file and not url:
        url = str(inputs.ready(ready_file).get("url", ""))
    with opened(session) as place:
        place.run(_stored(Desk(session, place), asked, url or ""))


async def _stored(desk: Desk, asked: Asked, url: str) -> None:
    """Explain a token against what a store or a server holds."""
    from accredit import explain as explaining

    async with desk.reading() as store:
        tenant = await store.tenants.get((await names.tenant(store, desk.session.tenant)).id)
        applications = await _applications(store, tenant, asked)
        records = await names.everything(store.issuers, tenant_id=tenant.id)
        held = {each.id: await _trusted(store, each, records) for each in applications}
        presented = _read(asked.token, tenant)
        named = [] if isinstance(presented, Refused) else [each for each in records if each.url == presented.issuer]
        others: tuple[str, ...] = ()
        if named and not asked.everywhere and not isinstance(presented, Refused):
            others = await _elsewhere(store, tenant, applications[0], presented)
    at_hand = _fetched(desk, presented, named, url) if asked.online else AtHand(UploadedKeys())
    if isinstance(presented, Refused):
        called = [each.display_name for each in applications]
        found = [explaining.unreadable(presented, client=each, now=desk.now, token=asked.token) for each in called]
    else:
        told = partial(_explanation, desk, tenant, presented, named=named, at_hand=at_hand, elsewhere=others)
        found = [told(each, held[each.id]) for each in applications]
    found.sort(key=nearness)
    hint = not asked.online and any(each.fetches for each in named)
    _print(desk.session, asked, [(each, "") for each in found], hint=hint)
    if at_hand.refused:
        raise Answered(failures.UNREACHABLE)
    if not any(each.outcome == "accepted" and each.complete for each in found):
        raise Answered(failures.NO)


async def _elsewhere(store: Transaction, tenant: Tenant, this: Application, presented: Presented) -> tuple[str, ...]:
    """Return the names of other applications that trust the token, of as many as are asked one by one."""
    from accredit import explain as explaining

    found = (await names.everything(store.applications, MOST_OTHERS, tenant_id=tenant.id))[:MOST_OTHERS]
    others = sorted((each for each in found if each.id != this.id), key=lambda each: each.display_name.casefold())
    held = [(each.display_name, await store.credentials.find(application_id=each.id)) for each in others]
    return explaining.trusting(held, presented, tenant.several_audiences)


async def _applications(store: Transaction, tenant: Tenant, asked: Asked) -> list[Application]:
    if asked.application is not None:
        return [await names.application(store, tenant, asked.application)]
    every = await names.everything(store.applications, tenant_id=tenant.id)
    if not every or (len(every) > 1 and not asked.everywhere):
        raise click.UsageError(f"this tenant has {len(every)} applications; say which one (-a APP), or --all")
    return every


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
    presented: Presented,
    application: Application,
    credentials: Sequence[FederatedCredential],
    *,
    named: Sequence[Issuer],
    at_hand: AtHand,
    elsewhere: tuple[str, ...],
) -> Explanation:
    from accredit import exchange
    from accredit import explain as explaining
    from accredit.trust import Trusted

    now = desk.now
    keys = {each.id: found for each in named if (found := at_hand.keys.at_hand(each)).keys}
    return explaining.explain(
        presented,
        Trusted(credentials, multi_audience=tenant.several_audiences),
        client=application.display_name,
        now=now,
        own=desk.place.own_issuers,
        keys={**at_hand.refused, **keys},
        proof=exchange.state_of_proof(presented, named, at_hand.keys, now),
        disabled=[each for each in credentials if not each.enabled],
        tenant=tenant,
        elsewhere=elsewhere,
    )


def _print(session: Session, asked: Asked, told: Sequence[tuple[Explanation, str]], *, hint: bool = False) -> None:
    import msgspec

    if asked.form == "github":
        for each, source in told:
            session.say(explain_shown.annotation(each, source))
        return
    if session.output != "table" or session.query:
        found = [each for each, _ in told]
        session.show(msgspec.to_builtins(found if asked.everywhere else found[0]))
        return
    (first, source), *others = told
    lines = explain_shown.drawn(first, session.ink, hint=hint, source=source)
    for each, _ in others:  # the nearest is drawn whole
        lines += ["", *explain_shown.briefly(each, session.ink)]
    for line in lines:
        session.say(line)
    if others:
        session.remark("Every step of another application: accredit explain TOKEN -a APP")
