"""What the scripts need is named before anything is made."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

SETUP = Path(__file__).parents[2] / "scripts" / "setup.sh"


def test_without_git_nothing_is_set_up_and_that_is_said(tmp_path):
    for name in ("bash", "dirname"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    only = {**os.environ, "PATH": str(tmp_path)}
    ended = subprocess.run(
        [str(tmp_path / "bash"), str(SETUP), "demo"], env=only, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("setup.sh: git is needed")


def test_without_chromium_the_command_that_supplies_it_is_said(tmp_path):
    for name in ("bash", "dirname", "id"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    only = {**os.environ, "PATH": str(tmp_path)}
    ended = subprocess.run(
        [str(tmp_path / "bash"), str(SETUP), "browser"], env=only, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (0, "")  # the tests that need it fail, and only they
    assert ended.stderr == (
        "there is no Chromium. Run: sudo apt-get install -y --no-install-recommends chromium fonts-dejavu-core\n"
    )


def test_the_lock_names_all_that_its_packages_need():
    checked = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
