"""How the tokens of a platform look: a dialect is a file of data.

Rule 1: a new platform is a new file in ``dialects/``, never a class; ``scripts/dialect_tables.py`` writes the index.
Rule 2: a file is read when its dialect is asked for: reading all of them takes longer than starting an emulator may.
Rule 3: what a file says is checked when it is read; a name that nothing defines is an error of ours.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

from accredit.errors import DIALECT_UNKNOWN, Refused
from accredit.testidp.filling import MAX_LIFETIME, Dialect
from accredit.testidp.near import meant
from accredit.testidp.slips import slips

__all__ = ["MAX_LIFETIME", "Dialect", "Entry", "dialects", "entries", "find", "known", "load"]

NULL: Final = "{null}"
INDEX: Final = "index.json"
_FOLDER: Final = files(__package__).joinpath("dialects")


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the index says of a dialect."""

    name: str
    aliases: tuple[str, ...]
    issuer: str  # unless a parameter says otherwise; empty: where this process answers


class _Dialects(Mapping[str, Dialect]):
    """All dialects by name, in order of names; each is read when it is asked for."""

    def __getitem__(self, name: str) -> Dialect:
        if name not in entries():
            raise KeyError(name)
        return _read(name)

    def __iter__(self) -> Iterator[str]:
        return iter(entries())

    def __len__(self) -> int:
        return len(entries())


@cache
def dialects() -> Mapping[str, Dialect]:
    """Return every dialect by name, in order of names."""
    return _Dialects()


@cache
def entries() -> Mapping[str, Entry]:
    """Return the index: what can be said of a dialect without reading its file, by name, in order of names."""
    found = msgspec.json.decode(_FOLDER.joinpath(INDEX).read_bytes(), type=list[Entry])
    return {each.name: each for each in found}


@cache
def _names() -> Mapping[str, str]:
    return {name: each.name for each in entries().values() for name in (each.name, *each.aliases)}


@cache
def _read(name: str) -> Dialect:
    return load(_FOLDER.joinpath(f"{name}.toml").read_text(encoding="utf-8"))


def known(name: str) -> bool:
    """Whether a dialect has this name or alias."""
    return name in _names()


def find(name: str) -> Dialect:
    """Find a dialect by its name or an alias of it. ``DIALECT_UNKNOWN``."""
    if not known(name):
        raise Refused(DIALECT_UNKNOWN, name=name, meant=meant(name, dialects(), *(_names().keys() - dialects().keys())))
    return dialects()[_names()[name]]


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
