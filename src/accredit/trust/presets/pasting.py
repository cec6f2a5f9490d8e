"""What somebody pastes at the platform's side, with the trust's values in it.

``«x»`` is the text x, ``«x|json»`` the same as a JSON (and YAML) string, ``«x|hcl»`` as one of HCL, which would read
``${`` as more than text, ``«x|sh»`` quoted for a shell. A line with
``«x?»``, ``«x=v?»`` or ``«not_x?»`` in it is left out unless that is so; the mark itself disappears.

Rule 1: a name that does not exist is an error of the file, and a text that is absent one of its conditions: neither
becomes a blank.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from accredit.trust.presets.model import Preset
    from accredit.trust.presets.model import Snippet as Written
    from accredit.trust.presets.rendering import Rendered

OURS: Final = ("issuer", "subject", "expression", "audience", "name", "client_id", "tenant", "authority", "mode")
"""What a snippet can name besides the fields of its form."""
UNKNOWN: Final = {
    "client_id": "00000000-0000-0000-0000-000000000000",
    "tenant": "00000000-0000-0000-0000-000000000000",
    "authority": "https://YOUR-AUTHORITY",
}
"""What stands where the caller does not say: it is read as it should, is seen to be filled in, and works nowhere."""
_MARK: Final = re.compile(r"«(not_)?([a-z][a-z0-9_]*)(?:=([^«»?]*))?\?»")
_PLACE: Final = re.compile(r"«([^«»]*)»")


class Snippet(msgspec.Struct, frozen=True):
    """A text to paste, filled in. ``file``: where it goes; ``schema``: what it is, for those who check it."""

    title: str
    language: str
    file: str
    text: str
    schema: str = ""


def snippets(
    preset: Preset, rendered: Rendered, *, client_id: str = "", tenant: str = "", authority: str = ""
) -> tuple[Snippet, ...]:
    """Every snippet of the preset that goes with this trust. ``LookupError`` for a name that nothing defines."""
    ours = {
        "issuer": rendered.issuer,
        "subject": rendered.subject,
        "expression": rendered.expression,
        "audience": rendered.audience,
        "name": rendered.name,
        "mode": rendered.mode,
        "client_id": client_id or UNKNOWN["client_id"],
        "tenant": tenant or UNKNOWN["tenant"],
        "authority": authority or UNKNOWN["authority"],
    }
    values = {name: text for name, text in ours.items() if text is not None} | rendered.values
    return tuple(
        Snippet(each.title, each.language, each.file, _fill(preset, each, values), each.schema)
        for each in preset.snippets
        if _meant(each, values)
    )


def _meant(snippet: Written, values: Mapping[str, str]) -> bool:
    name, is_field, value = snippet.when.partition("=")
    return not name or (values.get(name) == value if is_field else values["mode"] == name)


def _fill(preset: Preset, snippet: Written, values: Mapping[str, str]) -> str:
    defined = {*OURS, *(each.name for each in preset.fields)}

    def known(name: str) -> str:
        if name not in defined:
            raise LookupError(f"{preset.id}: the snippet {snippet.title} names {name}, which nothing defines")
        return name

    def place(found: re.Match[str]) -> str:
        name, _, how = found[1].partition("|")
        if known(name) not in values:
            raise LookupError(f"{preset.id}: the snippet {snippet.title} has no {name} here and no condition for it")
        return _FILTERS[how](values[name])

    kept = []
    for line in snippet.text.strip("\n").splitlines():
        marks = list(_MARK.finditer(line))
        if all(_holds(known(mark[2]), mark, values) for mark in marks):
            kept.append(_PLACE.sub(place, _MARK.sub("", line)))
    return "\n".join(kept) + "\n"


def _holds(name: str, mark: re.Match[str], values: Mapping[str, str]) -> bool:
    if mark[1]:
        return name not in values
    return name in values if mark[3] is None else values.get(name) == mark[3]


def _shell(text: str) -> str:
    return "'" + text.replace("'", "'\"'\"'") + "'"


def _hcl(text: str) -> str:
    return re.sub(r"[$%](?=\{)", lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))


_FILTERS: Final[Mapping[str, Callable[[str], str]]] = {"": str, "json": json.dumps, "hcl": _hcl, "sh": _shell}
