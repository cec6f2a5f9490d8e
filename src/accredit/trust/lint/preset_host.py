"""FIC-PRESET-HOST: a known platform's host, entered as if nobody knew it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.issuers import url
from accredit.trust.lint import slash
from accredit.trust.lint.model import Rule
from accredit.trust.presets import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-PRESET-HOST",
    level="warn",
    title="A known platform's host, without its preset",
    why="What is known of the platform, how its issuers and subjects look and what pins its customers, is not"
    " checked for an issuer that is none of its own.",
    remedy="Make the credential with the platform's preset (`accredit preset list`), or take the issuer from a token.",
    before="https://gitlab.com/octo-org",
    after="https://gitlab.com",
)


def check(linted: Linted) -> Iterator[Finding]:
    """Tell it of an issuer that is entered through ``other``, or that its platform does not have."""
    trust = linted.trust
    through_other = (trust.preset or "").split("@")[0] == catalogue.OTHER
    known = catalogue.recognise(trust.issuer) is not None
    if (known and not through_other) or any(True for _ in slash.check(linted)):
        return
    try:
        host = "." + url.split(trust.issuer).host
    except ValueError:
        return
    for each in catalogue.entries():
        if any(host.endswith("." + own) for own in each.hosts):
            title = catalogue.preset(each.id).title
            said = (
                f"{host[1:]} is a host of {title}, and {'its preset was not used' if known else 'no such issuer is'}."
            )
            yield RULE.finding(linted, "issuer", said, example=f"preset {each.id}")
            return
