"""What a token of a test issuer shall be like, as the options of ``idp mint`` and ``idp environment`` say it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import click

from accredit.cli import inputs
from accredit.errors import INPUT_INVALID, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Command = Callable[..., None]

DIALECT: Final = "github"  # where neither a dialect nor a sample is named
_WORDS: Final[Mapping[str, bool | None]] = {"null": None, "true": True, "false": False}
_OPTIONS: Final = (
    click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="What it is for; null removes it."),
    click.option("--sample", metavar="NAME", help="A documented token by name: accredit idp dialects DIALECT."),
    click.option(
        "--instance", metavar="NAME", help="Another issuer of the dialect, with an address and keys of its own."
    ),
    click.option("--override", "overrides", multiple=True, metavar="CLAIM=JSON", help="A claim as it shall be."),
    click.option("--header", multiple=True, metavar="NAME=JSON", help="A member of the header as it shall be."),
    click.option("--time", "times", multiple=True, metavar="DATE=SECONDS", help="iat, nbf or exp from now, or null."),
    click.option("--fault", "faults", multiple=True, metavar="NAME", help="A way to be wrong: accredit idp faults."),
)


def token_options(command: Command) -> Command:
    """Decorate a command with the options that say what a token shall be like."""
    for each in reversed(_OPTIONS):
        command = each(command)
    return command


def wanted(
    dialect: str | None,
    *,
    params: tuple[str, ...],
    sample: str | None,
    instance: str | None,
    overrides: tuple[str, ...],
    header: tuple[str, ...],
    times: tuple[str, ...],
    faults: tuple[str, ...],
) -> dict[str, Any]:
    """Return the request of the control API. ``INPUT_INVALID``."""
    body: dict[str, Any] = {
        "dialect": dialect or (_dialect_of(sample) if sample else DIALECT),
        "params": {name: _param(value) for name, value in inputs.pairs(params, "--param").items()},
        "overrides": {name: _json(value) for name, value in inputs.pairs(overrides, "--override").items()},
        "header": {name: _json(value) for name, value in inputs.pairs(header, "--header").items()},
        "faults": list(faults),
    }
    if times:
        body["times"] = {name: _seconds(name, value) for name, value in inputs.pairs(times, "--time").items()}
    return body | ({"sample": sample} if sample else {}) | ({"instance": instance} if instance else {})


def _dialect_of(sample: str) -> str:
    """Find the dialect that has a sample of this name. ``INPUT_INVALID``."""
    from accredit.testidp.dialect import dialects

    for name, dialect in dialects().items():
        if sample in dialect.samples:
            return name
    raise Refused(INPUT_INVALID, what=f"--sample {sample}", reason="no dialect has a sample of this name")


def _param(value: str) -> object:
    """Read a parameter: text, but for the words of JSON, lists and objects."""
    if value in _WORDS:
        return _WORDS[value]
    return _json(value) if value[:1] in ("[", "{") else value


def _json(value: str) -> object:
    """Read JSON; what is none is taken as text."""
    try:
        return json.loads(value)
    except ValueError:
        return value


def _seconds(name: str, value: str) -> int | None:
    if value == "null":
        return None
    try:
        return int(value)
    except ValueError:
        reason = "it must be a whole number of seconds from now, or null"
        raise Refused(INPUT_INVALID, what=f"--time {name}={value}", reason=reason) from None
