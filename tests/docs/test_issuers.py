"""The page on issuers names every step of a probe, every remedy's option and every kind of drift, with its level."""

import re
from pathlib import Path

from accredit.issuers.drift import KINDS
from accredit.issuers.probe import TITLES
from accredit.stores import issuer_history

PAGE = (Path(__file__).parents[2] / "docs/issuers.md").read_text("utf-8")


def test_every_step_stands_there_under_its_title():
    assert re.findall(r"^\| (P\d+) ([^|]+) \|", PAGE, re.MULTILINE) == [*TITLES.items()]


def test_every_kind_of_drift_stands_there_with_its_level():
    assert re.findall(r"^\| `(\w+)` \| (\w+) \|", PAGE, re.MULTILINE) == [
        (name, kind.level) for name, kind in KINDS.items()
    ]


def test_the_bounds_are_those_that_hold():
    assert f"at most {issuer_history.KEYS}," in PAGE
    assert f"the last {issuer_history.SNAPSHOTS} of discovery" in PAGE
    assert f"at most {issuer_history.OCTETS // 2**20} MiB of each" in PAGE
    assert f"alike, the last {issuer_history.RUNS}." in PAGE
