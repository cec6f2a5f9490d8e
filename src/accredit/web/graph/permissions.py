"""Who may call what, as ``permissions.toml`` says it: the only place where a role decides whether a call is served."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

import msgspec

from accredit.errors import PRIVILEGES_MISSING, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

READING: Final = "GET"


@dataclass(frozen=True, slots=True)
class Admitted:
    """What an admitted call must not do all the same."""

    owned_only: bool = False
    not_on_graph: bool = False


@dataclass(frozen=True, slots=True)
class Needs:
    """What a caller must hold: all roles of one of the ``alternatives``; without any, nothing but a token."""

    alternatives: tuple[frozenset[str], ...]
    owned: str  # the role that suffices for what its holder owns
    not_on_graph: frozenset[str]  # roles that suffice for every API but Microsoft Graph
    writes: bool

    def admit(self, roles: frozenset[str]) -> Admitted:
        """Admit a caller with these roles, or refuse it (403)."""
        if not self.alternatives:
            return Admitted()
        held = [each for each in self.alternatives if each <= roles]
        if not held:
            wanted = ", or ".join(" and ".join(sorted(each)) for each in self.alternatives)
            raise Refused(PRIVILEGES_MISSING, detail=f"the caller needs {wanted} on Microsoft Graph")
        return Admitted(
            owned_only=self.writes and all(self.owned in each for each in held),
            not_on_graph=all(self.not_on_graph & each for each in held),
        )


class _Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    calls: tuple[str, ...]
    roles: tuple[str, ...] = ()
    not_on_graph: tuple[str, ...] = ()
    anybody: bool = False


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    owned: str
    roles: dict[str, str]
    rules: tuple[_Rule, ...]


@cache
def table() -> Mapping[tuple[str, str], Needs]:
    """Return what every call needs, by method and template."""
    return read(files(__package__).joinpath("permissions.toml").read_text(encoding="utf-8"))


def read(text: str) -> Mapping[tuple[str, str], Needs]:
    """Read a table of permissions. ``ValueError`` for a call that stands there twice, or without who may make it."""
    found = msgspec.convert(tomllib.loads(text), _File)
    calls = [each for rule in found.rules for each in _calls(rule, found)]
    if len(dict(calls)) != len(calls):
        raise ValueError("a call stands there twice")
    return dict(calls)


def _calls(rule: _Rule, file: _File) -> Iterator[tuple[tuple[str, str], Needs]]:
    if rule.anybody == bool(rule.roles):
        raise ValueError(f"either roles or anybody may {rule.calls[0]}")
    alternatives = tuple(frozenset(file.roles[name] for name in each.split(" + ")) for each in rule.roles)
    excepted = frozenset(file.roles[name] for name in rule.not_on_graph)
    for call in rule.calls:
        method, template = call.split(" ")
        yield (method, template), Needs(alternatives, file.owned, excepted, writes=method != READING)
