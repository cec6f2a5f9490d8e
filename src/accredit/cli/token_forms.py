"""The shapes in which a token is printed, each for who reads it.

``plain``: a shell. ``json``: a program. ``env``: ``eval``. ``exec-credential``: kubectl and other clients of Kubernetes
(client.authentication.k8s.io). ``credential-process``: what Google's client libraries run as an executable-sourced
credential: a token for a workload identity pool.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

import click

from accredit.errors import INPUT_INVALID, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from accredit.cli.session import Session

Kind = Literal["assertion", "access_token"]
NAMES: Final[dict[Kind, str]] = {"assertion": "ACCREDIT_ASSERTION", "access_token": "ACCREDIT_TOKEN"}
"""The variable of ``env``, where no other is named."""
API: Final = "client.authentication.k8s.io/v1"
_APIS: Final = (API, "client.authentication.k8s.io/v1beta1")
_JWT: Final = "urn:ietf:params:oauth:token-type:jwt"
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Printed:
    """A token on its way out."""

    value: str = field(repr=False)
    expires_at: datetime | None  # not known, where it does not say so
    source: str
    kind: Kind


def show(session: Session, token: Printed, form: str, named: str | None) -> None:
    """Print a token in one of the shapes."""
    if form == "plain":
        session.say(token.value)
    elif form == "env":
        session.say(_variable(token, named))
    elif form == "json":
        session.output = "json" if session.output == "table" else session.output  # a query may have one of its own
        session.show({"token": token.value, "expiresOn": _instant(token), "kind": token.kind, "source": token.source})
    else:
        session.say(json.dumps(_OBJECTS[form](token)))


def _instant(token: Printed) -> str | None:
    return f"{token.expires_at:%Y-%m-%dT%H:%M:%SZ}" if token.expires_at is not None else None


def _variable(token: Printed, named: str | None) -> str:
    name = named or NAMES[token.kind]
    if not _NAME.fullmatch(name):
        raise click.UsageError(f"{name!r} is not the name of a variable")
    return f"export {name}={shlex.quote(token.value)}"


def _exec_credential(token: Printed) -> Mapping[str, Any]:
    """Write the answer of a credential plugin in the version that the client speaks, which it says in a variable."""
    until = {"expirationTimestamp": _instant(token)} if token.expires_at is not None else {}
    return {"apiVersion": _api(), "kind": "ExecCredential", "status": {"token": token.value, **until}}


def _api() -> str:
    asked = os.environ.get("KUBERNETES_EXEC_INFO", "")
    if not asked:
        return API
    try:
        found = json.loads(asked)["apiVersion"]
    except (ValueError, LookupError, TypeError):
        found = None
    if found not in _APIS:
        reason = f"it asks for none of the versions {', '.join(_APIS)}"
        raise Refused(INPUT_INVALID, what="KUBERNETES_EXEC_INFO", reason=reason)
    return str(found)


def _credential_process(token: Printed) -> Mapping[str, Any]:
    """Write the answer of an executable-sourced credential (Google's AIP-4117)."""
    until = {"expiration_time": int(token.expires_at.timestamp())} if token.expires_at is not None else {}
    return {"version": 1, "success": True, "token_type": _JWT, "id_token": token.value, **until}


_OBJECTS: Final[Mapping[str, Callable[[Printed], Mapping[str, Any]]]] = {
    "exec-credential": _exec_credential,
    "credential-process": _credential_process,
}
