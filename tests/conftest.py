"""What every test gets. The network is closed by pytest-socket (pyproject.toml): 127.0.0.1 and ::1 only."""

import gc
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A script's background has it ignored, and so would programs that tests start, whom they press Ctrl-C for.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

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


def _files(folder: str, *names: str) -> tuple[Path, ...]:
    return tuple(ROOT / "tests" / folder / f"test_{name}.py" for name in names)


SLOW = (
    *(ROOT / "tests" / name for name in ("app", "client", "ops", "security", "testing", "testidp/native")),
    *_files("benchmarks", "quick"),
    *_files("cli", "audit", "errors", "explain", "log_export", "log_figures", "log_tail", "operators", "programs"),
    *_files("cli", "replay", "writes"),
    *_files("clients", "kubernetes"),
    *_files("interop/files", "laws"),
    *_files("outbound", "http"),
    *_files("portal", "add_credential", "addresses", "app_roles", "applications", "audits", "credentials"),
    *_files(
        "portal", "enterprise_apps", "every_page", "export", "issuers", "manifest", "oidc", "overview", "permissions"
    ),
    *_files("portal", "provider", "roles", "same_thing", "secrets", "sessions", "settings", "sign_ins", "signing_in"),
    *_files("portal", "test_issuer"),
    *_files("stores", "aside", "assertions_used", "event_counts", "event_index", "event_reader", "event_search"),
    *_files("stores", "event_summary", "events", "events_crash", "events_upkeep", "migrations", "migrations_log"),
    *_files("stores", "quota", "retention", "salvage", "search", "snapshot", "sqlite", "sqlite_file", "state"),
    *_files("testidp", "endpoints", "exchanged", "faults", "keys", "outages", "samples"),
    *_files("trust/lint", "laws"),
    *_files("web/arm", "authorization", "reading", "room"),
    *_files("web/graph", "accredit", "batch", "bearer", "credential_refusals", "credentials", "lint", "logs"),
    *_files("web/graph", "long_questions", "migration", "pages", "permissions", "policy", "replay", "reports", "room"),
    *_files("web/graph", "weight"),
    *_files("wire", "limits", "refusals"),
)


@cache  # there are fifty tests to a file
def _is_slow(path: Path) -> bool:
    return any(path.is_relative_to(each) for each in SLOW)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave what is slow unread where all of it is left out: reading a file takes longer than most of its tests."""
    leaves_out = "not slow" in str(config.getoption("markexpr")).split(" and ")
    return True if leaves_out and _is_slow(collection_path) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What starts servers or waits for a disk is no part of the fast tests, whatever one test of it takes."""
    for item in items:
        if _is_slow(item.path):
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Have the garbage collector leave alone what has been read: it stays, and takes a second to look through."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_unconfigure() -> None:
    gc.unfreeze()
