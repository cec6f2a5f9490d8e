"""One authority in a thread for the tests of this folder, and its keys in a folder of the run's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from accredit.testing import Authority, authority
from accredit.testing.there import There


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What stands for the user's cache: keys are made once for the run, and nothing is left at home."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


@pytest.fixture(scope="session")
def served(cache: Path) -> Iterator[Authority]:
    """An authority in a thread of this process."""
    with authority() as found:
        yield found


@pytest.fixture(scope="session")
def reached(served: Authority) -> Iterator[Authority]:
    """The same, as tests reach one that runs elsewhere."""
    there = There({name: served.ready[name] for name in ("url", "ca_file", "control_token")})
    yield Authority(there)
    there.close()


@pytest.fixture(params=["in a thread", "at a URL"])
def kit(request: pytest.FixtureRequest, served: Authority, reached: Authority) -> Iterator[Authority]:
    """A fresh tenant, reached in either way."""
    with (served if request.param == "in a thread" else reached).tenant() as found:
        yield found


@pytest.fixture
def alone(served: Authority) -> Iterator[Authority]:
    """A fresh tenant of the one in a thread."""
    with served.tenant() as found:
        yield found
