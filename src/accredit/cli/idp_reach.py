"""Where a running emulator answers, and how its control API is asked by the commands of ``idp``.

Rule 1: the control token is never an argument: the ready file holds it, or a file of its own, or a variable. What
variables say is not mixed with what a ready file says: nobody's token goes to somebody else.
Rule 2: what the emulator refuses is told in its words, with its code.
"""

from __future__ import annotations

import functools
import json
import os
import ssl
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

import click

from accredit.cli import failures, inputs
from accredit.cli.failures import Ended, Failure
from accredit.cli.session import Session
from accredit.cli.words import option
from accredit.errors import CONTROL_TOKEN, INPUT_INVALID, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TIMEOUT: Final = 10.0  # seconds
LARGEST_ANSWER: Final = 16 * 1_024 * 1_024  # octets
LONGEST_TOKEN: Final = 1_024  # octets of a control token
VARIABLE: Final = "ACCREDIT_CONTROL_TOKEN"
_OK: Final = 200
_BROKEN: Final = 500  # from here on it is not the caller's fault
_EXITS: Final[Mapping[int, int]] = {
    401: failures.NOT_ALLOWED,
    403: failures.NOT_ALLOWED,
    404: failures.NOT_FOUND,
}
_UNTOLD: Final = (
    "Give its ready file: --ready-file FILE. Or its control token: --control-token-file FILE, or the variable "
    f"{VARIABLE}."
)


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running emulator, as a command was told of it."""

    url: str
    ca_file: str | None = None
    control_token: str = field(default="", repr=False)
    told: tuple[str, ...] = ()  # the options that said so, for a command that is proposed
    timeout: float = TIMEOUT  # seconds

    def ask(self, route: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Ask its control API: ``route`` is what stands below ``/idp/``. Returns the JSON object of the answer.

        Ends the command when it does not answer, or refuses.
        """
        address = urlsplit(self.url if self.url.rstrip("/").endswith("/idp") else self.url.rstrip("/") + "/idp")
        if address.scheme != "https" or not address.hostname:
            raise Refused(INPUT_INVALID, what=self.url, reason="not an https address, such as https://localhost:8443")
        headers = {"Content-Type": "application/json"}
        if self.control_token:
            headers["Authorization"] = f"Bearer {self.control_token}"
        try:
            context = ssl.create_default_context(cafile=self.ca_file or None)
            connection = HTTPSConnection(address.hostname, address.port, timeout=self.timeout, context=context)
            try:
                connection.request("POST", f"{address.path.rstrip('/')}/{quote(route)}", json.dumps(body), headers)
                answer = connection.getresponse()
                status, said = answer.status, answer.read(LARGEST_ANSWER)
            finally:
                connection.close()
        except (OSError, HTTPException) as error:
            raise Ended(self._unreachable(error)) from error
        found = _object(said)
        if status != _OK:
            raise Ended(_refused(found, status))
        return found

    def _unreachable(self, error: Exception) -> Failure:
        untrusted = isinstance(error, ssl.SSLCertVerificationError)
        fix = (
            "Give its CA: --ca-file FILE, or --ready-file FILE."
            if untrusted and not self.ca_file
            else "accredit serve --profile emulator"
        )
        return Failure(
            code="unreachable",
            message="the emulator does not answer",
            where=self.url,
            why=str(error),
            fix=fix,
            docs="accredit idp --help",
            exit=failures.UNREACHABLE,
        )


def on_emulator(story: Callable[..., None]) -> Callable[..., None]:
    """Decorate a command that asks a running emulator: it gets the session and an ``Emulator``."""

    @click.option("--ready-file", metavar="FILE", help="The ready file of the emulator: all that is needed.")
    @click.option("--url", help="Its address, with or without /idp (ACCREDIT_URL).")
    @click.option("--ca-file", metavar="FILE", help="Its CA (ACCREDIT_CA_FILE).")
    @click.option("--control-token-file", metavar="FILE", help=f"Its control token ({VARIABLE} holds it itself).")
    @functools.wraps(story)
    def run(
        ready_file: str | None,
        url: str | None,
        ca_file: str | None,
        control_token_file: str | None,
        **given: Any,  # noqa: ANN401  options
    ) -> None:
        session = click.get_current_context().ensure_object(Session)
        ready = inputs.ready(ready_file) if ready_file else _of_variables()
        found = url or str(ready.get("idp_url", ""))
        if not found:
            raise click.UsageError("which emulator? give --ready-file FILE, or --url URL and --ca-file FILE")
        told = (
            *option("--ready-file", ready_file),
            *option("--url", url),
            *option("--ca-file", ca_file),
            *option("--control-token-file", control_token_file),
        )
        ca = ca_file or str(ready.get("ca_file", "")) or None
        token = _token(control_token_file) if control_token_file else str(ready.get("control_token", ""))
        story(session, Emulator(found, ca, token, told, session.timeout or TIMEOUT), **given)

    return run


def _of_variables() -> dict[str, str]:
    """Return what variables say, by the names of the ready file."""
    names = {"idp_url": "ACCREDIT_URL", "ca_file": "ACCREDIT_CA_FILE", "control_token": VARIABLE}
    return {name: os.environ.get(variable, "").strip() for name, variable in names.items()}


def _token(path: str) -> str:
    return inputs.text_file(path, LONGEST_TOKEN).strip()


def _refused(said: dict[str, Any], status: int) -> Failure:
    code = str(said.get("code", f"HTTP {status}"))
    message = str(said.get("error_description", said.get("error", "no reason was given")))
    return Failure(
        code=code,
        message=message.removeprefix(f"{code}: "),
        where="the emulator's answer",
        fix=_UNTOLD if code == CONTROL_TOKEN.label else str(said.get("advice", "")),
        docs=f"accredit help {code}",
        exit=failures.UNREACHABLE if status >= _BROKEN else _EXITS.get(status, failures.USAGE),
    )


def _object(said: bytes) -> dict[str, Any]:
    try:
        found = json.loads(said)
    except ValueError:
        found = None
    if isinstance(found, dict):
        return found
    raise Ended(Failure(code="unreachable", message="the answer is not that of an emulator", exit=failures.UNREACHABLE))
