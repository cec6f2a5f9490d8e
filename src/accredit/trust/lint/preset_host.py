"""FIC-PRESET-HOST: a known platform's host, entered as if nobody knew it, or one that only looks like it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from accredit.issuers import url
from accredit.trust.lint import slash
from accredit.trust.lint.model import Rule
from accredit.trust.presets import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding
    from accredit.trust.presets.catalogue import Entry

RULE: Final = Rule(
    id="FIC-PRESET-HOST",
    level="warn",
    title="A known platform's host without its preset, or one that looks like it",
    why="What is known of the platform, how its issuers and subjects look and what pins its customers, is not"
    " checked for an issuer that is none of its own. A host that only looks like it signs whatever its owner likes.",
    remedy="Make the credential with the platform's preset (`accredit preset list`), or take the issuer from a token.",
    before="https://gitlab.com/octo-org",
    after="https://gitlab.com",
)
_STRANGE: Final = "The owner of that host signs whatever they like, with this subject too, and such a token is taken."
_ASSURED: Final = "Take the issuer from a token of the platform; keep this one only if you know whose host it is."


def check(linted: Linted) -> Iterator[Finding]:
    """Tell it of an issuer that is entered through ``other``, that its platform does not have, or that looks like it.

    A look-alike may be taken for somebody's own server of the platform: what recognises it says nothing.
    """
    trust = linted.trust
    try:
        host = url.split(trust.issuer).host.rstrip(".")
    except ValueError:
        return
    if own := next((each for each in catalogue.entries() if _has(each, host)), None):
        yield from _without_preset(linted, own, host)
        return
    for each in catalogue.entries():
        if alike := next((known for known in each.hosts if _looks_like(host, known)), ""):
            said = f"{host} looks like {alike}, a host of {catalogue.preset(each.id).title}, and is somebody else's."
            yield RULE.finding(
                linted, "issuer", said, why=_STRANGE, remedy=_ASSURED, example=f"https://{host} → https://{alike}"
            )
            return


def _without_preset(linted: Linted, own: Entry, host: str) -> Iterator[Finding]:
    trust = linted.trust
    through_other = (trust.preset or "").split("@")[0] == catalogue.OTHER
    known = catalogue.recognise(trust.issuer) is not None
    if (known and not through_other) or any(True for _ in slash.check(linted)):
        return
    title = catalogue.preset(own.id).title
    said = f"{host} is a host of {title}, and {'its preset was not used' if known else 'no such issuer is'}."
    yield RULE.finding(linted, "issuer", said, example=f"preset {own.id}")


def _has(of: Entry, host: str) -> bool:
    return any(f".{host}".endswith(f".{own}") for own in of.hosts)


def _looks_like(host: str, known: str) -> bool:
    """Whether a host that is not the platform's has the whole name of one that is: ``gitlab.com.example.org``.

    ``gitlab.company.example`` has not: the name goes on where the platform's ends.
    """
    return re.search(rf"{re.escape(known)}(?![a-z0-9])", host) is not None
