"""``accredit testing run -- COMMAND``: any program's tests, in any language, against an authority of their own."""

from __future__ import annotations

import os
import re
import signal
import ssl
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from accredit.cli.failures import Answered, Ended, Failure
from accredit.cli.grammar import group
from accredit.cli.session import Session, pass_session

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from accredit.testing import Authority
    from accredit.testing.variables import Variables

LIFETIME: Final = 3_600  # seconds of the workload's token
RENEWED_EVERY: Final = 1_800.0  # seconds
NOT_RUNNABLE: Final = 126  # as shells have it, and so is what follows
NOT_THERE: Final = 127
BY_SIGNAL: Final = 128
_CODE: Final = re.compile(r"^ACC\d{4}: ")
OF_PLATFORMS: Final = (
    *("ACTIONS_ID_TOKEN_REQUEST_", "GITHUB_ACTIONS", "GITLAB_CI", "SYSTEM_OIDCREQUESTURI", "SYSTEM_ACCESSTOKEN"),
    *(
        "BUILDKITE_AGENT_ACCESS_TOKEN",
        "CIRCLECI",
        "CIRCLE_OIDC_TOKEN",
        "TFC_WORKLOAD_IDENTITY_TOKEN",
        "SPIFFE_ENDPOINT",
    ),
    *("BITBUCKET_STEP_OIDC_TOKEN", "SEMAPHORE_OIDC_TOKEN", "SPACELIFT_OIDC_TOKEN", "ENV0_OIDC_TOKEN"),
    *("VERCEL_OIDC_TOKEN", "GCE_METADATA_"),
)
"""How variables begin by which clients know the platform they run on: where tests run is mostly one, too."""


@group("testing")
def testing() -> None:
    """An authority for tests: started for one command, gone when it ends."""


@testing.command("run", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--job", metavar="DIALECT", help="Let the command find what a job on this platform finds around itself.")
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="A parameter of that job's tokens.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@pass_session
def run(session: Session, /, job: str | None, params: tuple[str, ...], command: tuple[str, ...]) -> None:
    """Start an emulator, run COMMAND with its environment set, and end with COMMAND's exit code.

    ACCREDIT_* is set for accredit's own commands, AZURE_* for clients of Microsoft's as the workload deploy-bot, and
    the variables that say which CA is trusted.
    """
    from accredit.testing import authority

    if params and not job:
        raise click.UsageError("--param is about a job: --job DIALECT")
    with authority() as found:
        told = dict(os.environ)
        for each in (_variables(found), *([_job(found, job, params)] if job else ())):
            told = each.over(told)
        session.note(f"authority {found.url}, tenant {found.tenant_domain}")
        code = _ran(command, told, found)
    if code:
        raise Answered(code)


def _job(found: Authority, dialect: str, params: tuple[str, ...]) -> Variables:
    """Begin a job on a platform; return what it finds around itself, and what it does not find."""
    from accredit.cli.idp_wanted import wanted
    from accredit.testing.place import KitError
    from accredit.testing.variables import Variables

    plain: dict[str, Any] = {"sample": None, "instance": None, "overrides": (), "header": (), "times": (), "faults": ()}
    try:
        begun = found.idp.begin(wanted(dialect, params=params, **plain))
    except KitError as error:
        raise click.UsageError(_CODE.sub("", str(error))) from error
    elsewhere = [each for each in os.environ if each.startswith(OF_PLATFORMS)]
    return Variables(begun, without=["AZURE_FEDERATED_TOKEN_FILE", *elsewhere])


def _variables(found: Authority) -> Variables:
    """Return what the command shall find in its environment, and what it shall not."""
    from accredit.app import seed
    from accredit.testing.variables import Variables, misleading, no_proxy

    bundle, token = found.folder() / "roots.pem", found.folder() / "token"
    bundle.write_bytes(Path(found.ca_file).read_bytes() + _roots())
    _renew(found, token)
    given = {
        "ACCREDIT_URL": found.url,
        "ACCREDIT_CA_FILE": found.ca_file,
        "ACCREDIT_TENANT": found.tenant_id,
        "ACCREDIT_CLIENT_ID": str(found.ready["admin"]["client_id"]),
        "ACCREDIT_CLIENT_SECRET": str(found.ready["admin"]["client_secret"]),
        "ACCREDIT_CONTROL_TOKEN": str(found.ready["control_token"]),
        "AZURE_AUTHORITY_HOST": found.url,
        "AZURE_TENANT_ID": found.tenant_id,
        "AZURE_CLIENT_ID": str(seed.WORKLOAD_ID),
        "AZURE_FEDERATED_TOKEN_FILE": str(token),
        "REQUESTS_CA_BUNDLE": str(bundle),
        "SSL_CERT_FILE": str(bundle),
        "NODE_EXTRA_CA_CERTS": found.ca_file,
        **no_proxy(os.environ),
    }
    ours = [name for name in os.environ if name.startswith("ACCREDIT_")]
    proxies_stay = [name for name in misleading(os.environ) if not name.upper().endswith("_PROXY")]
    return Variables(given, without=[*ours, *proxies_stay])


def _roots() -> bytes:
    """Return the roots that this machine trusts: the command may also speak to others."""
    named = os.environ.get("SSL_CERT_FILE") or os.environ.get("REQUESTS_CA_BUNDLE")
    for each in (named, ssl.get_default_verify_paths().cafile):
        if each and Path(each).is_file():
            return b"\n" + Path(each).read_bytes()
    known = ssl.create_default_context().get_ca_certs(binary_form=True)
    return b"\n" + "".join(map(ssl.DER_cert_to_PEM_cert, known)).encode()


def _renew(found: Authority, path: Path) -> None:
    """Put a fresh token of the workload's platform where it looks for it; nobody reads half of one."""
    made = path.with_name(f".{path.name}")
    made.touch(mode=0o600)
    made.write_text(found.idp.github(environment="production", lifetime=LIFETIME), encoding="ascii")
    made.replace(path)


def _renew_or_tell(found: Authority) -> None:
    """Renew the token; where that fails the command goes on with the one that it has."""
    from accredit.testing.place import KitError

    try:
        _renew(found, found.folder() / "token")
    except (OSError, KitError) as error:
        click.echo(f"the workload's token was not renewed: {error}", err=True)


def _ran(command: tuple[str, ...], environment: Mapping[str, str], found: Authority) -> int:
    """Run a command to its end, renew what it signs in with meanwhile, and return its exit code as a shell would."""
    try:
        process = subprocess.Popen(command, env=dict(environment))  # noqa: S603  what the caller asked for
    except OSError as error:
        code = NOT_THERE if isinstance(error, FileNotFoundError) else NOT_RUNNABLE
        told = Failure(code="command", message=f"{command[0]} cannot be run", why=str(error.strerror), exit=code)
        raise Ended(told) from error
    with _handed_on(process):
        while True:
            try:
                code = process.wait(RENEWED_EVERY)
            except subprocess.TimeoutExpired:
                _renew_or_tell(found)
                continue
            return code if code >= 0 else BY_SIGNAL - code


@contextmanager
def _handed_on(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Hand signals that are meant to end this program on to the command: it ends first, and this one cleans up."""

    def hand_on(number: int, _frame: object) -> None:
        process.send_signal(number)

    before = {each: signal.signal(each, hand_on) for each in (signal.SIGTERM, signal.SIGHUP)}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to the command as well
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
