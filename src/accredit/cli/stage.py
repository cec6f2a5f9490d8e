"""Where the demo plays: an emulator in a process of its own, a directory for it, and an unmodified client beside it."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit

from accredit.cli.failures import UNREACHABLE, Ended, Failure
from accredit.cli.idp import post_mint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FIRST_PORT: Final = 8_443
PORTS: Final = 20  # tried in order; then any free one
STARTS_WITHIN: Final = 30.0  # seconds
CLIENT_WITHIN: Final = 60.0  # seconds
STOPS_WITHIN: Final = 25.0  # seconds
SAID: Final = 2_000  # characters of the server's log that are shown
TIMEOUT: Final = 10.0  # seconds of one request

CLIENT: Final = """
import json, logging, sys
logging.disable(logging.CRITICAL)
from azure.identity import WorkloadIdentityCredential
try:
    print(json.dumps({"token": WorkloadIdentityCredential().get_token(sys.argv[1]).token}))
except Exception as error:
    print(json.dumps({"error": str(error), "kind": type(error).__name__}))
"""
"""The client program: azure-identity as it is published, without a line about this authority."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A running emulator."""

    process: subprocess.Popen[bytes]
    folder: Path
    ready: Mapping[str, Any]

    @property
    def data(self) -> Path:
        """Its data directory."""
        return self.folder / "data"

    @property
    def ready_file(self) -> Path:
        """Its ready file."""
        return self.folder / "ready.json"

    @property
    def token_file(self) -> Path:
        """Where the workload finds its own token."""
        return self.folder / "token"

    @property
    def url(self) -> str:
        """Its public URL."""
        return str(self.ready["url"])

    @property
    def tenant_id(self) -> str:
        """The tenant."""
        return str(self.ready["tenant_id"])

    @property
    def tenant_domain(self) -> str:
        """The tenant's domain."""
        return str(self.ready["tenant_domain"])

    @property
    def client_id(self) -> str:
        """The workload application."""
        return str(self.ready["workload"]["client_id"])

    @property
    def subject(self) -> str:
        """What the workload application trusts."""
        return str(self.ready["workload"]["subject"])

    @property
    def options(self) -> tuple[str, ...]:
        """The options with which a command finds its store."""
        return ("--data", str(self.data), "--tenant", self.tenant_domain)

    @property
    def variables(self) -> dict[str, str]:
        """All that the client is told."""
        return {
            "AZURE_AUTHORITY_HOST": self.url,
            "AZURE_TENANT_ID": self.tenant_id,
            "AZURE_CLIENT_ID": self.client_id,
            "AZURE_FEDERATED_TOKEN_FILE": str(self.token_file),
            "REQUESTS_CA_BUNDLE": str(self.ready["ca_file"]),
        }

    def mint(self, params: Mapping[str, object]) -> None:
        """Have the test issuer sign a token, and put it where the workload looks."""
        asked = {"dialect": "github", "params": {**params}}
        minted = post_mint(str(self.ready["idp_url"]), str(self.ready["ca_file"]), asked)
        self.token_file.write_text(minted["token"], encoding="ascii")
        self.token_file.chmod(0o600)

    def azure_identity(self, scope: str) -> dict[str, Any]:
        """Run the client once; return its token, or its error and the error's kind."""
        kept = {name: value for name, value in os.environ.items() if not _misleads(name)}
        ended = subprocess.run(  # noqa: S603  this interpreter, and the program above
            [sys.executable, "-c", CLIENT, scope],
            env={**kept, **self.variables},
            capture_output=True,
            timeout=CLIENT_WITHIN,
            check=False,
        )
        try:
            found: dict[str, Any] = json.loads(ended.stdout)
        except ValueError:
            return {"error": ended.stderr.decode(errors="replace")[-SAID:], "kind": f"exit code {ended.returncode}"}
        return found

    def verified(self, token: str) -> tuple[dict[str, Any], str]:
        """Return the claims of an access token and the published key that verifies it; no key when none does."""
        from uuid import UUID

        from accredit.assertions.algorithms import verify_signature
        from accredit.cli.token_read import read
        from accredit.issuers import Issuer, IssuerUrl, KeyReference, base64url, jwks

        header, claims = read(token)
        signed, _, signature = token.rpartition(".")
        tenant = UUID(self.tenant_id)
        discovery = self._get(f"/{tenant}/v2.0/.well-known/openid-configuration")
        published = self._get(urlsplit(json.loads(discovery)["jwks_uri"]).path)
        record = Issuer(id=tenant, tenant_id=tenant, url=IssuerUrl(claims["iss"]), algorithms=("RS256", "ES256"))
        for key in jwks.parse(published, record).find(KeyReference(alg=header["alg"], kid=header["kid"])):
            if verify_signature(header["alg"], key.public_key, signed.encode(), base64url.decode(signature)):
                return claims, str(key.kid)
        return claims, ""

    def graph(self, path: str) -> dict[str, Any]:
        """Ask Microsoft Graph's API of the authority, as the emulator's administrator."""
        who = self.ready["admin"]
        form = {
            "grant_type": "client_credentials",
            "client_id": who["client_id"],
            "client_secret": who["client_secret"],
            "scope": "https://graph.microsoft.com/.default",
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        token = json.loads(self._ask("POST", f"/{self.tenant_id}/oauth2/v2.0/token", urlencode(form), headers))
        headers = {"Authorization": f"Bearer {token.get('access_token')}"}
        found: dict[str, Any] = json.loads(self._ask("GET", path, None, headers))
        return found

    def page(self, path: str) -> str:
        """Open a page of the portal, as somebody who is not signed in."""
        return self._get(path).decode("utf-8", "replace")

    def wait(self) -> None:
        """Wait until the server ends."""
        self.process.wait()

    def said(self) -> str:
        """Return the end of the server's log."""
        with contextlib.suppress(OSError):
            return (self.folder / "server.log").read_text(encoding="utf-8", errors="replace")[-SAID:].strip()
        return ""

    def _get(self, path: str) -> bytes:
        return self._ask("GET", path, None, {})

    def _ask(self, method: str, path: str, body: str | None, headers: Mapping[str, str]) -> bytes:
        address = urlsplit(self.url)
        context = ssl.create_default_context(cafile=str(self.ready["ca_file"]))
        connection = HTTPSConnection(address.hostname or "", address.port, timeout=TIMEOUT, context=context)
        try:
            connection.request(method, path, body, dict(headers))
            return connection.getresponse().read()
        except (OSError, HTTPException) as error:
            failure = Failure(
                code="unreachable",
                message="the authority does not answer",
                where=path,
                why=str(error),
                exit=UNREACHABLE,
            )
            raise Ended(failure) from error
        finally:
            connection.close()


@contextlib.contextmanager
def opened(port: int | None) -> Iterator[Stage]:
    """Start an emulator on ``port`` (8443 or the next free one), and remove everything in the end."""
    with tempfile.TemporaryDirectory(prefix="accredit-demo-") as name:
        folder = Path(name)
        with (folder / "server.log").open("wb") as log, _started(folder, _free(port), log.fileno()) as process:
            yield Stage(process, folder, _ready(process, folder))


@contextlib.contextmanager
def _started(folder: Path, port: int, log: int) -> Iterator[subprocess.Popen[bytes]]:
    files = ["--data", str(folder / "data"), "--ready-file", str(folder / "ready.json")]
    process = subprocess.Popen(  # noqa: S603  this interpreter, and this program
        [sys.executable, "-m", "accredit", "serve", "--profile", "emulator", "--port", str(port), *files],
        env={name: value for name, value in os.environ.items() if not name.startswith("ACCREDIT_")},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,  # Ctrl-C is for the demo, which stops the server afterwards
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _ready(process: subprocess.Popen[bytes], folder: Path) -> Mapping[str, Any]:
    """Wait for the ready file."""
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(FileNotFoundError):
            found: Mapping[str, Any] = json.loads((folder / "ready.json").read_bytes())
            return found
        time.sleep(0.02)
    stage = Stage(process, folder, {})
    raise Ended(
        Failure(code="stopped", message="the authority did not start", why=stage.said(), where="accredit serve")
    )


def _free(port: int | None) -> int:
    """Return the port that was asked for, or the first free one from 8443 on, or 0: any."""
    if port is not None:
        return port
    return next((each for each in range(FIRST_PORT, FIRST_PORT + PORTS) if _is_free(each)), 0)


def _is_free(port: int) -> bool:
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    return False
    return True


def _misleads(name: str) -> bool:
    """Whether a variable would tell the client something else: other credentials, other roots, a proxy."""
    return name.upper().startswith(("AZURE_", "MSI_", "IDENTITY_")) or name.upper() in {
        "CURL_CA_BUNDLE",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
    }
