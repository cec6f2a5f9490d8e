"""What Entra allows: per issuer the claims an expression may name, with which operators, and which it must name.

They are data, ``entra_v1.toml``. Tenants that stay portable to Entra are held to them; others are not.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

import msgspec

from accredit.errors import EXPRESSION_CLAIMS, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from accredit.trust.expression.tree import Branch, Expression

LABEL: Final = "<label>"
DNS_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")  # RFC 1035 §2.3.1, first digit as in RFC 1123


class Allowance(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What an expression for some issuers may and must name."""

    issuers: tuple[str, ...]  # exact, or with one LABEL
    claims: dict[str, frozenset[str]]  # name: operators
    must_contain: tuple[frozenset[str], ...]  # of each group at least one

    def covers(self, issuer: str) -> bool:
        """Whether this issuer is one of them."""
        return any(_fits(template, issuer) for template in self.issuers)

    def objections(self, atoms: Branch) -> Iterator[str]:
        """Yield a sentence for every claim that is not allowed, and every group of required claims that is not met."""
        for atom in atoms:
            if atom.claim not in self.claims:
                yield f"{atom.claim} is none of the claims that Entra ID allows: {_listed(self.claims)}"
            elif atom.operator not in self.claims[atom.claim]:
                allowed = _listed(self.claims[atom.claim])
                yield f"Entra ID allows {atom.claim} with {allowed} only, and not with {atom.operator}"
        for group in self.must_contain:
            if not group & {atom.claim for atom in atoms}:
                yield f"Entra ID demands a condition on {_listed(group, 'or')}"


@cache
def allowances() -> tuple[Allowance, ...]:
    """Read the table, once."""
    text = files(__package__).joinpath("entra_v1.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text)["allowances"], tuple[Allowance, ...])


def objections(atoms: Branch, issuer: str) -> tuple[str, ...]:
    """Return a sentence for everything that Entra ID has against these atoms for this issuer."""
    found = [tuple(each.objections(atoms)) for each in allowances() if each.covers(issuer)]
    return min(found, key=len, default=(f"Entra ID allows no expression for issuer {issuer}",))


def refuse_not_allowed(expression: Expression, issuer: str) -> None:
    """EXPRESSION_CLAIMS unless an allowance covers the issuer and allows the expression."""
    if objections(expression.atoms, issuer):
        raise Refused(EXPRESSION_CLAIMS, issuer=issuer, expression=expression.text)


def _fits(template: str, issuer: str) -> bool:
    before, label, after = template.partition(LABEL)
    if not label:
        return issuer == template
    middle = issuer[len(before) : len(issuer) - len(after)]
    # Put together again, so that the two fixed ends can never share characters.
    return issuer == before + middle + after and DNS_LABEL.fullmatch(middle) is not None


def _listed(names: Iterable[str], word: str = "and") -> str:
    *most, last = sorted(names)
    return f"{', '.join(most)} {word} {last}" if most else last
