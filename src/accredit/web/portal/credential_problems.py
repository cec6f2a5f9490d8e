"""At which field of a credential's form a refusal is told, and in which words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.web.portal.credential_form import EXPRESSION, SUBJECT

if TYPE_CHECKING:
    from accredit.errors import Refused
    from accredit.web.portal.credential_form import Draft


def problem(refused: Refused, draft: Draft) -> tuple[str, str]:
    """Return at which field a refusal is told, and in which words."""
    name = refused.row.name
    where = _PLACES.get(name, "")
    if name == "PROPERTY_INVALID":
        where = refused.fields["property"]
        where = _CAMEL.get(where, where)
    if where in {"issuer", SUBJECT, EXPRESSION}:
        where = draft.place(where)
    detail = refused.detail.partition(": ")[2] if refused.detail.startswith(_PREFIXES) else refused.detail
    said = f"{refused.message} {detail}".strip() if name not in {"PROPERTY_INVALID", "TRUST_INCOMPLETE"} else detail
    return where, said or f"{refused.message} {refused.row.advice}"


_CAMEL: Final = {"multiAudience": "multi_audience", "listedAudiences": "listed_audiences"}
_PREFIXES: Final = ("issuer: ", "subject: ", "audiences: ", "expression: ", "description: ")
_PLACES: Final = {
    "NAME_TAKEN": "name",
    "NAME_INVALID": "name",
    "TRUST_INCOMPLETE": "issuer",
    "AUDIENCES_NOT_ONE": "audience",
    "SUBJECT_EMPTY": SUBJECT,
    "SUBJECT_AND_EXPRESSION": SUBJECT,
    "TRUST_EXISTS": SUBJECT,
    "ISSUER_FORBIDDEN": "issuer",
    "IDS_MISSING": SUBJECT,
    "EXPRESSION_SYNTAX": EXPRESSION,
    "EXPRESSION_CLAIMS": EXPRESSION,
    "LINT_BLOCKS": "reason",
}
