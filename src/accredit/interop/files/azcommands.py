"""Trusts as commands of the Azure CLI, for a POSIX shell.

``az ad app federated-credential`` speaks version 1.0 of Graph, which has no expressions: they go to beta, ``az rest``.
"""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Final

from accredit.interop.files import graph

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accredit.trust.written import WrittenTrust

_ID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HEAD: Final = "set -eu\n"
_UNNAMED: Final = 'app="${APP_ID:?the client id of the application}"\n'
_BETA: Final = "https://graph.microsoft.com/beta/applications(appId='$app')/federatedIdentityCredentials"


def write(trusts: Sequence[WrittenTrust]) -> str:
    """Write a script: it finds each application by its name, and ends where that is nobody's or several have it."""
    held: dict[str, list[WrittenTrust]] = {}
    for each in trusts:
        held.setdefault(each.application, []).append(each)
    return _HEAD + "".join(
        "\n" + _found(application) + "".join(map(_created, those)) for application, those in held.items()
    )


def _found(application: str) -> str:
    if not application:
        return _UNNAMED
    if _ID.fullmatch(application):
        return f"app={application}\n"
    visible = "".join(each if each.isprintable() else "\ufffd" for each in application)  # then it is nobody's name
    quoted = visible.replace("'", "''")
    named = shlex.quote(f"displayName eq '{quoted}'")
    return (
        f"app=$(az ad app list --filter {named} --query '[].appId' --output tsv)\n"
        '[ "${#app}" -eq 36 ] || { echo "not exactly one application has this name" >&2; exit 1; }\n'
    )


def _created(of: WrittenTrust) -> str:
    body = shlex.quote(json.dumps(graph.body(of)))
    if of.expression is None:
        return f'az ad app federated-credential create --id "$app" --parameters {body}\n'
    return f'az rest --method post --url "{_BETA}" --headers Content-Type=application/json --body {body}\n'
