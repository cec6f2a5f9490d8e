"""People who use the portal of a running emulator: one for each role, signed in by a session in its store.

How people really sign in has tests of its own; here it is about what they may do once they have.
"""

from __future__ import annotations

import secrets
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit
from uuid import uuid4

from accredit.app import seed
from accredit.app.local import run
from accredit.directory.people import Person, RoleMapping, Session
from accredit.issuers import base64url
from accredit.stores.portal_sessions import PortalSessions
from accredit.web.portal.session import cookie_name, digest
from tests.portal.page import Visitor

if TYPE_CHECKING:
    from accredit.administer import Administrator
    from accredit.directory.people import MappedRole
    from tests.support.emulator import Emulator

Who = Literal["nobody", "stranger", "reader", "operator", "admin", "instance"]
"""``stranger``: signed in, without any role; ``instance``: administers what tenants share, and no tenant."""
PROVIDER: Final = "https://login.contoso.test"
ROLES: Final[dict[Who, MappedRole]] = {
    "reader": "reader",
    "operator": "operator",
    "admin": "admin",
    "instance": "instance",
}


def cookie(emulator: Emulator) -> str:
    """The name of the cookie that says who somebody is."""
    return cookie_name(urlsplit(emulator.url).port)


def session(emulator: Emulator, who: Who, name: str = "") -> str:
    """Sign somebody in beside the server; the value of their cookie. What they may do stands in the store, too."""
    secret, now, group = secrets.token_bytes(32), datetime.now(UTC), f"portal-{who}"
    if who in ROLES:
        _let(emulator, who, group)
    person = Person(name=name or f"{who}@contoso.test", issuer=PROVIDER, subject=f"{who}-{secret.hex()[:8]}")
    made = Session(id=digest(secret), person=person, claims={"groups": (group,)}, made_at=now, seen_at=now)
    with closing(PortalSessions(emulator.data / "accredit.db")) as sessions:
        run(sessions.add(made, dead=now - timedelta(days=1)))
    return base64url.encode(secret)


def _let(emulator: Emulator, who: Who, group: str) -> None:
    """Give a group its role, unless it has it."""
    mapping = RoleMapping(
        id=uuid4(),
        tenant_id=None if who == "instance" else seed.TENANT_ID,
        issuer=PROVIDER,
        claim="groups",
        value=group,
        role=ROLES[who],
        created_at=datetime.now(UTC),
    )

    async def let(by: Administrator) -> None:
        async with by.registry.transaction() as change:
            known = {each.value for each in await change.role_mappings.find()}
            if group not in known:
                await change.role_mappings.add(mapping)

    emulator.administer(let)


def visitor(emulator: Emulator, who: Who, name: str = "") -> Visitor:
    """Somebody's browser without script. Their session is theirs alone."""
    held = {} if who == "nobody" else {cookie(emulator): session(emulator, who, name)}
    return Visitor(emulator.http, emulator.url, held)
