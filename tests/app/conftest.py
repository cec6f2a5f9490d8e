import sys

import pytest

from accredit.app import connection


@pytest.fixture(params=["uvloop", "asyncio"])
def each_loop(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the test on either event loop that a server may have."""
    if request.param == "asyncio":
        monkeypatch.setitem(sys.modules, "uvloop", None)


@pytest.fixture
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for slow connections more often than a server does."""
    monkeypatch.setattr(connection, "LOOKED_AT_EVERY", 0.05)
