"""FIC-AUD-CLOUD: the default audience of another of Microsoft's clouds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from accredit.trust.lint.context import Cloud
    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-AUD-CLOUD",
    level="warn",
    title="The default audience of another cloud",
    why="Each of Microsoft's clouds has a default audience of its own, and client libraries ask for that of their"
    " cloud: one of another cloud is usually copied by mistake, and then nothing matches.",
    remedy="Trust the default audience of this cloud, or one of your own.",
    before="api://AzureADTokenExchangeUSGov",
    after="api://AzureADTokenExchange",
)
_DEFAULTS: Final[Mapping[Cloud, str]] = {
    "public": "api://AzureADTokenExchange",
    "usgov": "api://AzureADTokenExchangeUSGov",
    "china": "api://AzureADTokenExchangeChina",
}


def check(linted: Linted) -> Iterator[Finding]:
    """Tell it of each audience that is another cloud's default."""
    here = linted.context.cloud
    wanted = _DEFAULTS[here]
    for cloud, audience in _DEFAULTS.items():
        if cloud != here and audience in linted.trust.audiences:
            yield RULE.finding(
                linted,
                "audiences",
                f"{audience} is the default audience of the cloud {cloud!r}; this one is {here!r}.",
                example=f"{audience} → {wanted}",
                edit={"audiences": wanted},
            )
