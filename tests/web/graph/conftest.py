from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.graph.callers import Graph
from tests.wire.authority import wire


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graph]:
    """The directory API of an emulator that the tests of a module share."""
    with wire(tmp_path_factory.mktemp("graph") / "data", upload=False) as made:
        yield Graph(made)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Graph]:
    """The directory API of an emulator of this test's own."""
    with wire(tmp_path / "data", upload=False) as made:
        yield Graph(made)
