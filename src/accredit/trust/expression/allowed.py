"""What Entra allows: per issuer the claims an expression may name, with which operators, and which it must name.

They are data, ``entra_v1.toml``. Tenants that stay portable to Entra are held to them; others are not.
"""

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

from accredit.errors import EXPRESSION_CLAIMS, Refused
from accredit.trust.expression.tree import Expression, names

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

    def allows(self, expression: Expression) -> bool:
        """Whether every atom is allowed and every group of required claims is met."""
        named = names(expression)
        return all(atom.operator in self.claims.get(atom.claim, ()) for atom in expression.atoms) and all(
            named & group for group in self.must_contain
        )


@cache
def allowances() -> tuple[Allowance, ...]:
    """Read the table, once."""
    text = files(__package__).joinpath("entra_v1.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text)["allowances"], tuple[Allowance, ...])


def refuse_not_allowed(expression: Expression, issuer: str) -> None:
    """EXPRESSION_CLAIMS unless an allowance covers the issuer and allows the expression."""
    if not any(each.covers(issuer) and each.allows(expression) for each in allowances()):
        raise Refused(EXPRESSION_CLAIMS, issuer=issuer, expression=expression.text)


def _fits(template: str, issuer: str) -> bool:
    before, label, after = template.partition(LABEL)
    if not label:
        return issuer == template
    middle = issuer[len(before) : len(issuer) - len(after)]
    # Put together again, so that the two fixed ends can never share characters.
    return issuer == before + middle + after and DNS_LABEL.fullmatch(middle) is not None
