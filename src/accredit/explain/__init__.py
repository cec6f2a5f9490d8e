"""Why a token was refused, in words: the verdicts that the exchange reads, all of them, and what to change."""

from accredit.explain.actions import trusting
from accredit.explain.asking import applications, elsewhere, records
from accredit.explain.explanation import explain, unreadable
from accredit.explain.model import (
    SCHEMA,
    Comparison,
    Difference,
    Edit,
    Explanation,
    Near,
    Step,
    Summary,
    Unlisted,
)
from accredit.explain.nearest import worded
from accredit.explain.suggestion import Suggestion, suggest

__all__ = [
    "SCHEMA",
    "Comparison",
    "Difference",
    "Edit",
    "Explanation",
    "Near",
    "Step",
    "Suggestion",
    "Summary",
    "Unlisted",
    "applications",
    "elsewhere",
    "explain",
    "records",
    "suggest",
    "trusting",
    "unreadable",
    "worded",
]
