"""A job that runs on a platform as the emulator plays it, and the exchange at the end of every proof."""

import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import azure.identity as azure
import jwt

from accredit.testidp.native import Environment
from tests.support.emulator import Emulator
from tests.support.workload import ORDERS, Workload

AUDIENCE = "api://AzureADTokenExchange"


@dataclass(frozen=True)
class Surroundings:
    """What a platform put around a job: variables, those of files included."""

    variables: Mapping[str, str]

    def program(self, text: str, *arguments: str, **more: str) -> str:
        """Run a program that knows nothing but its surroundings; what it printed."""
        ended = subprocess.run(
            [sys.executable, "-W", "error", "-c", text, *arguments],
            env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **self.variables, **more},
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.strip()


def begin(emulator: Emulator, folder: Path, dialect: str, **request: object) -> Surroundings:
    """Begin a job of a platform, and write what belongs into files."""
    answer = emulator.http.post(f"{emulator.ready['idp_url']}/_environment", json={"dialect": dialect, **request})
    assert answer.status_code == 200, answer.text
    said = answer.json()
    return Surroundings(Environment(said["variables"], said["files"], said["paths"]).written(folder))


def unverified(token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


def exchanged(workload: Workload, assertion: str) -> dict[str, Any]:
    """Exchange a platform's token with azure-identity, and examine what came back and what the log tells of it."""
    credential = azure.ClientAssertionCredential(
        str(workload.application.tenant_id),
        workload.client_id,
        lambda: assertion,
        authority=workload.emulator.url,
        connection_verify=str(workload.emulator.ca_file),
    )
    with closing(credential):
        return workload.received(credential.get_token(f"{ORDERS}/.default").token)
