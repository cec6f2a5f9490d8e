"""A portal whose people sign in at another process: the organisation's provider of a second emulator."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from accredit.administer import people
from accredit.testidp.native.organisation import CLIENT, SECRET
from tests.support.emulator import running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from accredit.administer import Administrator
    from tests.support.emulator import Emulator

NAME = "Contoso"
GROUPS = {"reader": "portal-readers", "operator": "portal-operators", "admin": "portal-admins"}


def issuer_of(provider: Emulator) -> str:
    return f"{provider.url}/idp/custom"


def settings(provider: Emulator, folder: Path) -> dict[str, str]:
    """The variables of a server whose people sign in there."""
    secret = folder / "secret"
    secret.write_text(SECRET + "\n")
    secret.chmod(0o600)
    told = {"ISSUER": issuer_of(provider), "CLIENT_ID": CLIENT, "CLIENT_SECRET_FILE": str(secret)}
    told |= {"CA_FILE": str(provider.ca_file), "NAME": NAME, "SCOPES": "profile,groups"}
    return {f"ACCREDIT_PORTAL__OIDC__{name}": value for name, value in told.items()}


@contextmanager
def portal_of(provider: Emulator, folder: Path) -> Iterator[Emulator]:
    """Serve a portal in which each role belongs to a group of the provider."""
    with running(folder, environment=settings(provider, folder)) as found:

        async def mapped(by: Administrator) -> None:
            for role, group in GROUPS.items():
                given = {"issuer": issuer_of(provider), "claim": "groups", "value": group, "role": role}
                await people.add(by, tenant_id=found.tenant_id, **given)

        found.administer(mapped)
        yield found
