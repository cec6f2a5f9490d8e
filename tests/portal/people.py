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

from accredit.administer import tenants
from accredit.app import seed
from accredit.app.local import run
from accredit.directory.people import Person, RoleMapping, Session
from accredit.issuers import base64url
from accredit.stores.portal_sessions import PortalSessions
from accredit.web.portal.session import cookie_name, digest
from tests.portal.page import Visitor

if TYPE_CHECKING:
    from pathlib import Path

    from accredit.administer import Administrator
    from accredit.directory.people import MappedRole
    from tests.support.emulator import Emulator

Who = Literal["nobody", "stranger", "reader", "operator", "admin", "instance", "everything"]
"""``stranger``: Admin of another tenant; ``instance``: administers what tenants share; ``everything``: all of it."""
ELSEWHERE: Final = "fabrikam.test"
PROVIDER: Final = "https://login.contoso.test"
ROLES: Final[dict[Who, MappedRole]] = {
    "stranger": "admin",
    "reader": "reader",
    "operator": "operator",
    "admin": "admin",
    "instance": "instance",
}
_let_in: set[tuple[Path, Who]] = set()


def cookie(emulator: Emulator) -> str:
    """The name of the cookie that says who somebody is."""
    return cookie_name(urlsplit(emulator.url).port)


def session(emulator: Emulator, who: Who, name: str = "") -> str:
    """Sign somebody in beside the server; the value of their cookie. What they may do stands in the store, too."""
    secret, now = secrets.token_bytes(32), datetime.now(UTC)
    if who in ROLES:
        _let(emulator, who)
    person = Person(
        name=name or f"{who}@contoso.test",
        issuer=PROVIDER,
        subject=f"{who}-{secret.hex()[:8]}",
        how="emulator" if who == "everything" else "oidc",
    )
    made = Session(id=digest(secret), person=person, claims={"groups": (f"portal-{who}",)}, made_at=now, seen_at=now)
    with closing(PortalSessions(emulator.data / "accredit.db")) as sessions:
        run(sessions.add(made, dead=now - timedelta(days=1)))
    return base64url.encode(secret)


def _let(emulator: Emulator, who: Who) -> None:
    """Give a group its role, once in each emulator."""
    if (emulator.data, who) in _let_in:
        return
    _let_in.add((emulator.data, who))

    async def let(by: Administrator) -> None:
        tenant_id = None if who == "instance" else seed.TENANT_ID
        if who == "stranger":
            tenant_id = (await tenants.create(by, display_name="Fabrikam", domains=(ELSEWHERE,))).id
        mapping = RoleMapping(
            id=uuid4(),
            tenant_id=tenant_id,
            issuer=PROVIDER,
            claim="groups",
            value=f"portal-{who}",
            role=ROLES[who],
            created_at=datetime.now(UTC),
        )
        async with by.registry.transaction() as change:
            await change.role_mappings.add(mapping)

    emulator.administer(let)


def visitor(emulator: Emulator, who: Who, name: str = "") -> Visitor:
    """Somebody's browser without script. Their session is theirs alone."""
    held = {} if who == "nobody" else {cookie(emulator): session(emulator, who, name)}
    return Visitor(emulator.http, emulator.url, held)
