"""The page on the sign-in log names every member of an event, and shows a page as the program draws it."""

import re

from accredit.interop.graph import signin
from accredit.signins.checks import ORDER
from tests.conftest import ROOT
from tests.interop.graph.test_signin import GRANTED

PAGE = (ROOT / "docs/sign-in-log.md").read_text()


def test_every_member_is_explained():
    written = signin.write(GRANTED)
    ours = written.pop(signin.OURS)
    named = set(re.findall(r"`([A-Za-z0-9_]+)`", PAGE))
    assert {*written, *ours, *written["status"], *ours["assertion"]} <= named


def test_the_checks_are_drawn_in_their_order():
    drawn = re.findall(r"[✓✗–] (\w+)", PAGE.split("Why  ")[1].split("github-production")[0])  # noqa: RUF001
    assert drawn == [each for each in ORDER["federatedIdentityCredential"] if each not in {"policy", "replay"}]


def test_it_can_be_found():
    assert "sign-in-log.md" in (ROOT / "docs/policy.md").read_text()
    for page in ("README.md", "docs/command-line.md", "docs/operations.md"):
        assert "sign-in-log.md" in (ROOT / page).read_text(), page
