"""``accredit idp dialects|faults``: what the test issuers can be asked for. It needs no emulator."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import click

from accredit.cli.grammar import command
from accredit.cli.ink import folded, width
from accredit.cli.output import Column
from accredit.cli.session import pass_session

if TYPE_CHECKING:
    from accredit.cli.session import Session
    from accredit.testidp import Fault, Outage
    from accredit.testidp.dialect import Dialect
    from accredit.testidp.parameters import Parameter

COLUMNS: Final = (
    Column("Dialect", "name"),
    Column("Platform", "title"),
    Column("Issuer", "issuer", below=True),
    Column("Also called", "aliases"),
)
_GAP: Final = "  "
_LABELS: Final = 16  # columns that the names of the members take
_LEAST: Final = 20  # columns that prose gets


@command("dialects")
@click.argument("name", metavar="[DIALECT]", required=False)
@pass_session
def dialects(session: Session, name: str | None) -> None:
    """List the platforms that the test issuers speak like, or show one: its parameters and documented tokens."""
    from accredit.testidp.dialect import dialects as known
    from accredit.testidp.dialect import find

    if name:
        session.show(_whole(find(name)), DETAILS)
    else:
        session.show([_brief(each) for each in known().values()], COLUMNS)


@command("faults")
@click.option("--of", "kind", type=click.Choice(["token", "issuer"]), help="Of tokens, or of their issuer.")
@pass_session
def faults(session: Session, kind: str | None) -> None:
    """List the ways to be wrong, by name, and the refusal that each must cause by a tenant's portability."""
    from accredit.testidp import FAULTS as OF_TOKENS
    from accredit.testidp import OUTAGES

    rows = [_fault(each, "token") for each in OF_TOKENS.values()]
    rows += [_fault(each, "issuer") for each in OUTAGES.values()]
    session.show([each for each in rows if kind in (None, each["of"])], FAULTS)


def _fault(fault: Fault | Outage, of: str) -> dict[str, Any]:
    return {
        "name": fault.name,
        "of": of,
        "says": fault.sentence,
        "entra": _code(fault.entra),
        "extended": _code(fault.extended),
        "cause": fault.cause or None,
    }


def _ends(shape: dict[str, Any]) -> str:
    """Say the code of a fault; where it depends on a tenant's portability, both."""
    entra, extended = (shape[name] or "accepted" for name in ("entra", "extended"))
    return entra if entra == extended else f"{entra} (extended: {extended})"


def _code(number: int | None) -> str | None:
    return None if number is None else f"AADSTS{number}"


def _brief(of: Dialect) -> dict[str, Any]:
    return {
        "name": of.name,
        "title": of.title,
        "aliases": list(of.aliases),
        "preset": of.preset or None,
        "issuer": of.issuer or None,  # none: the address at which it answers
        "jwksPath": of.jwks_path,
        "algorithms": list(of.algorithms),
        "lifetime": of.lifetime,
    }


def _whole(of: Dialect) -> dict[str, Any]:
    return {
        **_brief(of),
        "evidence": of.evidence or None,
        "parameters": [_parameter(name, each) for name, each in of.parameters.items()],
        "samples": list(of.samples),
    }


def _parameter(name: str, of: Parameter) -> dict[str, Any]:
    return {
        "name": name,
        "says": of.says,
        "kind": of.kind,
        "default": of.default,
        "choices": list(of.one_of),
    }


def _parameters(shape: dict[str, Any]) -> list[str]:
    room = max(_LEAST, width() - _LABELS - len(_GAP))
    lines: list[str] = []
    for each in shape["parameters"]:
        choices = f"; one of {', '.join(each['choices'])}" if each["choices"] else ""
        default = "" if each["default"] is None else f"; {_said(each['default'])} if not given"
        lines += [each["name"], *(_GAP + line for line in folded(f"{each['says']}{choices}{default}", room))]
    return lines


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


FAULTS: Final = (
    Column("Fault", "name"),
    Column("Of", "of"),
    Column("Ends in", "entra", _ends),
    Column("Extended", "extended", wide=True),
    Column("Cause", "cause"),
    Column("What it does", "says", below=True),
)
DETAILS: Final = (
    Column("Dialect", "name"),
    Column("Platform", "title"),
    Column("Also called", "aliases"),
    Column("Preset", "preset"),
    Column("Issuer", "issuer", lambda shape: shape["issuer"] or "the address at which it answers"),
    Column("Key set at", "jwksPath"),
    Column("Algorithms", "algorithms"),
    Column("Lifetime", "lifetime", lambda shape: f"{shape['lifetime']} seconds"),
    Column("Known from", "evidence"),
    Column("Parameters", "parameters", _parameters),
    Column("Samples", "samples"),
)
