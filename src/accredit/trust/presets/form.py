"""What people type into the form of a preset: read, or told what is wrong with it and what to do, everything at once.

Rule 1: white space, invisible and look-alike characters are told before anything else; nothing is trimmed or folded.
Rule 2: what is given and would have no part in the trust is told, not dropped: who types an id believes that it counts.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from accredit.errors import PRESET_FORM, Refused, shown
from accredit.trust.presets.model import Preset

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from accredit.trust.presets.model import Field

SHOWN: Final = 80  # characters of a value in a sentence about it


class FieldFinding(msgspec.Struct, frozen=True):
    """What is to be said of one field (or of ``mode``, ``audience``, ``subject``, ``expression``)."""

    field: str
    message: str


class FormError(Refused):
    """The form cannot be used; ``findings`` says why, field by field."""

    def __init__(self, preset: Preset, findings: Iterable[FieldFinding]) -> None:
        self.findings = tuple(findings)
        reason = " ".join(f"{each.field}: {each.message}" for each in self.findings)
        super().__init__(PRESET_FORM, preset=preset.id, reason=reason)


class Form(msgspec.Struct, frozen=True):
    """A preset, one of its modes, and what is filled in; ``audience`` where it is not the one proposed."""

    preset: Preset
    mode: str
    values: dict[str, str]


def given(preset: Preset, values: Mapping[str, str]) -> dict[str, str]:
    """What is filled in, with the defaults of the fields that are not. Empty is not filled in."""
    typed = {name: text for name, text in values.items() if text}
    return {each.name: each.default for each in preset.fields if each.default} | typed


def unfit(preset: Preset, values: Mapping[str, str]) -> Iterator[FieldFinding]:
    """Say of every field what is wrong with its value; ``values`` as ``given`` returns them."""
    for name, text in values.items():
        field = preset.field(name)
        if field is None:
            known = ", ".join(each.name for each in preset.fields)
            yield FieldFinding(name, f"{preset.title} has no such field; there are: {known}.")
        elif message := _unfit(field, text, values):
            yield FieldFinding(name, message)


def warnings(preset: Preset, values: Mapping[str, str]) -> Iterator[FieldFinding]:
    """Say what people should know of values that are taken."""
    for field in preset.fields:
        if text := values.get(field.name):
            for hint in field.warn:
                if hint.about(text, values):
                    yield FieldFinding(field.name, hint.says)


def wanted(field: Field) -> str:
    """What to fill in, in words."""
    example = f" For example: {field.example}." if field.example else ""
    return f"{field.help}{example}"


def _unfit(field: Field, text: str, values: Mapping[str, str]) -> str:
    if message := _unseen(text):
        return message
    if hint := next((each for each in field.refuse if each.about(text, values)), None):
        return hint.says
    if field.choices:
        return "" if text in field.choices else f"It must be one of {', '.join(field.choices)}, spelt so."
    if not field.min <= len(text) <= field.max:
        limit = f"{field.max} are the most" if len(text) > field.max else f"{field.min} are the least"
        return f"It has {len(text)} characters; {limit}. {wanted(field)}"
    if not re.fullmatch(field.pattern, text):
        return f"“{quoted(text)}” is not taken. {wanted(field)}"
    return ""


def _unseen(text: str) -> str:
    """What of a text cannot be seen, or is not what it seems to be."""
    if text != text.strip():
        return "There is white space at an end; values are compared character by character. Remove it."
    strange = next((at for at, each in enumerate(text) if not " " <= each <= "~"), None)
    if strange is None:
        return ""
    code = f"U+{ord(text[strange]):04X}"
    if text[strange].isprintable():
        strange_one = f"Character {strange + 1} is “{text[strange]}” ({code}), which is not ASCII"
        return f"{strange_one}: letters that look alike never match. Type it again."
    return f"Character {strange + 1} is an invisible character ({code}). Remove it."


def quoted(text: str) -> str:
    """A value as it may stand in a sentence."""
    return shown(text if len(text) <= SHOWN else text[:SHOWN] + "…")
