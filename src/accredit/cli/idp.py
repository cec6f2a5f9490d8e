"""``accredit idp``: tokens of the emulator's test issuers."""

from __future__ import annotations

import json
import ssl
from http.client import HTTPException, HTTPSConnection
from typing import Any, Final
from urllib.parse import urlsplit

import click

from accredit.cli import failures, inputs
from accredit.cli.failures import Ended, Failure
from accredit.cli.grammar import group
from accredit.cli.session import Session, pass_session
from accredit.errors import INPUT_INVALID, Refused

TIMEOUT: Final = 10.0  # seconds
LARGEST_ANSWER: Final = 1_024 * 1_024  # octets
_OK: Final = 200
_WORDS: Final = {"null": None, "true": True, "false": False}


@group("idp")
def idp() -> None:
    """Test issuers of a running emulator."""


@idp.command("mint")
@click.argument("dialect", metavar="DIALECT", default="github")
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="What the token is for; null removes it.")
@click.option("--override", "overrides", multiple=True, metavar="CLAIM=JSON", help="A claim as it shall be.")
@click.option("--header", "header", multiple=True, metavar="NAME=JSON", help="A member of the header as it shall be.")
@click.option("--fault", "faults", multiple=True, metavar="NAME", help="A way to be wrong, by name.")
@click.option("--ready-file", metavar="FILE", help="The ready file of the emulator: its address and its CA.")
@click.option("--url", envvar="ACCREDIT_URL", help="Its address, with or without /idp (ACCREDIT_URL).")
@click.option("--ca-file", envvar="ACCREDIT_CA_FILE", metavar="FILE", help="Its CA (ACCREDIT_CA_FILE).")
@pass_session
def mint(
    session: Session,
    /,
    dialect: str,
    ready_file: str | None,
    url: str | None,
    ca_file: str | None,
    **wanted: tuple[str, ...],
) -> None:
    """Have a test issuer sign a token, and print it: accredit idp mint github --param environment=production."""
    if ready_file:
        ready = inputs.ready(ready_file)
        url, ca_file = url or str(ready.get("idp_url", "")), ca_file or str(ready.get("ca_file", ""))
    if not url:
        raise click.UsageError("which emulator? give --ready-file FILE, or --url URL and --ca-file FILE")
    body = {
        "dialect": dialect,
        "params": {name: _WORDS.get(value, value) for name, value in inputs.pairs(wanted["params"], "--param").items()},
        "overrides": _values(wanted["overrides"], "--override"),
        "header": _values(wanted["header"], "--header"),
        "faults": list(wanted["faults"]),
    }
    minted = post_mint(url, ca_file, body)
    if session.output == "table" and not session.query:
        session.say(str(minted["token"]))
    else:
        session.show(minted)


def post_mint(url: str, ca_file: str | None, body: dict[str, Any]) -> dict[str, Any]:
    """Ask a running emulator for a token: ``{"token": …, "claims": …, "header": …}``."""
    address = urlsplit(url if url.rstrip("/").endswith("/idp") else url.rstrip("/") + "/idp")
    if address.scheme != "https" or not address.hostname:
        raise Refused(INPUT_INVALID, what=url, reason="not an https address, such as https://localhost:8443")
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
        connection = HTTPSConnection(address.hostname, address.port, timeout=TIMEOUT, context=context)
        try:
            connection.request(
                "POST", f"{address.path.rstrip('/')}/_mint", json.dumps(body), {"Content-Type": "application/json"}
            )
            answer = connection.getresponse()
            status, said = answer.status, answer.read(LARGEST_ANSWER)
        finally:
            connection.close()
    except (OSError, HTTPException) as error:
        raise Ended(_unreachable(url, error, ca_file)) from error
    found = _object(said)
    if status != _OK:
        raise Ended(_refused(found, status))
    return found


def _unreachable(url: str, error: Exception, ca_file: str | None) -> Failure:
    untrusted = isinstance(error, ssl.SSLCertVerificationError)
    fix = (
        "Give its CA: --ca-file FILE, or --ready-file FILE."
        if untrusted and not ca_file
        else "accredit serve --profile emulator"
    )
    return Failure(
        code="unreachable",
        message="the emulator does not answer",
        where=url,
        why=str(error),
        fix=fix,
        docs="accredit idp mint --help",
        exit=failures.UNREACHABLE,
    )


def _refused(said: dict[str, Any], status: int) -> Failure:
    code = str(said.get("code", f"HTTP {status}"))
    message = str(said.get("error_description", said.get("error", "no reason was given")))
    return Failure(
        code=code,
        message=message.removeprefix(f"{code}: "),
        where="the emulator's answer",
        fix=str(said.get("advice", "")),
        docs=f"accredit help {code}",
        exit=failures.USAGE if status < 500 else failures.UNREACHABLE,  # noqa: PLR2004  HTTP
    )


def _values(given: tuple[str, ...], what: str) -> dict[str, object]:
    """Read ``name=JSON``; what is no JSON is taken as text."""
    found: dict[str, object] = {}
    for name, value in inputs.pairs(given, what).items():
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found


def _object(said: bytes) -> dict[str, Any]:
    try:
        found = json.loads(said)
    except ValueError:
        found = None
    if isinstance(found, dict):
        return found
    raise Ended(Failure(code="unreachable", message="the answer is not that of an emulator", exit=failures.UNREACHABLE))
