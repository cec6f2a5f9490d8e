"""What is wrong with a form, at the field that it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accredit.errors import PRIVILEGES_MISSING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.errors import Refused

GENERAL = ""
"""The name under which a problem stands that is of no one field."""


def problems_of(refused: Refused, fields: Mapping[str, str]) -> dict[str, str]:
    """Return the sentence of a refusal by the field that shows it. ``fields``: by property, as Graph names it.

    Raises what is no problem of a form: a missing role, and what is broken.
    """
    if refused.row is PRIVILEGES_MISSING or refused.row.move == "us":
        raise refused
    return {fields.get(refused.fields.get("property", ""), GENERAL): sentence(refused)}


def sentence(refused: Refused) -> str:
    """Return what is wrong, as people are told: why, if that is known, else the text of the refusal."""
    name = refused.fields.get("property", "")
    reason = refused.detail.removeprefix(f"{name}: ") if refused.detail else refused.message
    said = f"{reason[:1].upper()}{reason[1:]}" if reason.partition(" ")[0].isalpha() else reason  # no identifier
    return said if said.endswith((".", ")", "!", "?")) else f"{said}."
