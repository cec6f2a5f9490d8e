"""The Azure CLI, unmodified, one process for each command, as people and pipelines run it.

Each configuration is a folder of its own, and the environment is made from nothing: no profile, no telemetry, no
extensions. Whatever is sent to a host that is not this machine goes to a proxy that hangs up and counts.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.support.emulator import Emulator
from tests.support.recorder import Silent, silent

ENDS_WITHIN = 120.0  # seconds; on a quiet machine a command takes half of one
QUIET = {
    "AZURE_CORE_COLLECT_TELEMETRY": "no",
    "AZURE_CORE_SURVEY_MESSAGE": "no",
    "AZURE_CORE_NO_COLOR": "yes",
    "AZURE_CORE_OUTPUT": "json",
    "AZURE_CORE_DISABLE_CONFIRM_PROMPT": "yes",
    "AZURE_CORE_ENCRYPT_TOKEN_CACHE": "no",  # there is no keyring here
    "AZURE_EXTENSION_USE_DYNAMIC_INSTALL": "no",
}
ADVICE = ("Run the command below to authenticate interactively", "az logout", "az login", "The error may be caused by ")
"""What it adds to some errors, on lines of their own."""
PLAIN = {"AZURE_CORE_INSTANCE_DISCOVERY": "false"}  # else it asks Microsoft's host whether ours exists
CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")


@dataclass(frozen=True)
class Az:
    """The CLI with one configuration."""

    python: Path
    emulator: Emulator
    folder: Path
    outside: Silent
    variables: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run one command, whatever comes of it."""
        return subprocess.run(
            [self.python, "-m", "azure.cli", *arguments],
            env={**self.environment(), **self.variables},
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=ENDS_WITHIN,
            check=False,
        )

    def __call__(self, *arguments: str) -> Any:
        """Run one command that must succeed, and return what it prints."""
        ended = self.run(*arguments)
        assert ended.returncode == 0, (arguments, ended.stdout, ended.stderr)
        assert "ERROR" not in ended.stderr
        return json.loads(ended.stdout) if ended.stdout.strip() else None

    def refused(self, *arguments: str) -> str:
        """Run one command that must end with exit code 1 and one clean error, and return that error."""
        ended = self.run(*arguments)
        assert ended.returncode == 1, (arguments, ended.stdout, ended.stderr)
        assert ended.stdout == ""
        assert "Traceback" not in ended.stderr
        said = [line for line in ended.stderr.splitlines() if not line.startswith(("WARNING: ", *ADVICE))]
        assert [line.startswith("ERROR: ") for line in said] == [True], ended.stderr
        return said[0].removeprefix("ERROR: ")

    def with_configuration(self, folder: Path, **variables: str) -> "Az":
        """The same CLI with another configuration, empty at first, and more variables."""
        return replace(self, folder=_begun(folder, self.python), variables=variables)

    def use_cloud(self, *options: str) -> None:
        """Describe this emulator as a cloud, and use it."""
        self("cloud", "register", "-n", "acc", *(options or ("--endpoint-resource-manager", self.emulator.url)))
        self("cloud", "set", "-n", "acc")

    def environment(self) -> dict[str, str]:
        """What a command knows of the world."""
        proxy = f"http://127.0.0.1:{self.outside.port}"
        return {
            **QUIET,
            **PLAIN,
            **dict.fromkeys(CA_VARIABLES, str(self.emulator.ca_file)),
            **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY"), proxy),
            "NO_PROXY": "localhost,127.0.0.1",
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "AZURE_CONFIG_DIR": str(self.folder),
        }


def _begun(folder: Path, python: Path) -> Path:
    """A configuration that knows which version is the newest: with an empty one the CLI asks a host of its makers."""
    (package,) = python.parent.parent.glob("lib/python*/site-packages/azure_cli_core-*.dist-info")
    version = package.name.removesuffix(".dist-info").partition("-")[2]
    folder.mkdir(exist_ok=True)
    known = {each: {"local": version, "pypi": version} for each in ("azure-cli", "core")}
    (folder / "versionCheck.json").write_text(
        json.dumps({"versions": known, "update_time": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}"})
    )
    return folder


@contextmanager
def commands(python: Path, emulator: Emulator, folder: Path) -> Iterator[Az]:
    """The CLI with an empty configuration. When the block ends, none of its commands may have asked another host."""
    with silent() as outside:
        yield Az(python, emulator, _begun(folder, python), outside)
        assert outside.visits == 0, "a command asked a host that is not this machine"
