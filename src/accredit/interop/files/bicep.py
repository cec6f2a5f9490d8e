"""Trusts as Bicep, for its extension for Microsoft Graph: what ``arm`` writes, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from accredit.interop.files import arm
from accredit.interop.files.quoting import bicep

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from accredit.trust.written import WrittenTrust

_HEAD: Final = "// The part of each name before the slash is the uniqueName of an application.\n"


def write(trusts: Sequence[WrittenTrust]) -> str:
    """Write a resource for each trust; where an application has no name, its name is a parameter."""
    found = list(arm.resources(trusts))
    lines = [f"extension {arm.ALIASES[each]}" for each in sorted({version for _, version, _ in found})]
    if not all(each.application for each in trusts):
        lines += ["", "@description('The uniqueName of the application that trusts them.')", "param application string"]
    for (symbol, version, said), each in zip(found, trusts, strict=True):
        owner = bicep(each.application + "/")[1:-1] if each.application else "${application}/"
        name = f"'{owner}{bicep(each.name)[1:-1]}'"
        lines += ["", f"resource {symbol} '{arm.CREDENTIAL}@{version}' = {{", f"  name: {name}"]
        lines += [*_members(said, "  "), "}"]
    return _HEAD + "\n".join(lines) + "\n"


def _members(of: dict[str, Any], indent: str) -> Iterator[str]:
    for name, each in of.items():
        if isinstance(each, dict):
            yield f"{indent}{name}: {{"
            yield from _members(each, indent + "  ")
            yield f"{indent}}}"
        elif isinstance(each, list):
            yield f"{indent}{name}: ["
            yield from (f"{indent}  {bicep(text)}" for text in each)
            yield f"{indent}]"
        else:
            yield f"{indent}{name}: {bicep(each) if isinstance(each, str) else each}"
