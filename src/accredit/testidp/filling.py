"""A dialect: the shape of its file, and what filling it with parameters gives.

A template that names something absent is never rendered with a blank: the next alternative is taken, or the claim is
left out, or, where the platform always sends it, the request is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from accredit.errors import INPUT_INVALID, Refused
from accredit.testidp.near import meant
from accredit.testidp.parameters import NOT, Parameter
from accredit.testidp.templates import ABSENT, Place, Template, first, places, render

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_LIFETIME: Final = 315_360_000  # seconds, ten years: long enough to be refused by everybody
LIFETIME: Final = "lifetime"  # a parameter of every dialect: seconds from iat to exp
ALGORITHM: Final = "algorithm"  # a parameter of every dialect that has a choice
WELL_KNOWN: Final = "/.well-known/openid-configuration"

Offset = int | Literal["none"]
"""Seconds from the moment of minting; or the date is left out."""


class Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of a dialect's file."""


class Variant(Data, frozen=True, kw_only=True):
    """What is different under one value of a parameter: each member takes the place of the dialect's as a whole."""

    header: dict[str, Template] | None = None
    times: dict[str, Offset] | None = None
    lifetime: int | None = None
    algorithms: tuple[str, ...] | None = None
    required: tuple[str, ...] | None = None
    kid: bool | None = None


class Sample(Data, frozen=True, kw_only=True):
    """A request with a name: what a documented set of claims is made of. ``{null}`` is null."""

    params: dict[str, object] = {}
    overrides: dict[str, object] = {}
    header: dict[str, object] = {}
    times: dict[str, Offset] = {}
    algorithm: str | None = None
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """What a token is filled with beside its parameters."""

    address: str  # where the issuer answers
    jti: str
    now: int  # seconds since 1970
    issuer: str | None = None  # in place of the dialect's own


@dataclass(frozen=True, slots=True)
class Shape:
    """How a token is, apart from its claims."""

    header: Mapping[str, Template]
    times: Mapping[str, Offset]
    lifetime: int  # seconds
    algorithms: tuple[str, ...]
    required: tuple[str, ...]
    kid: bool


@dataclass(frozen=True, slots=True)
class Filled:
    """A token without its dates and its signature."""

    values: Mapping[str, object]
    claims: dict[str, object]
    header: dict[str, object]
    shape: Shape
    algorithm: str


class Dialect(Data, frozen=True, kw_only=True, dict=True):
    """A platform: where its documents are, and how its tokens look."""

    name: str
    aliases: tuple[str, ...] = ()
    title: str
    preset: str = ""  # the id of the preset that says how to trust it
    evidence: str = ""  # where its facts are from
    # Templates of parameters; empty: where this process answers.
    issuers: str | list[str] = msgspec.field(name="issuer")
    jwks_path: str
    discovery_paths: tuple[str, ...] = (WELL_KNOWN,)
    algorithms: tuple[str, ...]  # the first is the default
    lifetime: int  # seconds
    times: dict[str, Offset]
    header: dict[str, Template]
    kid: bool = True  # whether the header names the key
    required: tuple[str, ...]  # claims that the platform always sends
    discovery: dict[str, object] = {}
    params: dict[str, Parameter]
    values: dict[str, tuple[Template, ...]] = {}
    claims: dict[str, Template]
    variants: dict[str, dict[str, Variant]] = {}
    samples: dict[str, Sample] = {}

    @cached_property
    def parameters(self) -> Mapping[str, Parameter]:
        """Every parameter but ``lifetime``: those of the file, and the algorithm where there is a choice."""
        if ALGORITHM in self.params or len(self.algorithms) == 1:
            return self.params
        return {**self.params, ALGORITHM: Parameter("the signature algorithm", one_of=self.algorithms)}

    @cached_property
    def issuer(self) -> str:
        """The issuer when no parameter is given: the platform's real one. Empty: where this process answers."""
        return self.issuer_of({}, Given("", "", 0))

    @cached_property
    def issuer_parameters(self) -> frozenset[str]:
        """The parameters that the issuer is made of."""
        return frozenset(self._parameter(place.name) for place in places(self._issuer_templates))

    def issuer_of(self, params: Mapping[str, object], given: Given) -> str:
        """Return the issuer of a token with ``params``: a parameter that was asked for wins over ``given.issuer``.

        Raises ``Refused(INPUT_INVALID)`` for a parameter that the dialect does not have or cannot use.
        """
        return self._issuer(params, self._parameters(params, given.now), given)

    def fill(self, params: Mapping[str, object], given: Given) -> Filled:
        """Return a token with ``params``.

        Raises ``Refused(INPUT_INVALID)`` for a parameter that the dialect does not have or cannot use.
        """
        values = self._parameters(params, given.now)
        shape = self._shape(values)
        values |= {"issuer": self._issuer(params, values, given), "jti": given.jti, "null": None}
        for name, alternatives in self.values.items():
            if (found := first(alternatives, values)) is not ABSENT:
                values[name] = found
        claims = _members(self.claims, values)
        self._refuse_missing(shape.required, claims, values)
        algorithm = str(values.get(ALGORITHM, shape.algorithms[0]))
        return Filled(values, claims, _members(shape.header, values), shape, algorithm)

    def sample(self, name: str) -> Sample:
        """Find a named request. ``INPUT_INVALID``."""
        if name not in self.samples:
            reason = f"dialect {self.name} has no such sample ({meant(name, self.samples)})"
            raise Refused(INPUT_INVALID, what="sample", reason=reason)
        return self.samples[name]

    def _parameters(self, params: Mapping[str, object], now: int) -> dict[str, object]:
        unknown = sorted(params.keys() - self.parameters.keys() - {LIFETIME})
        if unknown:
            known = meant(unknown[0], sorted({*self.parameters, LIFETIME}))
            reason = f"dialect {self.name} has no such parameter ({known})"
            raise Refused(INPUT_INVALID, what=f"params.{unknown[0]}", reason=reason)
        values: dict[str, object] = {}
        for name, parameter in self.parameters.items():
            values.update(parameter.read(name, parameter.chosen(name, params), now))
        return values

    @cached_property
    def _issuer_templates(self) -> list[str]:
        return [self.issuers] if isinstance(self.issuers, str) else self.issuers

    def _issuer(self, params: Mapping[str, object], values: Mapping[str, object], given: Given) -> str:
        if given.issuer is not None and params.keys().isdisjoint(self.issuer_parameters):
            return given.issuer
        rendered = first(tuple(self._issuer_templates), values)
        if rendered is ABSENT:
            raise self._unformed("the issuer", self._issuer_templates, values)
        return str(rendered) or given.address

    def _shape(self, values: Mapping[str, object]) -> Shape:
        """Return how the token is: as the dialect says, and as the variants that hold say otherwise."""
        names = ("header", "times", "lifetime", "algorithms", "required", "kid")
        found = {name: getattr(self, name) for name in names}
        for parameter, variants in self.variants.items():
            variant = variants.get(str(values.get(parameter)))
            changed = {name: getattr(variant, name, None) for name in names}
            found.update({name: value for name, value in changed.items() if value is not None})
        return Shape(**found)

    def _refuse_missing(
        self, required: Iterable[str], claims: Mapping[str, object], values: Mapping[str, object]
    ) -> None:
        missing = [name for name in required if name not in claims]
        if missing:
            raise self._unformed(f"the claim {missing[0]}", (self.claims[missing[0]],), values)

    def _unformed(self, what: str, templates: Iterable[Template], values: Mapping[str, object]) -> Refused:
        causes = " or ".join(self._causes(templates, values))
        reason = f"{f'without {causes}' if causes else 'with these parameters'} {what} cannot be formed"
        return Refused(INPUT_INVALID, what="params", reason=reason)

    def _causes(self, templates: Iterable[Template], values: Mapping[str, object]) -> list[str]:
        """Name the parameters whose absence keeps all of ``templates`` from being rendered."""
        found: list[str] = []
        for template in templates:
            absent = [place for place in places(template) if not place.exists(values)]
            if any(self._decided(place, values) for place in absent):
                continue  # a choice was made for another template
            for name in (place.name for place in absent):
                found += self._causes(self.values[name], values) if name in self.values else [self._parameter(name)]
        return list(dict.fromkeys(found))

    def _decided(self, place: Place, values: Mapping[str, object]) -> bool:
        """Whether a place cannot be filled because of what was chosen, not because something is missing."""
        flag = place.name in self.params and self.params[place.name].kind == "flag"
        return flag or place.name.startswith(NOT) or (place.equal is not None and place.name in values)

    def _parameter(self, name: str) -> str:
        """Return the parameter that brings ``name``: itself, or the one that it is a part of."""
        whole = next((whole for whole, each in self.params.items() if name in each.split), name)
        return whole.removeprefix(NOT) if whole not in self.params else whole


def _members(templates: Mapping[str, Template], values: Mapping[str, object]) -> dict[str, object]:
    rendered = {name: render(template, values) for name, template in templates.items()}
    return {name: each for name, each in rendered.items() if each is not ABSENT}
