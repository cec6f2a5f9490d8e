"""An expression over ids, made of a subject that says them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accredit.trust.lint.words import equals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.trust.lint.subjects import Subject


def clauses(subject: Subject) -> str:
    """Return the conditions that a subject's ids have their values; empty where no claim says the same."""
    found = []
    for name, value in subject.values.items():
        segment = subject.segment(name)
        if segment.cls == "id" and segment.claim is not None:
            path = (segment.claim,) if isinstance(segment.claim, str) else segment.claim
            found.append(equals(path, value))
    return " and ".join(found)


def edit(text: str) -> Mapping[str, str]:
    """Return an expression of version 2 as an edit."""
    return {"claimsMatchingExpression": text, "languageVersion": "2"}
