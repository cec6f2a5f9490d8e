"""docs/recipes/azure-identity.md: its tests run as they stand there, with the plugin and nothing else."""

import os
import re
import subprocess
import sys

import pytest

from tests.recipes.serving import CODE, PAGES

FOLDER = CODE / "azure_identity"
ALONE = (
    "-c",
    os.devnull,
    "--rootdir",
    ".",
    "-p",
    "accredit.testing.plugin",
    "-p",
    "no:cacheprovider",
    "-q",
    "-W",
    "error",
)


@pytest.mark.slow
@pytest.mark.clients
def test_the_tests_of_the_recipe():
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTEST"))}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *ALONE],
        cwd=FOLDER,
        env={**ours, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=55,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    shown = (PAGES / "azure-identity.md").read_text("utf-8")
    said = (
        len(re.findall(r"^def test_", shown, re.MULTILINE))
        + len(re.findall(r'"AADSTS\d+"\),$', shown, re.MULTILINE))
        - 1
    )
    assert f"{said} passed" in ran.stdout
