"""How the tokens of a platform look: a dialect is a file of data.

Rule 1: a new platform is a new file in ``dialects/``, never a class.
Rule 2: what a file says is checked when it is read; a name that nothing defines is an error of ours.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

import msgspec

from accredit.errors import DIALECT_UNKNOWN, Refused
from accredit.testidp.filling import MAX_LIFETIME, Dialect
from accredit.testidp.slips import slips

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MAX_LIFETIME", "Dialect", "dialects", "find", "known", "load"]

NULL: Final = "{null}"


@cache
def dialects() -> Mapping[str, Dialect]:
    """Read every dialect, once. By name, in order of names."""
    found = [each for each in files(__package__).joinpath("dialects").iterdir() if each.name.endswith(".toml")]
    read = [load(each.read_text(encoding="utf-8")) for each in sorted(found, key=lambda each: each.name)]
    return {each.name: each for each in read}


@cache
def _names() -> Mapping[str, Dialect]:
    return {name: each for each in dialects().values() for name in (each.name, *each.aliases)}


def known(name: str) -> bool:
    """Whether a dialect has this name or alias."""
    return name in _names()


def find(name: str) -> Dialect:
    """Find a dialect by its name or an alias of it. ``DIALECT_UNKNOWN``."""
    if not known(name):
        raise Refused(DIALECT_UNKNOWN, name=name, known=", ".join(dialects()))
    return _names()[name]


def load(text: str) -> Dialect:
    """Read one file. Raises ``ValueError`` for a template that names what nothing defines."""
    found = msgspec.convert(_without_nulls(tomllib.loads(text)), Dialect)
    for says in slips(found):
        raise ValueError(f"dialect {found.name}: {says}")
    return found


def _without_nulls(file: dict[str, object]) -> dict[str, object]:
    """Read ``{null}`` in samples, which TOML cannot say itself."""
    if isinstance(samples := file.get("samples"), dict):
        return {**file, "samples": _nulled(samples)}
    return file


def _nulled(value: object) -> object:
    if isinstance(value, dict):
        return {name: _nulled(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_nulled(each) for each in value]
    return None if value == NULL else value
