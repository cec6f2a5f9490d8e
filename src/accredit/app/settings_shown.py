"""The settings of a server as they are shown: every value, and where it comes from. No setting is a secret.

A secret stands in a file, and the setting is that file's path.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import msgspec

from accredit.config import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

_GROUPS = frozenset({"tls", "retention", "export", "otlp", "portal", "oidc"})


def rows(settings: Settings, given: Mapping[str, str | None], other: str = "settings file") -> list[dict[str, Any]]:
    """Return name, value and source of every setting. ``given``: what options of the command line said.

    ``other``: where a value is from that is no default, when neither an option nor a variable sets it.
    """
    values, defaults = _flat(_plain(settings)), _flat(_plain(Settings()))
    return [
        {
            "name": name,
            "value": value,
            "source": _source(name, given) or ("default" if value == defaults.get(name) else other),
        }
        for name, value in values.items()
    ]


def _plain(settings: Settings) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(settings))
    return found


def _source(name: str, given: Mapping[str, str | None]) -> str:
    """Return the option or the variable that sets ``name``; nothing when neither does."""
    if given.get(name):
        return f"--{name}"
    variable = "ACCREDIT_" + name.upper().replace(".", "__")
    found = variable in os.environ or any(each.startswith(f"{variable}__") for each in os.environ)
    return variable if found else ""


def _flat(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Write groups of settings as dotted names; ``issuer_overrides`` and ``refusals`` are single settings."""
    flat: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, dict) and name in _GROUPS:
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat
