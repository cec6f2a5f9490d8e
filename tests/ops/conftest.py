from collections.abc import Iterator

import pytest

from accredit.query import Query
from tests.ops.servers import Server, initialise, serving
from tests.ops.workloads import Workload, employ

PROXIES = {"ACCREDIT_TRUSTED_PROXIES": "127.0.0.0/8"}


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A production server behind a proxy, with one tenant."""
    folder = tmp_path_factory.mktemp("production")
    initialise(folder, "--portability", "extended")
    with serving(folder, emulator=False, **PROXIES) as server:
        yield server


@pytest.fixture(scope="module")
def workload(production: Server) -> Workload:
    """A workload of its tenant."""
    return employ(production, tenant_of(production))


def tenant_of(server: Server) -> str:
    with server.store() as opened:

        async def first() -> str:
            async with opened.registry.reading() as view:
                return str((await view.tenants.search(Query(limit=1))).things[0].id)

        return opened.run(first())
