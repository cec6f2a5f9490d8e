"""Reads trusts from a document that somebody hands over, whoever wrote it: its form is seen from what is in it.

Rule 1: a document is a proposal of a stranger: it is bounded in size, depth and count, and read strictly.
Rule 2: what cannot be known from the document alone is told in a note; what is wrong is refused, with its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from accredit.errors import INPUT_INVALID, Refused
from accredit.interop.files import arm, graph, own, terraform
from accredit.interop.files.lines import lines
from accredit.interop.files.node import Found, Node
from accredit.issuers import strictjson

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.interop.files.node import Path
    from accredit.trust.written import WrittenTrust

LARGEST: Final = 10 * 1_024 * 1_024  # octets
DEEPEST: Final = 64
MEMBERS: Final = 1_000_000
_FORMS: Final = (own, terraform, arm, graph)  # the first that recognises a document reads it
_UNKNOWN: Final = (
    "nothing that trusts are read from. Read are: what az ad app federated-credential list and Microsoft Graph answer, "
    "terraform show -json (of a plan or a state), ARM templates (az bicep build), and accredit export"
)


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a document says is trusted, and what people must know of what was not read as it stands."""

    trusts: tuple[WrittenTrust, ...]
    notes: tuple[str, ...] = ()


def read(text: str, source: str) -> Configuration:
    """Read the trusts of a document (JSON or YAML). ``source``: what people call it, such as the file's name.

    Raises ``Refused(INPUT_INVALID)`` that names the source and the place in it.
    """
    text = text.removeprefix("\ufeff")  # PowerShell writes one
    value, known = _loaded(text, source)
    document, found = Node(value, source), Found()
    form = next((each for each in _FORMS if each.recognises(document)), None)
    if form is None:
        document.refuse(_UNKNOWN)
    form.read(document, found)
    places = {path for _, path in found.trusts}
    at = lines(text, places) if known is None else known
    trusts = tuple(replace(each, source=f"{source}:{at[path]}") for each, path in found.trusts)
    return Configuration(trusts, tuple(found.notes))


def _loaded(text: str, source: str) -> tuple[Any, Mapping[Path, int] | None]:
    """Return the value of a document, and on which line everything is, where that is known already."""
    try:
        data = text.encode()
        if len(data) <= LARGEST:
            if text.lstrip()[:1] in {"{", "["}:
                return strictjson.loads(data, depth=DEEPEST, members=MEMBERS), None
            from accredit.interop.files import yamltext  # noqa: PLC0415  most documents are JSON

            return yamltext.loads(text, depth=DEEPEST)
        reason = f"larger than {LARGEST} octets"
    except UnicodeEncodeError:
        reason = "text that has no form in UTF-8"
    except ValueError as error:
        reason = str(error)
    raise Refused(INPUT_INVALID, what=source, reason=reason)
