"""What every test gets. The network is closed by pytest-socket (pyproject.toml): 127.0.0.1 and ::1 only."""

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parent.parent

pytest_plugins = ("tests.support.provoked", "tests.support.emulator")

# No deadlines and no complaints of slowness: a machine that is busy with something else must not fail a law.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True, derandomize=False)
settings.register_profile("check", unhurried, max_examples=25)
settings.register_profile("ci", unhurried, max_examples=150)
settings.register_profile("long", unhurried, max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "check"))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Tests marked `anyio` run on asyncio, as the server does."""
    return "asyncio"


@dataclass(frozen=True, slots=True)
class ClientsNode:
    """Node and what runs on it: the executable, and the folder that holds node_modules."""

    node: Path
    folder: Path


def _made(group: str, *parts: Path) -> None:
    """Fail, naming what is missing, unless the environment of a group is there."""
    for part in parts:
        if not part.exists():
            pytest.fail(
                f"{part.relative_to(ROOT)} is missing: run `make setup-{group}`, "
                f'or leave the group out: make test WITHOUT="{group}"',
                pytrace=False,
            )


@pytest.fixture(scope="session")
def clients_node() -> ClientsNode:
    """The environment of the group clients-node, or a failure that names what is missing."""
    found = ClientsNode(ROOT / ".env/clients-node/bin/node", ROOT / "tests/clients/node")
    _made("clients-node", found.node, found.folder / "node_modules")
    return found


@pytest.fixture(scope="session")
def clients_az() -> Path:
    """The Python of the environment that azure-cli is installed in, or a failure that says how to make it."""
    _made("clients-az", found := ROOT / ".env/clients-az/bin/python")
    return found


@pytest.fixture(scope="session")
def clients_graph() -> Path:
    """The Python of the environment that msgraph-sdk is installed in, or a failure that says how to make it."""
    _made("clients-graph", found := ROOT / ".env/clients-graph/bin/python")
    return found


SLOW = tuple(
    ROOT / "tests" / name
    for name in (
        *("app", "client", "ops", "security", "web/graph/test_long_questions.py", "web/graph/test_permissions.py"),
        *(
            "web/graph/test_logs.py",
            "web/graph/test_reports.py",
            "web/graph/test_weight.py",
            "web/graph/test_credential_refusals.py",
            "web/graph/test_credentials.py",
            "web/graph/test_lint.py",
            "web/graph/test_migration.py",
            "web/graph/test_policy.py",
            "web/graph/test_replay.py",
            "outbound/test_http.py",
            "stores/test_aside.py",
        ),
        *("stores/test_event_counts.py", "stores/test_event_index.py", "stores/test_retention.py"),
        *("stores/test_event_search.py", "stores/test_event_summary.py", "stores/test_events.py"),
        *("stores/test_events_crash.py", "stores/test_events_upkeep.py", "stores/test_migrations.py"),
        *("stores/test_migrations_log.py", "stores/test_quota.py", "stores/test_search.py"),
        *("stores/test_assertions_used.py", "stores/test_salvage.py", "stores/test_sqlite_file.py"),
        *("stores/test_state.py", "trust/lint/test_laws.py"),
        *(
            "cli/test_audit.py",
            "cli/test_errors.py",
            "cli/test_explain.py",
            "cli/test_operators.py",
            "cli/test_programs.py",
            "cli/test_writes.py",
        ),
    )
)


@cache  # there are fifty tests to a file
def _is_slow(path: Path) -> bool:
    return any(path.is_relative_to(each) for each in SLOW)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What starts servers or waits for a disk is no part of the fast tests, whatever one test of it takes."""
    for item in items:
        if _is_slow(item.path):
            item.add_marker(pytest.mark.slow)
