"""The last step of ``accredit demo``: the same authority in a browser, and the link that signs in there once."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

if TYPE_CHECKING:
    from accredit.cli.narrator import Narrator
    from accredit.cli.stage import Stage


def portal(told: Narrator, stage: Stage, number: int) -> None:
    """Make a one-time link to the portal, and look whether the portal takes it. Nothing is used up by that."""
    told.step(number, "Portal", "All of this in a browser. A link that signs in once, with every right:")
    told.say("  $ accredit admin link")
    made = told.rows(stage, "admin", "link") or {}
    link = urljoin(stage.url, str(made.get("link", "")))
    told.say(f"     {link}")
    page = stage.page(urlsplit(link).path)
    told.check(f"the portal takes it, within {made.get('minutes')} minutes, once", holds='method="post"' in page)
    told.prose("The browser warns of the certificate: the CA of a demo is in no list of trusted ones.")
