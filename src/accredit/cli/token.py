"""``accredit token``: the workload's own token, what it is exchanged for, and what tokens say, believed by nobody."""

from __future__ import annotations

from typing import Any

import click

from accredit.cli import inputs
from accredit.cli.grammar import doing
from accredit.cli.session import Session, pass_session
from accredit.cli.token_options import options


@doing("token")
@options
@click.pass_context
def token(context: click.Context, /, **given: Any) -> None:  # noqa: ANN401  options by name
    """Get the token that the platform gives this workload, or an access token for it.

    Where it comes from is found out, or said: accredit token --source github_actions. With --exchange it is given to an
    authority, ours or Microsoft Entra ID, and what that gives for it is printed. With --explain nothing is printed that
    opens anything: what the token says, and the credential that trusts it.
    """
    if context.invoked_subcommand is None:
        from accredit.cli.token_got import got

        got(context.ensure_object(Session), given)


@token.command("sources")
@click.option("--here", is_flag=True, help="Look for each of them, and say what was seen.")
@pass_session
def sources(session: Session, *, here: bool) -> None:
    """List where tokens come from, in the order in which they are looked for, and what each of them is proven by."""
    from accredit.cli import token_explained

    session.show(*token_explained.listed(here=here))


@token.command("inspect")
@click.argument("token_", metavar="TOKEN")
@pass_session
def inspect(session: Session, token_: str) -> None:
    """Print header and claims of a token (-, @FILE, env:NAME). Nothing is verified, nothing is sent anywhere."""
    from accredit.cli.token_read import drawn, read

    header, claims = read(inputs.token(token_, session))
    if session.output != "table" or session.query:
        session.show({"header": header, "claims": claims})
        return
    for line in drawn(header, claims, session.ink):
        session.say(line)
    session.remark("Not verified: anybody can write such a token. What an application makes of it: accredit explain")
