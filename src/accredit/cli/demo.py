"""``accredit demo``: a throw-away authority, and what it is for, step by step. Every step is checked, not only told.

Rule 1: the client is the unmodified azure-identity in a process of its own, told everything by environment variables.
Rule 2: nothing is left behind: the server is stopped and its directory removed, whatever ended the demo.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from accredit.cli import failures
from accredit.cli.failures import Answered, Ended, Failure
from accredit.cli.grammar import command
from accredit.cli.ink import folded, safe, width
from accredit.cli.narrator import Narrator
from accredit.cli.session import Session, pass_session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from accredit.cli.stage import Stage

APPLICATION: Final = "deploy-bot"
RESOURCE: Final = "api://orders"
ROLE: Final = "Orders.Read.All"
CREDENTIAL: Final = "github-production"
REFUSAL: Final = "AADSTS700213"
SHOWN: Final = ("aud", "iss", "azp", "roles", "ver", "iat", "exp")  # claims that are printed
_CLAIM: Final = 6  # columns
_JOB: Final = {"repository": "octo-org/octo-repo", "repository_owner_id": "123456", "repository_id": "456789"}


@command("demo")
@click.option("--once", is_flag=True, help="End after the last step: exit code 0 when every step held, else 1.")
@click.option(
    "--port", type=click.IntRange(0, 65_535), help="Port of the authority (default: 8443, or the next free one)."
)
@pass_session
def demo(session: Session, once: bool, port: int | None) -> None:
    """Show a token exchanged, one refused, why, and what the log says of both.

    The client is the unmodified azure-identity. Everything is made for the demo and removed after it.
    """
    if importlib.util.find_spec("azure.identity") is None:
        raise Ended(
            Failure(
                code="missing",
                message="the demo needs azure-identity, the client that it shows",
                fix='pip install "accredit[demo]"',
                where="accredit demo",
            )
        )
    from accredit.cli.demo_portal import portal
    from accredit.cli.stage import opened

    for name in [each for each in os.environ if each.startswith("ACCREDIT_")]:
        del os.environ[name]  # the demo knows of no other authority
    told = Narrator(session)
    with _ended_by_signal(), opened(port) as stage:
        told.title(f"a throw-away authority at {stage.url}")
        for number, step in enumerate((trust, exchange, refusal, events, portal), 1):
            step(told, stage, number)
        _end(told, stage, once=once)


def trust(told: Narrator, stage: Stage, number: int) -> None:
    """Show who trusts whom, read from the store of the running authority."""
    told.step(number, "Trust", f"The application {APPLICATION} trusts one job of one repository, by its ids.")
    credentials = told.rows(stage, "credential", "list", APPLICATION)
    held = told.rows(stage, "permission", "list", APPLICATION)
    found: dict[str, Any] = next((each for each in credentials if each["name"] == CREDENTIAL), {})
    told.fact("tenant", f"{stage.tenant_id}  {stage.tenant_domain}")
    told.fact("application", f"{stage.client_id}  {APPLICATION}")
    told.fact("credential", str(found.get("name")))
    told.fact("  issuer", str(found.get("issuer")))
    told.fact("  subject", str(found.get("subject")))
    told.fact("  audience", ", ".join(found.get("audiences", [])))
    told.fact("role", f"{ROLE}  on {RESOURCE}")
    told.check("the credential trusts exactly the job of this demo", holds=found.get("subject") == stage.subject)
    told.check(f"{APPLICATION} holds {ROLE}", holds=ROLE in {each["appRoleValue"] for each in held})
    secrets = told.rows(stage, "app", "show", APPLICATION, "-q", "passwordCredentials")
    told.check("it has no secret that could leak or expire", holds=secrets == [])


def exchange(told: Narrator, stage: Stage, number: int) -> None:
    """Exchange a token of the trusted job for an access token, with azure-identity."""
    from accredit.cli.token_read import in_words

    told.step(number, "Exchange", "The test issuer signs what GitHub gives that job. azure-identity is told:")
    stage.mint({**_JOB, "environment": "production"})
    for name, value in stage.variables.items():
        told.say(f"     {told.ink.faint(name)}={safe(value)}")
    told.say(f'     >>> WorkloadIdentityCredential().get_token("{RESOURCE}/.default")')
    begun = time.perf_counter()
    answer = stage.azure_identity(f"{RESOURCE}/.default")
    took = (time.perf_counter() - begun) * 1_000
    granted = "token" in answer
    told.check(f"azure-identity got an access token ({took:.0f} ms, its own start included)", holds=granted)
    if not granted:
        told.block(str(answer.get("error")))
        return
    claims, verified_by = stage.verified(str(answer["token"]))
    for name in SHOWN:
        if name in claims:
            value = claims[name]
            said = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            told.fact(name, in_words(value) if name in {"iat", "exp"} else said, _CLAIM)
    told.check(f"signed with the published key {verified_by}", holds=bool(verified_by))
    issuer = f"{stage.url}/{stage.tenant_id}/v2.0"
    told.check(
        "issued by this tenant, for this client",
        holds=(claims.get("iss"), claims.get("azp")) == (issuer, stage.client_id),
    )
    told.check(f"it carries the role {ROLE}", holds=claims.get("roles") == [ROLE])


def refusal(told: Narrator, stage: Stage, number: int) -> None:
    """Have a token of the same repository's main branch refused, and explained."""
    told.step(number, "Refusal", "The same repository, but branch main instead of the environment. The client sees:")
    stage.mint({**_JOB, "environment": None, "branch": "main"})
    answer = stage.azure_identity(f"{RESOURCE}/.default")
    error = str(answer.get("error", "no error at all"))
    for line in folded(safe(" ".join(error.partition("Content:")[0].split())), width() - 5):
        told.say(f"     {line}")
    told.check(f"azure-identity raised {answer.get('kind')}: {REFUSAL}", holds=REFUSAL in error)
    told.prose("Why, for an administrator:")
    told.say(f"  $ accredit explain @token -a {APPLICATION} --online")
    where = ("--online", "--ready-file", str(stage.ready_file))
    code, printed = told.command(stage, "explain", f"@{stage.token_file}", "-a", APPLICATION, *where)
    told.block(printed)
    holds = code == failures.NO and REFUSAL in printed and "refs/heads/main" in printed
    told.check("the explanation gives the same code and shows both subjects", holds=holds)
    told.check("the signature is the issuer's: the sender is proven", holds="✓ Signature" in printed)


def events(told: Narrator, stage: Stage, number: int) -> None:
    """Show that both attempts are in the log."""
    told.step(number, "Sign-in events", "Each attempt was in the log before its answer left.")
    told.say("  $ accredit logs list")
    _, printed = told.command(stage, "logs", "list")
    told.block(printed)
    found = told.rows(stage, "logs", "list")
    trusted = told.rows(stage, "credential", "show", APPLICATION, CREDENTIAL)
    granted: dict[str, Any] = next((each for each in found if each["status"]["errorCode"] == 0), {})
    refused: dict[str, Any] = next((each for each in found if each["status"]["errorCode"] != 0), {})
    same = bool(trusted) and granted.get("federatedCredentialId") == trusted["id"]
    told.check(f"the granted one names the credential {granted.get('federatedCredentialId')}", holds=same)
    code = refused.get("status", {}).get("errorCode")
    told.check(f"the refused one says {code}, sender {refused.get('proof')}", holds=f"AADSTS{code}" == REFUSAL)
    _looked_up(told, stage, str(granted.get("federatedCredentialId")))


def _looked_up(told: Narrator, stage: Stage, credential_id: str) -> None:
    """Find the credential that an event names, as Microsoft's own tools do."""
    told.prose("Whose trust was it? Microsoft Graph's request for it, as az and the Graph SDKs send it:")
    path = f"/v1.0/applications(appId='{stage.client_id}')/federatedIdentityCredentials/{credential_id}"
    told.say(f"     GET {stage.url}{path}")
    found = stage.graph(path)
    for name in ("name", "issuer", "subject"):
        told.fact(name, str(found.get(name)), _CLAIM + 2)
    named = (found.get("id"), found.get("name")) == (credential_id, CREDENTIAL)
    told.check(f"Graph answers with the credential {CREDENTIAL}", holds=named)


def _end(told: Narrator, stage: Stage, *, once: bool) -> None:
    told.say()
    if told.failed:
        told.say(told.ink.bad(f"{len(told.failed)} checks did not hold."))
        told.prose(f"The server said: {stage.said()}")
        raise Answered(failures.UNEXPECTED)
    told.say(told.ink.good("Every step held."))
    if once:
        return
    with contextlib.suppress(KeyboardInterrupt):
        _keep_running(told, stage)
    told.say()
    told.say("Stopped and removed.")


def _keep_running(told: Narrator, stage: Stage) -> None:
    told.prose("Now try your own, in another terminal:")
    where = f"--data {stage.data}"
    program, ready = _program(), f"--ready-file {stage.ready_file}"
    told.say(f"     {program} idp mint github --param environment=null --param branch=main {ready} > token")
    told.say(f"     {program} explain @token -a {APPLICATION} --online {ready} {where}")
    told.say(f"     {program} logs list {where}")
    told.say()
    told.say(f"The authority keeps running at {told.ink.accent(stage.url)} until Ctrl-C,")
    told.say("which stops it and removes all that it made.")
    stage.wait()
    raise Ended(Failure(code="stopped", message="the authority has ended", why=stage.said(), where="accredit demo"))


def _program() -> str:
    """Return this program as another terminal finds it, in the same folder."""
    if shutil.which("accredit"):
        return "accredit"
    beside = Path(sys.executable).with_name("accredit")
    return str(beside.relative_to(Path.cwd()) if beside.is_relative_to(Path.cwd()) else beside)


@contextlib.contextmanager
def _ended_by_signal() -> Iterator[None]:
    """Let SIGTERM end the demo as Ctrl-C does, so that it removes what it made."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
