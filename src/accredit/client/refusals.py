"""What an authority refused, as the row of the catalogue that it refused it for: the same for who asks from afar.

A row is found by its text, which is where it stands on the wire; what its fields were is read back out of it.
"""

from __future__ import annotations

import re
from functools import cache
from string import Formatter
from typing import TYPE_CHECKING, Any, Final

import msgspec

from accredit.errors import CATALOGUE, Refused, masked

if TYPE_CHECKING:
    from collections.abc import Iterable

    from accredit.errors import Row

_IDS: Final = re.compile(r"\s+Trace ID: .*", re.DOTALL)
_CODE: Final = re.compile(r"AADSTS(\d+): ")
_UNTRUSTED: Final = 600  # characters that are kept of a text that no row has


class OtherRefusal(Exception):
    """The authority refused something in words that this version does not know: of an operator, or a newer one."""

    def __init__(self, status: int, code: str, message: str, detail: str = "", *, token: bool = False) -> None:
        self.status = status
        self.code = code
        self.message = message[:_UNTRUSTED]
        self.detail = detail[:_UNTRUSTED]
        self.token = token  # it was a token that was refused
        super().__init__(status, code, self.message)


def of_graph(status: int, body: bytes) -> Refused | OtherRefusal:
    """Read an answer of the directory API that is not a success."""
    error = _object(_object(_decoded(body)).get("error"))
    code, message = str(error.get("code") or status), str(error.get("message") or "The answer has no message.")
    detail = str(_object(error.get("innerError")).get("accredit") or "")
    rows = (row for row in CATALOGUE.values() if row.status == status and row.family != "sts")
    ours = (row for row in CATALOGUE.values() if row.status == status and row.family == "sts")
    found = _matching((*(row for row in rows if row.family == "local" or row.error == code), *ours), message, detail)
    return found or OtherRefusal(status, code, message, detail)


def of_token_endpoint(status: int, body: bytes) -> Refused | OtherRefusal:
    """Read an answer of the token endpoint that is not a success."""
    error = _object(_decoded(body))
    said = masked(_IDS.sub("", str(error.get("error_description") or "The answer has no description.")))
    code = _CODE.match(said)
    message = said[code.end() :] if code else said
    rows = (row for row in CATALOGUE.values() if code and row.family == "sts" and str(row.code) == code[1])
    return _matching(rows, message, "") or OtherRefusal(
        status, f"AADSTS{code[1]}" if code else str(error.get("error") or status), message, token=True
    )


def _matching(rows: Iterable[Row], message: str, detail: str) -> Refused | None:
    """Return the refusal whose row's text this is; of several, that whose text says most by itself."""
    for row in sorted(rows, key=lambda each: -len(re.sub(r"\{\w+\}", "", each.template))):
        if found := _pattern(row.template).fullmatch(message):
            return Refused(row, detail=detail, **found.groupdict())
    return None


@cache  # for each row
def _pattern(template: str) -> re.Pattern[str]:
    parts, seen = [], set[str]()
    for text, name, _, _ in Formatter().parse(template):
        parts.append(re.escape(text))
        if name:
            parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>.*?)")
            seen.add(name)
    return re.compile("".join(parts), re.DOTALL)


def _decoded(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
