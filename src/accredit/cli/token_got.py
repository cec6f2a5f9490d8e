"""What ``accredit token`` prints: the platform's token, or the access token that an authority gives for it.

Rule 1: a token is printed and nothing else is done with it: it is in no log, no error, no argument of a process.
Rule 2: an authority is one that was named; no token is sent anywhere because nothing else was said.
"""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from accredit import client
from accredit.cli import inputs, token_explained, token_forms, token_kept
from accredit.cli.failures import Said
from accredit.cli.words import accredit
from accredit.client.exchanging import Request, exchange
from accredit.client.http import TIMEOUT, Http
from accredit.client.refusals import OtherRefusal
from accredit.client.sources import registry
from accredit.client.sources.source import Surroundings
from accredit.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.cli.session import Session
    from accredit.client import Assertion
    from accredit.client.sources.registry import Looked

OF_SOURCES: Final = {"file": "file", "variable": "variable", "role": "role", "service_connection": "connection"}
"""Options that are said of a source, and its own name for each."""
_EXCHANGED: Final = ("client_id", "scope", "authority", "ca_file", "ready_file", "cache")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The source that is taken, and what looking for it has shown; nothing where it was named."""

    assertion: Assertion
    looked: tuple[Looked, ...]


def got(session: Session, given: Mapping[str, Any]) -> None:
    """Do what the options say."""
    _refuse_idle(given)
    chosen = _chosen(session, given)
    if given["explain"]:
        token_explained.explain(session, chosen.assertion, chosen.looked)
        return
    form = _form(session, given)
    if given["exchange"]:
        token_forms.show(session, _exchanged(session, given, chosen.assertion), form, given["named"])
    else:
        held = chosen.assertion.given()
        said = token_forms.Printed(held.value, held.expires_at, chosen.assertion.source.name, "assertion")
        token_forms.show(session, said, form, given["named"])


def _form(session: Session, given: Mapping[str, Any]) -> str:
    """Return how the token is printed: what ``--format`` says, else ``-o`` and ``--query`` of every command."""
    return given["form"] or ("json" if session.output != "table" or session.query else "plain")


def _refuse_idle(given: Mapping[str, Any]) -> None:
    """Refuse options that say nothing here."""
    if given["explain"] and (given["exchange"] or given["form"]):
        raise click.UsageError("--explain prints no token; leave out --exchange and --format")
    if given["named"] and given["form"] != "env":
        raise click.UsageError("--as names the variable of --format env")
    idle = [each for each in _EXCHANGED if given[each]] if not given["exchange"] else []
    if idle:
        name = "--app" if idle[0] == "client_id" else f"--{idle[0].replace('_', '-')}"
        raise click.UsageError(f"{name} is about an exchange: --exchange")


def _chosen(session: Session, given: Mapping[str, Any]) -> Chosen:
    around, looked, name = Surroundings(), list[Any](), given["source"]
    if name == registry.AUTO:
        looked = registry.look(around)
        found = registry.chosen(looked)
        name = found[0].name
        if given["form"] != "credential-process":  # who reads that takes both streams for the answer
            _tell(session, looked, [each.name for each in found])
    return Chosen(client.assertion(name, audience=given["audience"], around=around, **_said(given)), tuple(looked))


def _said(given: Mapping[str, Any]) -> dict[str, object]:
    """Return what was said of the source."""
    said: dict[str, object] = {own: given[each] for each, own in OF_SOURCES.items() if given[each]}
    if given["command"]:
        try:
            said["command"] = tuple(shlex.split(given["command"]))
        except ValueError as error:
            raise click.UsageError(f"--command cannot be split: {error}") from error
    return said | inputs.pairs(given["pairs"], "--set")


def _tell(session: Session, looked: list[Looked], found: list[str]) -> None:
    """Say what was taken, and what else there is."""
    for each in looked:
        if each.detection is not None and each.detection.partly:
            session.warn(f"{each.known.name}: {each.detection.why}")
    if len(found) > 1:
        session.warn(f"{found[0]} is taken; found as well: {', '.join(found[1:])} (--source NAME takes another)")
    elif session.verbose:
        session.note(f"source {found[0]}")


def _exchanged(session: Session, given: Mapping[str, Any], assertion: Assertion) -> token_forms.Printed:
    from accredit.cli.token_place import place

    asked = place(session, given)
    request = Request(asked.tenant, asked.client_id, asked.scope)
    kept = token_kept.path(asked.url, request, assertion.peeked().claims) if given["cache"] else None
    if kept is not None and (held := token_kept.read(kept, _now())) is not None:
        return token_forms.Printed(held.value, held.expires_at, assertion.source.name, "access_token")
    http = Http(asked.url, ca_file=asked.ca_file, sleep=time.sleep, timeout=session.timeout or TIMEOUT)
    try:
        found = exchange(http, request, assertion, _now)
    except (Refused, OtherRefusal) as refused:
        raise _advised(refused, assertion.source.name) from refused
    finally:
        http.close()
    if kept is not None:
        token_kept.keep(kept, found)
    return token_forms.Printed(found.value, found.expires_at, assertion.source.name, "access_token")


def _advised(refused: Refused | OtherRefusal, source: str) -> Exception:
    """Add what helps somebody whose token is not trusted: the credential that would."""
    more = f"What the token says, and the credential for it: {accredit('token', '--source', source, '--explain')}"
    if isinstance(refused, OtherRefusal):
        told = f"{refused.detail}\n{more}".strip()
        return OtherRefusal(refused.status, refused.code, refused.message, told, token=refused.token)
    if refused.row.family != "sts":
        return refused
    return Said(refused, fix=f"{refused.row.advice}\n{more}".strip())


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  when a token of somebody else's clock ends
