"""What each client must be told to use an authority, and where it is known to stumble: ``clients.toml``, filled in."""

from __future__ import annotations

import shlex
import tomllib
from functools import cache
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

TOKEN_FILE: Final = "/path/to/token"  # noqa: S105  a path
_TENANT: Final = "TENANT_ID"
_CLIENT: Final = "CLIENT_ID"
_SCOPE: Final = "https://graph.microsoft.com/.default"


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """A client, pointed at one authority."""

    title: str
    variables: dict[str, str]  # of its environment; those without a value are absent
    steps: tuple[str, ...]
    traps: tuple[str, ...]
    sample: str = ""  # that asks for a token
    language: str = ""  # of the sample


def client(name: str, values: Mapping[str, str]) -> Client:
    """Point a client at an authority. ``KeyError`` for a client that is not in the file.

    ``values``: ``url``, and as far as they are known ``tenant``, ``client_id``, ``ca_file``, ``token_file``, ``scope``.
    """
    plain, known = _read()[name], _complete(values)

    def filled(text: str) -> str:
        return Template(text).substitute(known)

    return Client(
        title=plain["title"],
        variables={key: said for key, each in plain["variables"].items() if (said := filled(each))},
        steps=tuple(map(filled, plain["steps"])),
        traps=tuple(map(filled, plain["traps"])),
        sample=filled(plain.get("sample", "")).lstrip("\n"),
        language=plain.get("language", ""),
    )


def names() -> tuple[str, ...]:
    """Return what the clients are called, in the order of the file."""
    return tuple(_read())


def exports(variables: Mapping[str, str]) -> list[str]:
    """Write variables for a shell, one command each."""
    return [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]


def _complete(values: Mapping[str, str]) -> dict[str, str]:
    told = {name: value for name, value in values.items() if value}
    defaults = {"tenant": _TENANT, "client_id": _CLIENT, "ca_file": "", "token_file": TOKEN_FILE, "scope": _SCOPE}
    return {**defaults, **told, "host": urlsplit(told["url"]).netloc}


@cache
def _read() -> dict[str, dict[str, Any]]:
    return tomllib.loads(files(__package__).joinpath("clients.toml").read_text(encoding="utf-8"))
