"""The table points at tests that exist: removing or renaming one must not leave an attack class without a test."""

import re
from pathlib import Path

from tests.security.table import ROWS
from tests.support.every import every

ROOT = Path(__file__).parents[2]


@every("row", ROWS)
def test_every_class_has_a_test(row):
    assert re.fullmatch(r"SEC-\d\d", row)
    assert ROWS[row]
    for each in ROWS[row]:
        where, _, name = each.partition("::")
        path = ROOT / where
        found = [*path.glob("test_*.py")] if path.is_dir() else [path]
        assert found, where
        for file in found:
            wanted = name or r"test_\w+"
            assert re.search(rf"^(async )?def {wanted}\(", file.read_text(), re.MULTILINE), each
