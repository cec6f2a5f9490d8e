"""The parameters of the dialects: what a request may choose about a token, and how it is read.

Rule 1: null removes a parameter, its default too; so does false where a text is wanted.
Rule 2: what cannot be used is refused by the parameter's name, with what it takes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from accredit.errors import INPUT_INVALID, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["text", "texts", "several", "list", "id", "number", "moment", "flag", "json"]

LONGEST: Final = 1_000  # characters of one parameter; every platform's own limit is below it
LARGEST: Final = 2**53 - 1  # what every reader of JSON still knows exactly
NOT: Final = "not_"  # prefix of the name that exists when a parameter is absent or a flag is off

_WANTED: Final[Mapping[Kind, str]] = {
    "text": "text",
    "texts": "text, or a list of texts",
    "several": "text, or a list of texts",
    "list": "text, or a list of texts",
    "id": "text or a whole number",
    "number": "a whole number",
    "moment": "a whole number of seconds",
    "flag": "true or false",
    "json": "any JSON value",
}
_WHOLE: Final = re.compile(r"-?[0-9]{1,16}")


class Parameter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that a request may choose about a token.

    Kinds: ``text``; ``texts`` (as given), ``several`` (a list only where there are two or more) and ``list`` (always a
    list); ``id`` (text in the token, a whole number is taken too); ``number`` (a whole number in the token);
    ``moment`` (seconds from now, a date in the token); ``flag``; ``json`` (as given).
    """

    says: str
    kind: Kind = "text"
    default: object = None
    unless: tuple[str, ...] = ()  # the default holds only when none of these is given
    one_of: tuple[str, ...] = ()
    pattern: str = ""  # the whole text
    when_true: str | None = None  # what a plain ``true`` stands for
    split: tuple[str, ...] = ()  # names of the two parts around its slash
    slash: Literal["only", "last"] = "only"  # where it is split

    @property
    def wanted(self) -> str:
        """What the parameter takes, in words."""
        return _WANTED[self.kind]

    def chosen(self, name: str, params: Mapping[str, object]) -> object:
        """Return what a request gives, or the default where it holds."""
        if name in params:
            return params[name]
        return None if any(params.get(other) not in (None, False) for other in self.unless) else self.default

    def read(self, name: str, value: object, now: int) -> dict[str, object]:
        """Return what the parameter contributes: itself, its parts; or that it is absent. ``now``: seconds since 1970.

        Raises ``Refused(INPUT_INVALID)``.
        """
        if self.kind == "flag":
            if not isinstance(value, bool | None):
                raise Refused(INPUT_INVALID, what=f"params.{name}", reason="it must be true or false")
            return {name: True} if value else {NOT + name: True}
        if value is None or (value is False and self.kind != "json"):
            return {NOT + name: True}
        if self.kind == "json":
            return {name: value}
        if self.kind in ("number", "moment"):
            number = self._number(name, value)
            return {name: number + now if self.kind == "moment" else number}
        return self._words(name, value)

    def _number(self, name: str, value: object) -> int:
        if isinstance(value, str) and _WHOLE.fullmatch(value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LARGEST:
            reason = f"it must be {self.wanted} ({self.says}), or null to remove it"
            raise Refused(INPUT_INVALID, what=f"params.{name}", reason=reason)
        return value

    def _words(self, name: str, value: object) -> dict[str, object]:
        if value is True and self.when_true is not None:
            value = self.when_true
        if self.kind == "id" and isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        many = self.kind in ("texts", "several", "list")
        texts = value if many and isinstance(value, list) and value else [value]
        for text in texts:
            self._refuse(name, text)
        if self.kind == "list":
            value = texts
        elif self.kind == "several" and len(texts) == 1:
            value = texts[0]
        return {name: value, **self._parts(name, str(value))}

    def _parts(self, name: str, text: str) -> dict[str, str]:
        if not self.split:
            return {}
        parts = text.rsplit("/", 1) if self.slash == "last" else text.split("/")
        if len(parts) != len(self.split) or not all(parts):
            raise Refused(INPUT_INVALID, what=f"params.{name}", reason="it must be " + "/".join(self.split))
        return dict(zip(self.split, parts, strict=True))

    def _refuse(self, name: str, text: object) -> None:
        if not isinstance(text, str):
            reason = f"it must be {self.wanted} ({self.says}), or null to remove it"
        elif not text:
            reason = "it is empty; null removes it"
        elif len(text) > LONGEST:
            reason = f"it is longer than {LONGEST} characters"
        elif self.one_of and text not in self.one_of:
            reason = f"it must be one of {', '.join(self.one_of)}"
        elif self.pattern and not re.fullmatch(self.pattern, text):
            reason = f"it must be {self.says}, of the form {self.pattern}"
        else:
            return
        raise Refused(INPUT_INVALID, what=f"params.{name}", reason=reason)
