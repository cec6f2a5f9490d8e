"""The document of the directory API: its tables are those of what is served, and its examples run as they are."""

import os
import re
import runpy
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients.on_az import CA_VARIABLES, commands
from tests.clients.on_az import PLAIN as PLAIN_AZ
from tests.support.emulator import Emulator

REPOSITORY = Path(__file__).parents[2]
DOCUMENT = REPOSITORY / "docs/directory-api.md"
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
AZ, SDK = "Azure CLI", "Graph SDK for Python"
PLAIN = ("", "A token, and a first call", "Who may do what", "azure-identity, and any HTTP client", "Lists", "Batches")

# Whatever the document starts in the background ends with it; a step that fails ends all of it.
BEFORE = "set -eu\ntrap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT\n"
MINT = "accredit idp mint github --param environment=production --ready-file ready.json > token\n"
GRANT = "Who may do what"


def sections():
    """The examples by the heading they stand under: shell as it is, Python as a program that the shell runs."""
    found = {}
    for section in re.split(r"^#+ ", "\n" + DOCUMENT.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        heading, _, text = section.partition("\n")
        run = [body if kind == "sh" else f"python - <<'END'\n{body}END\n" for kind, body in BLOCK.findall(text)]
        found["" if heading == "The directory API" else heading] = "".join(run)
    return found


@pytest.fixture
def ran(tmp_path):
    """Run the examples of some sections in an empty folder, on a free port, and return what they print."""

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def run(*parts, path=(), **variables):
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ACCREDIT_", "AZURE_"))}
        before = os.pathsep.join(map(str, (*path, Path(sys.executable).parent)))
        ended = subprocess.run(
            ["bash", "-c", (BEFORE + "".join(parts)).replace("8443", str(port))],
            cwd=tmp_path,
            env={**kept, "PATH": f"{before}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1", **variables},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    run.url = f"https://localhost:{port}"
    return run


def test_its_tables_say_what_is_served(capsys):
    current = runpy.run_path(str(REPOSITORY / "scripts/call_tables.py"))["main"]("--check")
    assert current == 0, f"run scripts/call_tables.py\n{capsys.readouterr().out}"


def test_every_example_is_run_by_a_test_here():
    assert {heading for heading, script in sections().items() if script} == {*PLAIN, AZ, SDK}


@pytest.mark.slow
def test_what_curl_and_azure_identity_do_there(ran):
    said = ran(*(sections()[each] for each in PLAIN))
    assert '"displayName":"deploy-bot"' in said
    assert '"name":"github-production"' in said
    assert "['Contoso']" in said
    assert '"@odata.count":3' in said
    assert "@odata.nextLink" in said
    assert "Request_UnsupportedQuery" in said
    assert [f'"status":{each}' in said for each in (200, 404, 424)] == [True, True, True]


@pytest.fixture
def with_az(ran, clients_az, tmp_path):
    """Run examples that call the Azure CLI, which asks no host but this machine. It is told nothing of the emulator."""

    def run(*parts):
        programs = tmp_path / "programs"
        programs.mkdir()
        (programs / "az").write_text(f'#!/bin/sh\nexec {clients_az} -m azure.cli "$@"\n')
        (programs / "az").chmod(0o755)
        emulator = Emulator(tmp_path / "emulator", {"url": ran.url, "ca_file": str(tmp_path / "emulator/ca.pem")})
        with commands(clients_az, emulator, tmp_path / "azure") as az:
            told_by_the_document = {"PATH", *CA_VARIABLES, *PLAIN_AZ}
            known = {name: value for name, value in az.environment().items() if name not in told_by_the_document}
            return ran(*parts, path=[programs], **known)

    return run


@pytest.mark.clients
@pytest.mark.clients_az
@pytest.mark.timeout(120)
def test_what_the_azure_cli_does_there(with_az):
    text = sections()
    said = with_az(text[""], text[GRANT], text[AZ])
    assert '"repo:octo-org@123456/nightly@7:ref:refs/heads/main"' in said


@pytest.mark.clients
@pytest.mark.clients_graph
@pytest.mark.timeout(120)
def test_what_the_graph_sdk_does_there(ran, clients_graph, tmp_path):
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs/python").write_text(f'#!/bin/sh\nexec {clients_graph} "$@"\n')
    (tmp_path / "programs/python").chmod(0o755)
    text = sections()
    said = ran(text[""], text[GRANT], MINT, text[SDK], path=[tmp_path / "programs"])
    assert MINT in text[AZ]
    assert "'weekly-report'" in said
    assert "404 Request_ResourceNotFound" in said
