"""`accredit init`: a data directory, made once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from accredit.app.chance import now
from accredit.app.folder import Folder, begin_production, find
from accredit.app.judge import public_url
from accredit.app.local import run
from accredit.app.portal_links import make_link
from accredit.errors import SETTING_INVALID, Refused

if TYPE_CHECKING:
    from accredit.config import Settings
    from accredit.directory import Tenant
    from accredit.issuers import Portability


@dataclass(frozen=True, slots=True)
class Initialised:
    """What was made."""

    folder: Folder
    tenant: Tenant
    link: str  # signs in to the portal once


def initialise(
    settings: Settings,
    *,
    display_name: str,
    domains: tuple[str, ...],
    portability: Portability = "extended",
    enable: tuple[str, ...] = (),
) -> Initialised:
    """Make the data directory of the settings with its first tenant. ``DATA_EXISTS`` when there is one already.

    ``enable``: keys of the well-known service principals that the tenant shall have.
    """
    if settings.profile != "production":
        raise Refused(SETTING_INVALID, name="profile", reason="an emulator makes its own data: accredit serve")
    base = public_url(settings.public_url) if settings.public_url else ""
    folder = find(settings)
    tenant = run(
        begin_production(
            folder,
            clock=now,
            display_name=display_name,
            domains=domains,
            portability=portability,
            enable=enable,
            base=base,
        )
    )
    return Initialised(folder, tenant, run(make_link(folder, base)))
