from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ops.servers import Server, serving
from tests.wire.authority import Wire, wire


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An emulator in a process of its own, over real sockets."""
    with serving(tmp_path_factory.mktemp("server")) as found:
        yield found


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[Wire]:
    """An emulator in process, of this test's own."""
    with wire(tmp_path / "data") as made:
        yield made
