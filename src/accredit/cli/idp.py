"""``accredit idp``: the emulator's test issuers, and what a test does to the emulator itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from accredit.cli.grammar import group
from accredit.cli.idp_authority import delay, next_error, requests, reset, throttle
from accredit.cli.idp_clock import clock
from accredit.cli.idp_dialects import dialects, faults
from accredit.cli.idp_issuers import down, rotate
from accredit.cli.idp_jobs import environment, project
from accredit.cli.idp_reach import Emulator, on_emulator
from accredit.cli.idp_wanted import token_options, wanted
from accredit.cli.serve import serve as serve_anything

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.cli.session import Session


@group("idp")
def idp() -> None:
    """Test issuers of a running emulator, and what a test does to the emulator itself."""


@idp.command("mint")
@click.argument("dialect", metavar="[DIALECT]", required=False)
@token_options
@on_emulator
def mint(session: Session, emulator: Emulator, /, dialect: str | None, **said: Any) -> None:  # noqa: ANN401  options
    """Have a test issuer sign a token, and print it: accredit idp mint github --param environment=production."""
    minted = emulator.ask("_mint", wanted(dialect, **said))
    if session.output == "table" and not session.query:
        session.say(str(minted["token"]))
    else:
        session.show(minted)


@idp.command("serve", params=[each for each in serve_anything.params if each.name not in {"profile", "public_url"}])
@click.pass_context
def serve(context: click.Context, /, **given: Any) -> None:  # noqa: ANN401  options
    """Run an emulator, test issuers and all: accredit serve --profile emulator, by another name."""
    context.invoke(serve_anything, profile="emulator", public_url=None, **given)


def post_mint(url: str, ca_file: str | None, body: Mapping[str, Any]) -> dict[str, Any]:
    """Ask a running emulator for a token: ``{"token": …, "claims": …, "header": …}``."""
    return Emulator(url, ca_file).ask("_mint", body)


for each in (environment, project, dialects, faults, rotate, down, clock, next_error, throttle, delay, requests, reset):
    idp.add_command(each)
