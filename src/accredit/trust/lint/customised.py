"""Subjects that an administrator of a repository composed: ``key:value[:key:value…]``, each key the name of a claim."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from accredit.trust.lint.subjects import Subject
    from accredit.trust.presets import Preset

FORM: Final = "customised"
_KEY: Final = re.compile(r"[a-z_]+")
_REPO: Final = "repo"  # is no claim: owner and name, with their ids or without
_IDS: Final = re.compile(r"[^/@]+@([0-9]+)/[^/@]+@([0-9]+)")


def pairs(
    preset: Preset, subjects: Iterable[Subject], text: str, *, whole: bool
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the claims that a subject names, with their values; nothing where its form is not composed.

    A value with a colon of its own goes on until the next word that is a claim. ``whole``: the text is all of the
    subject; else only how it begins, and of its last value nothing is sure but the owner before a slash.
    """
    if not any(each.form.name == FORM for each in subjects):
        return
    key, value = "", ""
    words = text.split(":")
    for word in words if whole else words[:-1]:
        known = bool(_KEY.fullmatch(word)) and (word == _REPO or _listed(preset, word))
        if key and value and known:
            yield from _claims(key, value)
            key, value = word, ""
        elif not key:
            key = word if known else ""
        else:
            value = f"{value}:{word}" if value else word
    if key and value:
        yield from _claims(key, value)
    elif key == _REPO and not whole and "/" in words[-1]:
        yield from _owner(words[-1].partition("/")[0])


def keys(preset: Preset, subject: str) -> frozenset[str]:
    """Return the words of a composed subject that are names of claims."""
    return frozenset(word for word in subject.split(":") if _KEY.fullmatch(word) and _listed(preset, word))


def _claims(key: str, value: str) -> Iterator[tuple[tuple[str, ...], str]]:
    if key != _REPO:
        yield (key,), value
    elif ids := _IDS.fullmatch(value):
        yield ("repository_owner_id",), ids[1]
        yield ("repository_id",), ids[2]
    else:
        yield ("repository",), value


def _owner(text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    name, at, number = text.partition("@")
    if at and number.isdecimal():
        yield ("repository_owner_id",), number
    elif name and not at:
        yield ("repository_owner",), name


def _listed(preset: Preset, word: str) -> bool:
    return preset.claim((word,)) is not None
