from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wire.authority import Wire, wire


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Wire]:
    """An emulator of this test's own."""
    with wire(tmp_path / "data") as made:
        yield made


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    """An emulator that the tests of a module share: they ask, and change nothing."""
    with wire(tmp_path_factory.mktemp("shared") / "data") as made:
        yield made
