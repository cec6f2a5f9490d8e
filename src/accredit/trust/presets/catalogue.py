"""The presets there are: which files, what they are called, and which of them an issuer belongs to.

Rule 1: a file is read when somebody asks for it, once. What tells them apart without reading them, ids, aliases and
how their issuers look, is in ``index.json``, which ``scripts/preset_index.py`` writes.
Rule 2: a file that says something wrong is an error of ours, with its name and the member.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

import msgspec

from accredit.errors import PRESET_UNKNOWN, Refused
from accredit.trust.presets.model import LONGEST, Preset

if TYPE_CHECKING:
    from collections.abc import Iterable

    from accredit.trust.presets.claims import SubjectParts

OTHER: Final = "other"  # the preset without a platform


class Entry(msgspec.Struct, frozen=True):
    """What the index says of one file."""

    id: str
    aliases: tuple[str, ...]
    match: str
    prefix: str  # the literal beginning of what matches: most issuers are told apart by it
    hosts: tuple[str, ...]  # the platform's own; each with its sub-domains
    open: bool  # an organization may run it at any address: an issuer that does not match may still be its
    speaks: tuple[str, ...] = ()  # of such a platform: how its subjects look
    kept: tuple[tuple[str, ...], ...] = ()  # paths of the claims that say whose workload it is, of no person or run

    def is_certain_of(self, issuer: str) -> bool:
        """Whether the issuer is this platform's, whatever the subject."""
        return bool(self.match) and issuer.startswith(self.prefix) and re.fullmatch(self.match, issuer) is not None

    def may_have(self, subject: str) -> bool:
        """Whether an organization may run this platform at any address, and the subject is one of its forms."""
        return any(re.fullmatch(form, subject) for form in self.speaks)


@cache
def entries() -> tuple[Entry, ...]:
    """The index: what has the longest literal beginning comes first."""
    found = files(__package__).joinpath("index.json").read_bytes()
    return msgspec.json.decode(found, type=tuple[Entry, ...])


def ids() -> tuple[str, ...]:
    """Every preset's id, in order."""
    return tuple(sorted(each.id for each in entries()))


def preset(name: str) -> Preset:
    """Find a preset by its id or an alias. ``PRESET_UNKNOWN``, with the nearest names."""
    for each in entries():
        if name == each.id or name in each.aliases:
            return _read(each.id)
    from difflib import get_close_matches  # noqa: PLC0415  only somebody who mistyped pays for it

    names = {known: each.id for each in entries() for known in (each.id, *each.aliases)}
    near = dict.fromkeys(names[each] for each in get_close_matches(name.lower().replace("-", "_"), names, 3, 0.5))
    meant = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(ids())}"
    raise Refused(PRESET_UNKNOWN, name=name, meant=meant)


def recognise(issuer: str, subject: str | None = None) -> Preset | None:
    """The platform that an issuer belongs to; never ``other``.

    The address of what people run themselves says nothing: there a ``subject`` may, whose form only one platform has.
    Where platforms have an issuer in common, the ``subject`` says which it is.
    """
    if len(issuer) > LONGEST:
        return None
    if fitting := [each.id for each in entries() if each.is_certain_of(issuer)]:
        whose = [name for name in fitting if len(fitting) > 1 and subject and _read(name).read_subject(subject)]
        return _read((whose or fitting)[0])
    if subject is None:
        return None
    speaking = [found for found, _ in speakers(subject)]
    return speaking[0] if len(speaking) == 1 else None


def speakers(subject: str) -> tuple[tuple[Preset, SubjectParts], ...]:
    """The platforms that organizations run themselves and whose subjects look like this one."""
    if len(subject) > LONGEST:
        return ()
    running = (_read(each.id) for each in entries() if each.may_have(subject))
    return tuple((found, parts) for found in running if (parts := found.read_subject(subject)))


def kept(issuer: str, subjects: Iterable[str] = ()) -> tuple[tuple[str, ...], ...]:
    """Return the paths of an issuer's claims that the sign-in log keeps, as the index has them: no file is read.

    What people run themselves is told by the ``subjects`` that are trusted there.
    """
    if len(issuer) > LONGEST:
        return ()
    fitting = [each for each in entries() if each.is_certain_of(issuer)]
    if not fitting:
        said = [each for each in subjects if len(each) <= LONGEST]
        fitting = [each for each in entries() if any(map(each.may_have, said))]
    return tuple(dict.fromkeys(path for each in fitting for path in each.kept))


@cache
def _read(name: str) -> Preset:
    return load(files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8"), f"{name}.toml")


def load(text: str, file: str) -> Preset:
    """Read one file. ``ValueError``, with file and member, for what is no preset."""
    import tomllib  # noqa: PLC0415  who imports the catalogue need not read a file

    try:
        return msgspec.convert(tomllib.loads(text), Preset)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ValueError(f"{file}: {error}") from error
