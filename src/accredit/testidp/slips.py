"""What a dialect's file can have wrong: said in sentences when it is read, never found out by a token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.errors import Refused
from accredit.testidp.filling import LIFETIME
from accredit.testidp.parameters import NOT
from accredit.testidp.templates import Template, places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.testidp.filling import Dialect

GIVEN: Final = frozenset({"issuer", "jti", "null"})  # values that every dialect has


def slips(found: Dialect) -> Iterator[str]:
    """Say what is wrong with a file, in sentences."""
    defined = {*found.parameters, *(part for each in found.params.values() for part in each.split)}
    defined |= {NOT + name for name in found.parameters}
    yield from _undefined(found, "issuer", found.issuers, defined)
    defined |= GIVEN
    for name, templates in found.values.items():
        yield from _undefined(found, name, list(templates), defined)
        defined.add(name)  # those after it may use it
    for header in (found.header, *(each.header or {} for some in found.variants.values() for each in some.values())):
        yield from _undefined(found, "the header", header, defined)
    for name, template in found.claims.items():
        yield from _undefined(found, name, template, defined)
    for name in sorted({*found.required} - {*found.claims}):
        yield f"{name} is required and no claim"
    yield from _of_parameters(found)
    yield from _of_variants(found)
    yield from _of_samples(found)


def _undefined(found: Dialect, name: str, template: Template, defined: set[str]) -> Iterator[str]:
    undefined = {place.name for place in places(template)} - defined
    if undefined:
        yield f"{name} names {', '.join(sorted(undefined))}, which nothing defines"
    for place in places(template):
        if place.equal is not None and place.equal not in _choices(found, place.name):
            yield f"{name} asks whether {place.name} is {place.equal}, which it never is"


def _of_parameters(found: Dialect) -> Iterator[str]:
    for name, parameter in found.params.items():
        if name in {LIFETIME, "jti", "null"} or len(parameter.split) not in (0, 2):
            yield f"parameter {name} has a name that is taken, or is not split in two"
        try:
            parameter.read(name, parameter.default, 0)
        except Refused as refused:
            yield f"the default of {name} cannot be used: {refused}"


def _of_variants(found: Dialect) -> Iterator[str]:
    for parameter, variants in found.variants.items():
        for value in sorted(variants.keys() - {*_choices(found, parameter)}):
            yield f"there is a variant for {parameter} {value}, which it never is"


def _of_samples(found: Dialect) -> Iterator[str]:
    for name, sample in found.samples.items():
        for unknown in sorted(sample.params.keys() - found.parameters.keys() - {LIFETIME}):
            yield f"sample {name} gives {unknown}, which is no parameter"
        if sample.algorithm not in (None, *found.algorithms):
            yield f"sample {name} is signed with {sample.algorithm}, which is not listed"


def _choices(found: Dialect, name: str) -> tuple[str, ...]:
    return found.parameters[name].one_of if name in found.parameters else ()
