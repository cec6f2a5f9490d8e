"""Which claims of a token are kept with its sign-in, so that another trust can be tried on it later.

Rule 1: the claims that the application's expressions name come first; then those that the issuer's platform is known to
put into its tokens and that say whose workload it is: no person, no run, nothing that the caller chose.
Rule 2: what is kept is settled once for an application and an issuer. No preset is read for it, its index suffices.
"""

from __future__ import annotations

import re
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, Final

import msgspec

from accredit.trust.presets import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from accredit.trust.credential import FederatedCredential

    Path = tuple[str, ...]

MOST_NAMED: Final = 20  # of those that expressions name
MOST_KEPT: Final = 40  # of a token
MOST_ISSUERS: Final = 64  # that one application's tokens came from, and that are remembered
ABSENT: Final = object()
_COMPARED: Final = frozenset({"iss", "sub", "aud"})  # an event has a member for each
_STAR: Final = re.compile(r"[*?]+")
_NOTHING: Final[Mapping[str, Any]] = {}


class Wanted(msgspec.Struct, frozen=True, eq=False):
    """The claims that are kept of the tokens of one issuer, and what each is called in an event."""

    names: tuple[str, ...]
    groups: tuple[tuple[Path, tuple[str, ...]], ...]  # the object that has them, and what they are called in it

    def values(self, claims: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return the values, ABSENT where there is none, in the order of the names."""
        if len(self.groups) == 1 and not self.groups[0][0]:
            return tuple(map(claims.get, self.names, repeat(ABSENT)))
        return tuple(chain.from_iterable(_within(claims, *each) for each in self.groups))


def _within(claims: Mapping[str, Any], path: Path, names: tuple[str, ...]) -> Iterator[Any]:
    within: Any = claims
    for name in path:
        within = within.get(name) if isinstance(within, dict) else None
    return map(within.get if isinstance(within, dict) else _NOTHING.get, names, repeat(ABSENT))


def wanted(issuer: str, credentials: Iterable[FederatedCredential]) -> Wanted:
    """Return what is kept of an issuer's tokens where these credentials are trusted."""
    held = tuple(credentials)
    named = dict.fromkeys(each for credential in held for each in _paths(credential))
    subjects = [text for each in held if each.issuer.url == issuer for text in _subjects(each)]
    paths = [*sorted(named)[:MOST_NAMED], *catalogue.kept(issuer, subjects)]
    groups: dict[Path, list[str]] = {}
    for path in list(dict.fromkeys(each for each in paths if each[0] not in _COMPARED))[:MOST_KEPT]:
        groups.setdefault(path[:-1], []).append(path[-1])
    names = tuple(written((*within, name)) for within, each in groups.items() for name in each)
    return Wanted(names, tuple((within, tuple(each)) for within, each in groups.items()))


def written(path: Path) -> str:
    """Return what a claim is called in an event: its name, or the path to it as expressions have it."""
    return path[0] if len(path) == 1 else "claims" + "".join(f"['{each}']" for each in path)


def _paths(credential: FederatedCredential) -> Iterator[Path]:
    for atom in credential.expression.atoms if credential.expression else ():
        if atom.claim not in _COMPARED:
            yield atom.path


def _subjects(credential: FederatedCredential) -> Iterator[str]:
    """Yield subjects that a credential may be for: its own, or one that fits what its expression says of ``sub``."""
    if credential.subject:
        yield credential.subject
    for atom in credential.expression.atoms if credential.expression else ():
        if atom.path == ("sub",) and isinstance(atom.operand, str):
            yield _STAR.sub("x", atom.operand)
