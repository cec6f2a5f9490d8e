"""``accredit serve``: answer requests until told to stop."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from accredit.cli.failures import Answered
from accredit.cli.grammar import command
from accredit.cli.ink import ink_for
from accredit.cli.session import Session, pass_session

if TYPE_CHECKING:
    from accredit.app.runtime import Runtime


@command("serve")
@click.option(
    "--profile",
    type=click.Choice(["emulator", "production"]),
    help="An emulator makes its own data, CA and test issuers.",
)
@click.option("--host", help="Address to listen on; a loopback stands for both (default: 127.0.0.1).")
@click.option("--port", type=click.IntRange(0, 65_535), help="Port; 0 takes any free one (default: 8443).")
@click.option("--admin-port", type=click.IntRange(0, 65_535), help="Port of the admin listener (default: 8444).")
@click.option("--public-url", help="What clients use: https://host[:port]; needed in production.")
@click.option("--ready-file", metavar="FILE", help="Written when requests are answered: JSON with addresses and ids.")
@click.option("--explain-to-caller", is_flag=True, default=None, help="Put the explanation into refusals (emulator).")
@click.option("--expose-emulator", is_flag=True, default=None, help="Let an emulator listen beyond loopback.")
@click.option(
    "--open-control", is_flag=True, default=None, help="Let an emulator on loopback be controlled without its token."
)
@pass_session
def serve(session: Session, /, ready_file: str | None, **given: Any) -> None:  # noqa: ANN401  settings by name
    """Answer token requests until SIGTERM or Ctrl-C, then finish what is under way."""
    from accredit.app.serve import serve as run

    settings = session.settings(**given)
    if settings.profile == "emulator":  # the variable is for a production server and its commands
        settings = session.settings(without="ACCREDIT_DATA", **given)
    code = run(
        settings,
        ready_file=Path(ready_file) if ready_file else None,
        announce=lambda runtime: _announce(session, runtime),
    )
    if code:
        raise Answered(code)


def _announce(session: Session, runtime: Runtime) -> None:
    """Say where it answers, and what an emulator has ready."""
    import sys

    from accredit import __version__
    from accredit.app.serve import listens

    settings = runtime.settings
    emulator = settings.profile == "emulator"
    ink = ink_for(sys.stderr, no_color=session.no_color)
    session.note(f"{ink.bold('accredit')} {__version__}  {settings.profile}")
    lines = [
        ("url", ink.accent(runtime.base)),
        ("listen", listens(settings)),
        ("admin", f"http://{settings.admin_host}:{settings.admin_port}"),
    ]
    if settings.portal.enabled:
        lines.insert(1, ("portal", f"{runtime.base}/portal"))
    if emulator:
        lines += _of_emulator(runtime)
    for label, said in lines:
        session.note(f"  {ink.faint(label)}{' ' * (9 - len(label))}{said}")
    if emulator:
        session.note("  An emulator: its tokens prove nothing. Ctrl-C stops it.")


def _of_emulator(runtime: Runtime) -> list[tuple[str, str]]:
    from accredit.app import seed

    return [
        ("idp", f"{runtime.base}/idp"),
        ("metadata", runtime.around.metadata_url),
        ("ca_file", str(runtime.folder.path / "ca.pem")),
        ("tenant", f"{seed.TENANT_ID}  {seed.TENANT_DOMAIN}"),
        ("workload", f"{seed.WORKLOAD_ID}  deploy-bot"),
        ("trusts", seed.SUBJECT),
    ]
