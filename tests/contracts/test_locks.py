"""The locks hold for any machine: published hashes, no address of an index, one version of everything."""

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support.every import every

ROOT = Path(__file__).parent.parent.parent
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
NPM_LOCK = ROOT / "tests/clients/node/package-lock.json"

PIN = re.compile(r"([a-z0-9-]+)==(\S+)( ; .+)? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")


def pins(lock: Path) -> dict[str, str]:
    """Distribution -> version."""
    found = (PIN.fullmatch(line) for line in lock.read_text().splitlines())
    return {pin[1]: pin[2] for pin in found if pin}


@every("lock", LOCKS, ids=lambda lock: lock.stem)
def test_a_lock_holds_pins_and_hashes_and_nothing_else(lock):
    lines = [line for line in lock.read_text().splitlines() if not line.lstrip().startswith("#")]
    assert [line for line in lines if not PIN.fullmatch(line) and not HASH.fullmatch(line)] == []
    assert all(HASH.fullmatch(after) for line, after in pairwise(lines) if PIN.fullmatch(line))


@every("lock", LOCKS, ids=lambda lock: lock.stem)
def test_a_lock_names_no_index_and_no_path_of_a_machine(lock):
    assert re.findall(r"\w+://|--(?:extra-)?index|--find-links|file:|(?<!\S)/\S+", lock.read_text()) == []


@pytest.mark.parametrize("part", ["runtime", "demo"])
def test_the_smaller_locks_are_parts_of_the_one_for_tests(part):
    everything = pins(ROOT / "requirements/test.txt")
    assert pins(ROOT / f"requirements/{part}.txt").items() <= everything.items()


def test_an_installation_stays_small():
    assert 0 < len(pins(ROOT / "requirements/runtime.txt")) <= 40


def test_the_npm_lock_has_hashes_and_names_no_registry():
    packages = {name: entry for name, entry in json.loads(NPM_LOCK.read_text())["packages"].items() if name}
    assert packages
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert [name for name, entry in packages.items() if not entry["integrity"].startswith("sha512-")] == []
