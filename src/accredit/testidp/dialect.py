"""How the tokens of a platform look: a dialect is a file of data, and filling it with parameters gives the claims.

Rule 1: a new platform is a new file in ``dialects/``, never a class.
Rule 2: a template that names something absent is never rendered with a blank: the next alternative is taken, or the
claim is left out, or, where the platform always sends it, the request is refused.
Rule 3: what a file says is checked when it is read; a name that nothing defines is an error of ours.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from accredit.errors import DIALECT_UNKNOWN, INPUT_INVALID, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Kind = Literal["text", "texts", "id", "flag"]
Template = str

LONGEST: Final = 1_000  # characters of one parameter; every platform's own limit is below it
MAX_LIFETIME: Final = 315_360_000  # seconds, ten years: long enough to be refused by everybody
NOT: Final = "not_"  # prefix of the name that exists when a flag is off
GIVEN: Final = frozenset({"issuer", "jti"})  # values that the minter adds to every dialect's own

_PLACE: Final = re.compile(r"\{([a-z_]+)(\?|\|sub)?\}")


class Parameter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that a request may choose about a token."""

    says: str
    kind: Kind = "text"
    default: str | bool | None = None
    unless: tuple[str, ...] = ()  # the default holds only when none of these is given
    one_of: tuple[str, ...] = ()
    when_true: str | None = None  # what a plain ``true`` stands for
    split: tuple[str, ...] = ()  # names of the parts around its only slash

    @property
    def wanted(self) -> str:
        """What the parameter takes, in words."""
        return {
            "text": "text",
            "texts": "text, or a list of texts",
            "id": "text or a whole number",
            "flag": "true or false",
        }[self.kind]


class Dialect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A platform: where its documents are, and how its tokens look."""

    name: str
    aliases: tuple[str, ...]
    title: str
    issuer: str  # the platform's real one; empty: the address at which this process answers
    jwks_path: str
    algorithms: tuple[str, ...]  # the first is the default
    lifetime: int  # seconds
    times: dict[str, int]  # seconds from the moment of minting
    header: dict[str, str]
    required: tuple[str, ...]  # claims that the platform always sends
    discovery: dict[str, object]
    params: dict[str, Parameter]
    values: dict[str, tuple[Template, ...]]
    claims: dict[str, Template]

    def fill(
        self, params: Mapping[str, object], given: Mapping[str, str]
    ) -> tuple[dict[str, object], dict[str, object]]:
        """Return (values, claims without times) of a token with ``params``; ``given`` are those of ``GIVEN``.

        Raises ``Refused(INPUT_INVALID)`` for a parameter that the dialect does not have or cannot use.
        """
        values = dict(given) | self._parameters(params)
        for name, alternatives in self.values.items():
            rendered = next(
                (text for text in (render(each, values) for each in alternatives) if text is not None), None
            )
            if rendered is not None:
                values[name] = rendered
        claims = {
            name: rendered
            for name, template in self.claims.items()
            if (rendered := render(template, values)) is not None
        }
        missing = [name for name in self.required if name not in claims]
        if missing:
            causes = " or ".join(self._causes((self.claims[missing[0]],), values))
            reason = f"without {causes} the claim {missing[0]} cannot be formed"
            raise Refused(INPUT_INVALID, what="params", reason=reason)
        return values, claims

    def _parameters(self, params: Mapping[str, object]) -> dict[str, object]:
        unknown = sorted(params.keys() - self.params.keys() - {"lifetime"})
        if unknown:
            known = ", ".join(sorted({*self.params, "lifetime"}))
            reason = f"dialect {self.name} has no such parameter (there are: {known})"
            raise Refused(INPUT_INVALID, what=f"params.{unknown[0]}", reason=reason)
        values: dict[str, object] = {}
        for name, parameter in self.params.items():
            chosen = params.get(name, self._default(parameter, params))
            values.update(_read(name, parameter, chosen))
        return values

    @staticmethod
    def _default(parameter: Parameter, params: Mapping[str, object]) -> object:
        if any(params.get(other) not in (None, False) for other in parameter.unless):
            return None
        return parameter.default

    def _causes(self, templates: Iterable[Template], values: Mapping[str, object]) -> list[str]:
        """Name the parameters whose absence keeps all of ``templates`` from being rendered."""
        found: list[str] = []
        for template in templates:
            absent = [name for name in named(template) if name not in values]
            if any(name.startswith(NOT) or self._is_flag(name) for name in absent):
                continue  # the flag decided for another template
            for name in absent:
                found += self._causes(self.values[name], values) if name in self.values else [self._parameter(name)]
        return list(dict.fromkeys(found))

    def _is_flag(self, name: str) -> bool:
        return name in self.params and self.params[name].kind == "flag"

    def _parameter(self, name: str) -> str:
        """Return the parameter that brings ``name``: itself, or the one that it is a part of."""
        return next((whole for whole, each in self.params.items() if name in each.split), name)


def render(template: Template, values: Mapping[str, object]) -> object | None:
    """Fill ``template``; ``None`` when it names something that does not exist. A lone ``{x}`` keeps the type of x."""
    if any(name not in values for name in named(template)):
        return None
    whole = _PLACE.fullmatch(template)
    if whole is not None and not whole[2]:
        return values[whole[1]]

    def fill(place: re.Match[str]) -> str:
        if place[2] == "?":
            return ""
        text = str(values[place[1]])
        return text.replace(":", "%3A") if place[2] else text

    return _PLACE.sub(fill, template)


def named(template: Template) -> Iterator[str]:
    """Yield the names that a template uses."""
    return (place[1] for place in _PLACE.finditer(template))


def _read(name: str, parameter: Parameter, value: object) -> dict[str, object]:
    """Return what one parameter contributes: itself, or its parts too; nothing when it is absent."""
    if parameter.kind == "flag":
        return _flag(name, value)
    if value is None or value is False:
        return {}
    if value is True and parameter.when_true is not None:
        value = parameter.when_true
    if parameter.kind == "id" and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    texts = value if parameter.kind == "texts" and isinstance(value, list) and value else [value]
    for text in texts:
        _refuse_text(name, parameter, text)
    parts = str(value).split("/") if parameter.split else []
    if len(parts) != len(parameter.split) or not all(parts):
        reason = "it must be " + "/".join(parameter.split)
        raise Refused(INPUT_INVALID, what=f"params.{name}", reason=reason)
    return {name: value, **dict(zip(parameter.split, parts, strict=True))}


def _flag(name: str, value: object) -> dict[str, object]:
    if not isinstance(value, bool | None):
        raise Refused(INPUT_INVALID, what=f"params.{name}", reason="it must be true or false")
    return {name: True} if value else {NOT + name: True}


def _refuse_text(name: str, parameter: Parameter, text: object) -> None:
    if not isinstance(text, str):
        reason = f"it must be {parameter.wanted} ({parameter.says}), or null to remove it"
    elif not text:
        reason = "it is empty; null removes it"
    elif len(text) > LONGEST:
        reason = f"it is longer than {LONGEST} characters"
    elif parameter.one_of and text not in parameter.one_of:
        reason = f"it must be one of {', '.join(parameter.one_of)}"
    else:
        return
    raise Refused(INPUT_INVALID, what=f"params.{name}", reason=reason)


@cache
def dialects() -> Mapping[str, Dialect]:
    """Read every dialect, once. By name, in order of names."""
    found = [each for each in files(__package__).joinpath("dialects").iterdir() if each.name.endswith(".toml")]
    read = [load(each.read_text(encoding="utf-8")) for each in sorted(found, key=lambda each: each.name)]
    return {each.name: each for each in read}


def find(name: str) -> Dialect:
    """Find a dialect by its name or an alias of it. ``DIALECT_UNKNOWN``."""
    for each in dialects().values():
        if name == each.name or name in each.aliases:
            return each
    raise Refused(DIALECT_UNKNOWN, name=name, known=", ".join(dialects()))


def load(text: str) -> Dialect:
    """Read one file. Raises ``ValueError`` for a template that names what nothing defines."""
    found = msgspec.convert(tomllib.loads(text), Dialect)
    flags = [name for name, each in found.params.items() if each.kind == "flag"]
    defined = {*GIVEN, *found.params, *(part for each in found.params.values() for part in each.split)}
    defined |= {NOT + name for name in flags}
    for name, templates in found.values.items():
        _refuse_undefined(found, name, templates, defined)
        defined.add(name)  # those after it may use it
    for name, template in found.claims.items():
        _refuse_undefined(found, name, (template,), defined)
    return found


def _refuse_undefined(found: Dialect, name: str, templates: tuple[Template, ...], defined: set[str]) -> None:
    undefined = {each for template in templates for each in named(template)} - defined
    if undefined:
        message = f"dialect {found.name}: {name} names {', '.join(sorted(undefined))}, which nothing defines"
        raise ValueError(message)
