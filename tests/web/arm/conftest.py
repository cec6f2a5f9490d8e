from collections.abc import Iterator

import pytest

from tests.web.arm.asking import Arm
from tests.web.graph.callers import Graph
from tests.wire.authority import wire


@pytest.fixture(scope="module")
def arm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arm]:
    """What stands for Azure Resource Manager in an emulator that the tests of a module share."""
    with wire(tmp_path_factory.mktemp("arm") / "data", upload=False) as made:
        yield Arm(Graph(made))
