"""The body of a call: one JSON object, read strictly, without the annotations that clients add.

Rule 1: a name is one object's only member of that name; a reader that took the last of two would hide the first from
whoever reviews a request.
Rule 2: annotations (``@odata.type``, ``tags@odata.type``) are accepted and not kept; what binds one object to another
is no annotation.
"""

from __future__ import annotations

from typing import Any, Final

from accredit.errors import BODY_NOT_JSON, Refused
from accredit.issuers import strictjson

LARGEST: Final = 1_048_576  # bytes
DEEPEST: Final = 24  # containers in containers, those of a batch around its parts included
ARRIVES_WITHIN: Final = 30.0  # seconds
MOST_VALUES: Final = 16_000  # commas and brackets, wherever they stand: reading takes a microsecond for each
MEDIA_TYPE: Final = "application/json"
_ANNOTATION: Final = "@odata."
_BINDING: Final = ("@odata.bind", "@odata.id")


def read(content_type: str, body: bytes) -> dict[str, Any]:
    """Read a body; an empty one has no members. BODY_NOT_JSON for another media type, or what is no JSON object."""
    if not body:
        return {}
    refuse_other(content_type)
    if sum(map(body.count, (b",", b"{", b"["))) > MOST_VALUES:
        raise Refused(BODY_NOT_JSON, detail=f"more than {MOST_VALUES} values")
    try:
        found = strictjson.loads(body, depth=DEEPEST, members=MOST_VALUES)
    except ValueError as error:
        raise Refused(BODY_NOT_JSON, detail=str(error)) from None
    return members(found)


def refuse_other(content_type: str) -> None:
    """Refuse any media type but JSON's."""
    if content_type.split(";", 1)[0].strip().lower() != MEDIA_TYPE:
        raise Refused(BODY_NOT_JSON, detail=f"the Content-Type is not {MEDIA_TYPE}")


def members(found: object) -> dict[str, Any]:
    """Return the members of an object without annotations, at every level. BODY_NOT_JSON for anything else."""
    if not isinstance(found, dict):
        raise Refused(BODY_NOT_JSON, detail="the body is not a JSON object")
    return {name: _kept(value) for name, value in found.items() if _keeps(name)}


def _keeps(name: str) -> bool:
    return _ANNOTATION not in name or name.endswith(_BINDING)


def _kept(value: Any) -> Any:  # noqa: ANN401  any JSON
    if isinstance(value, dict):
        return {name: _kept(each) for name, each in value.items() if _keeps(name)}
    return [_kept(each) for each in value] if isinstance(value, list) else value
