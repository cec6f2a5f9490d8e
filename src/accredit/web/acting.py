"""A caller of an API as the one who changes the directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accredit.administer import Administrator
from accredit.administer.administrator import WIDEN
from accredit.administer.linting import OVERRIDE
from accredit.signins import Actor, kept
from accredit.signins.event import LONGEST_AGENT

LONGEST_REASON = 600  # characters that are kept of why somebody overrode lint

if TYPE_CHECKING:
    from accredit.ports import Authority, Registry
    from accredit.signins import Sender
    from accredit.web.bearer import Caller


def acting(
    authority: Authority,
    registry: Registry,
    caller: Caller,
    who: Sender,
    *,
    emulator: bool,
    all_rights: bool,
    owned_only: bool = False,
    override: str = "",
) -> Administrator:
    """Return the calling application as an administrator. ``all_rights``: whatever its roles are.

    ``override``: why it accepts errors that lint finds.
    """
    client = caller.client
    return Administrator(
        registry,
        authority.ids,
        authority.clock,
        Actor(
            name=client.display_name,
            kind="application",
            id=str(client.principal.id),
            app_id=str(client.app_id),
            address=who.address,
            user_agent=kept(who.user_agent, LONGEST_AGENT),
        ),
        base=authority.base,
        own_issuers=authority.own_issuers,
        emulator=emulator,
        correlation=who.correlation,
        may_widen=all_rights or WIDEN in caller.roles,
        override=kept(override.strip(), LONGEST_REASON),
        may_override=all_rights or OVERRIDE in caller.roles,
        app_id=client.app_id,
        owns_only=client.principal.id if owned_only else None,
    )
