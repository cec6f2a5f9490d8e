"""Whether a trust names what it trusts by ids, which a platform never gives to anybody else, if it has any.

Rule 1: the facts are those of lint (``FIC-NAME-ONLY``); a policy refuses by them what lint warns of.
Rule 2: of a platform that is not known nothing is demanded: nobody knows what its ids are.
Rule 3: what names nobody at all pins nothing.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from accredit.trust.written import WrittenTrust

if TYPE_CHECKING:
    from accredit.trust.expression import Expression
    from accredit.trust.lint.facts import Part
    from accredit.trust.presets import Preset

PARTS: Final[tuple[Part, ...]] = ("tenant", "project")
"""What must be named by its id: whose it is, and which one. Who runs there may be named as the platform does."""


def unpinned(issuer: str, subject: str | None, expression: Expression | None) -> tuple[Part, ...]:
    """Return the parts that the platform has an id for and that a trust does not pin by it; maybe none."""
    text, version = (None, 1) if expression is None else (expression.text, expression.language_version)
    return _unpinned(issuer, subject, text, version)


@lru_cache(maxsize=16_384)  # credentials are few and judged often
def _unpinned(issuer: str, subject: str | None, expression: str | None, version: int) -> tuple[Part, ...]:
    from accredit.trust.lint.context import Context  # noqa: PLC0415  only a tenant with this policy reads presets
    from accredit.trust.lint.facts import read  # noqa: PLC0415

    written = WrittenTrust(
        name="", issuer=issuer, subject=subject, expression=expression, language_version=version, audiences=()
    )
    seen = read(written, Context())
    if seen.preset is None:
        return ()
    wanted = [part for part in PARTS if part in _with_id(seen.preset)]
    pinned = {part for part in wanted if seen.branches and all(each.pins(part) == "id" for each in seen.branches)}
    return tuple(part for part in wanted if part not in pinned)


def _with_id(preset: Preset) -> set[str]:
    """Return what the platform's tokens have an id of, but a customer that has an issuer of his own."""
    found = {each.of for each in preset.claims if each.cls == "id"}
    found |= {each.of for form in preset.subject_forms for each in form.segments.values() if each.cls == "id"}
    if preset.issuer.tenant_group and not preset.issuer.shared:
        found.discard("tenant")
    return {each for each in found if each is not None}
