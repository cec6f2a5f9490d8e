"""Same thing as: what a form does, as a command, as a request to Microsoft Graph's API, and in Terraform."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

_INDENT = 2


class Same(NamedTuple):
    """The same change in other words, ready to copy. What a face cannot do is empty there."""

    command: str = ""
    graph: str = ""
    terraform: str = ""


def command(*words: object, **options: object) -> str:
    """Return ``accredit WORDS --option VALUE``, quoted for a shell.

    ``None`` and an empty text leave an option out, ``True`` makes it a flag, a list repeats it.
    """
    said = ["accredit", *map(str, words)]
    for name, value in options.items():
        option = f"--{name.replace('_', '-')}"
        for each in value if isinstance(value, list | tuple) else (value,):
            if each is True:
                said.append(option)
            elif each not in (None, "", False):
                said += [option, str(each)]
    return shlex.join(said)


def graph(method: str, path: str, body: Mapping[str, Any] | None = None) -> str:
    """Return a request as it is sent: ``POST /v1.0/applications``, a blank line, its JSON."""
    head = f"{method} {path}"
    if body is None:
        return head
    return f"{head}\n\n{msgspec.json.format(msgspec.json.encode(body), indent=_INDENT).decode()}"
