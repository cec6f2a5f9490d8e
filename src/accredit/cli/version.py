"""``accredit version``."""

from __future__ import annotations

import platform

from accredit import __version__
from accredit.cli.grammar import command
from accredit.cli.session import Session, pass_session


@command("version")
@pass_session
def version(session: Session) -> None:
    """Print the version."""
    if session.output == "table" and not session.query:
        session.say(f"accredit {__version__}")
        return
    session.show({"version": __version__, "python": platform.python_version()})
