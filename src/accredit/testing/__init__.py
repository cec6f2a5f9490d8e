"""An authority for tests: the same application as production, over HTTPS on a free loopback port, in a thread.

    with authority() as a:
        app = a.application("deploy-bot", roles={"api://orders": ["Orders.Read.All"]})
        app.trust_github("octo-org@123456/octo-repo@456789", environment="production")
        with a.azure_environment(app):
            DefaultAzureCredential().get_token("api://orders/.default")

Importing this costs nothing: what serves is imported when an authority starts. The pytest plugin is ``plugin``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from os import PathLike

    from accredit.testing.application import Application
    from accredit.testing.kit import Authority
    from accredit.testing.log import SignIn
    from accredit.testing.place import KitError
    from accredit.testing.starting import Starting

__all__ = ["Application", "Authority", "KitError", "SignIn", "Starting", "authority"]

_HOMES = {
    "Application": "application",
    "Authority": "kit",
    "KitError": "place",
    "SignIn": "log",
    "Starting": "starting",
}


def authority(*, data: str | PathLike[str] | None = None, explain_to_caller: bool = False) -> Starting:
    """Return a context manager, synchronous and asynchronous alike, that starts an authority and yields ``Authority``.

    ``data``: a folder that keeps what it holds; without one it is temporary. ``explain_to_caller``: refusals carry the
    explanation, too (``accredit_explain``).
    """
    from accredit.testing.starting import Starting  # noqa: PLC0415  as the module says

    return Starting(data=None if data is None else str(data), explain_to_caller=explain_to_caller)


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415  as the module says

    return getattr(import_module(f"{__name__}.{home}"), name)
