"""The pytest plugin (entry point ``accredit``): fixtures for tests of code that gets tokens, or checks them.

    def test_it_signs_in(accredit_app, accredit_idp, azure_environment):
        accredit_app.trust_github("octo-org@123456/octo-repo@456789", environment="production")
        with azure_environment(accredit_app):
            ...

Nothing is imported and nothing is started before a fixture is used: this file is loaded in every run of pytest on a
machine that has the package, so it imports pytest and nothing of the product.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from accredit.testing.application import Application
    from accredit.testing.idp import Idp
    from accredit.testing.kit import Authority
    from accredit.testing.variables import Variables

_TENANT: Final = pytest.StashKey["Authority"]()
_URL, _CA, _CONTROL, _READY = "ACCREDIT_URL", "ACCREDIT_CA_FILE", "ACCREDIT_CONTROL_TOKEN", "--accredit-ready-file"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that name an authority that runs already."""
    group = parser.getgroup("accredit", "an authority for tests")
    group.addoption(
        "--accredit-url",
        metavar="URL",
        help=f"use the emulator at this address; its CA and control token are in {_CA} and {_CONTROL}",
    )
    group.addoption(_READY, metavar="FILE", help="use the emulator that wrote this ready file")


@pytest.fixture(scope="session")
def accredit(request: pytest.FixtureRequest) -> Iterator[Authority]:
    """One authority for the run (for each worker of it): started here, or the one that the command line names."""
    if (ready := _named(request.config)) is not None:
        from accredit.testing.kit import Authority  # noqa: PLC0415  as the module says
        from accredit.testing.there import There  # noqa: PLC0415

        place = There(ready)
        found = Authority(place)
        try:
            yield found
        finally:
            found.close()
            place.close()
        return
    from accredit.testing import authority  # noqa: PLC0415

    with authority() as found:
        yield found


@pytest.fixture
def accredit_tenant(request: pytest.FixtureRequest, accredit: Authority) -> Iterator[Authority]:
    """The authority with a fresh tenant for this test. What the test provoked is over when it ends."""
    with accredit.tenant() as found:
        request.node.stash[_TENANT] = found
        yield found


@pytest.fixture
def accredit_app(accredit_tenant: Authority) -> Application:
    """An application in the test's own tenant. It trusts nothing yet, and may do nothing yet."""
    return accredit_tenant.application()


@pytest.fixture
def accredit_idp(accredit_tenant: Authority) -> Idp:
    """The test issuers."""
    return accredit_tenant.idp


@pytest.fixture
def azure_environment(accredit_tenant: Authority) -> Callable[..., Variables]:
    """What points unmodified azure-identity at the authority, while a block runs: call it with an application."""
    return accredit_tenant.azure_environment


@pytest.hookimpl(hookwrapper=True)  # the form that older versions of pytest know, too: they load this file as well
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Add to a failing test's report what became of its last request for a token."""
    outcome: Any = yield
    report: pytest.TestReport = outcome.get_result()
    tenant = item.stash.get(_TENANT, None)
    if report.when == "call" and report.failed and tenant is not None:
        _explain(report, tenant)


def _explain(report: pytest.TestReport, tenant: Authority) -> None:
    from accredit.testing.report import TITLE  # noqa: PLC0415  as the module says

    try:
        said = tenant.explanation()
    except Exception as error:  # noqa: BLE001  the test's own failure must not be lost for it
        said = f"(cannot be told: {type(error).__name__}: {error})"
    if said:
        report.sections.append((TITLE, said))


def _named(config: pytest.Config) -> dict[str, Any] | None:
    """Return what is known of the authority that the command line names; ``None`` when it names none."""
    url, ready_file = config.getoption("--accredit-url"), config.getoption(_READY)
    if ready_file:
        import json  # noqa: PLC0415  as the module says

        try:
            with open(ready_file, encoding="utf-8") as file:  # noqa: PTH123  nothing else is needed
                found: dict[str, Any] = json.load(file)
        except (OSError, ValueError) as error:
            raise pytest.UsageError(f"{_READY} {ready_file}: no ready file of an emulator ({error})") from error
        return found
    if not url:
        return None
    around = {"ca_file": os.environ.get(_CA, ""), "control_token": os.environ.get(_CONTROL, "")}
    if not around["control_token"]:
        raise pytest.UsageError(f"--accredit-url needs the emulator's control token in {_CONTROL} (or {_READY})")
    return {"url": url, **around}
