"""Writes trusts down in the forms that other programs take them in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from accredit.interop.files import arm, azcommands, bicep, graph, own, terraform
from accredit.interop.files.portable import portable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from accredit.trust.written import WrittenTrust

Form = Literal["json", "yaml", "graph", "az", "bicep", "arm", "terraform"]

_OURS: Final[Mapping[str, Callable[[Sequence[WrittenTrust]], str]]] = {"json": own.as_json, "yaml": own.as_yaml}
_OF_ENTRA: Final[Mapping[str, Callable[[Sequence[WrittenTrust]], str]]] = {
    "graph": graph.write,
    "az": azcommands.write,
    "bicep": bicep.write,
    "arm": arm.write,
    "terraform": terraform.write,
}
FORMS: Final = (*_OURS, *_OF_ENTRA)


@dataclass(frozen=True, slots=True)
class Document:
    """What was written, and a sentence on each trust that is not in it as it stands."""

    text: str
    notes: tuple[str, ...] = ()


def write(trusts: Sequence[WrittenTrust], to: Form) -> Document:
    """Write trusts: our own forms hold everything; the others what Microsoft Entra ID takes."""
    if to in _OURS:
        return Document(_OURS[to](trusts))
    taken, notes = portable(trusts)
    return Document(_OF_ENTRA[to](taken), tuple(notes))
