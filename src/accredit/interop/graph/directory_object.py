"""``directoryObject`` of Microsoft Graph: an object whose kind stands in its JSON, and what asks for several by id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from accredit.directory import read_guid
from accredit.interop.graph import parts
from accredit.interop.graph.parts import Json, Wire, invalid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

KIND: Final = "DirectoryObject"
APPLICATION: Final = "application"
PRINCIPAL: Final = "servicePrincipal"
ANY: Final = "directoryobject"  # every kind
MOST: Final = 1_000  # ids in one call
_SPELLED: Final = {each.lower(): each for each in (APPLICATION, PRINCIPAL)}


class GetByIds(Wire, frozen=True, kw_only=True):
    """The body of ``getByIds``."""

    ids: tuple[str, ...]
    types: tuple[str, ...] | None = None


def write(kind: str, value: Json) -> Json:
    """Write an object with its kind."""
    return {"@odata.type": f"#microsoft.graph.{kind}", **value}


def wanted(body: Mapping[str, Any]) -> tuple[Sequence[UUID], frozenset[str]]:
    """Return the ids that a body asks for, each once, and the kinds. Raises ``Refused(PROPERTY_INVALID)``.

    A kind that there is none of here (``user``) has no objects.
    """
    told = parts.merged(KIND, GetByIds, body)
    if not 0 < len(told.ids) <= MOST:
        raise invalid("ids", KIND, f"1 to {MOST} of them")
    ids = [read_guid(each) for each in told.ids]
    found = list(dict.fromkeys(each for each in ids if each is not None))
    if None in ids:
        raise invalid("ids", KIND, "each is a GUID")
    types = [each.lower() for each in told.types or (ANY,)]
    return found, frozenset(
        _SPELLED.values() if ANY in types else (_SPELLED[each] for each in types if each in _SPELLED)
    )
