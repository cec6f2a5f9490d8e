"""What a handler of Microsoft Graph's face gets: one call, admitted, authorised and read.

Rule 1: who may call what is data (``permissions.toml``). A handler asks for what only it can know: who owns an object,
and on which resource a role is granted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from accredit.errors import PRIVILEGES_MISSING, Refused
from accredit.tokens.claims import GRAPH
from accredit.web.graph.budget import Budget
from accredit.web.graph.permissions import table

if TYPE_CHECKING:
    from uuid import UUID

    from accredit.administer import Administrator
    from accredit.administer.key_watch import KeyWatch
    from accredit.interop.odata import Options
    from accredit.ports import Authority
    from accredit.web.bearer import Caller
    from accredit.web.graph.parts import Alone
    from accredit.web.signin_log import SignInLog

Version = Literal["v1.0", "beta"]
VERSIONS: Final[tuple[Version, ...]] = ("v1.0", "beta")


@dataclass(frozen=True, slots=True)
class Key:
    """Which object a path means: ``(appId='x')`` is ``Key("appId", "x")``; ``/x`` and ``('x')`` are ``Key(None, "x")``.

    A GUID is in lower case, whatever the caller wrote.
    """

    name: str | None
    value: str


@dataclass(slots=True)
class Call:
    """One call, admitted and read: all that a handler works with."""

    by: Administrator  # the calling application; its correlation is the client-request-id
    caller: Caller  # tenant, client, roles
    version: Version
    keys: tuple[Key, ...]  # in the order of the route's placeholders
    options: Options  # $filter, $select, ...
    graph: str  # scheme, host and port of this API
    path: str  # what stands after the version, as it was sent: "applications"
    alone: Alone  # answers a part of a batch
    log: SignInLog  # of sign-ins
    key_watch: KeyWatch  # of issuers
    authority: Authority  # whose directory it is
    query: str = ""  # as it was sent
    body: dict[str, Any] = field(default_factory=dict)  # without "@odata." members, but with those that bind
    prefer: frozenset[str] = frozenset()  # preferences, lower case: "create-if-missing"
    owned_only: bool = False  # the caller may write what it owns, and nothing else
    any_token: bool = False  # nobody's roles are asked for: a setting of emulators
    budget: Budget = field(default_factory=Budget)  # of the answer
    not_on_graph: bool = False  # the caller may assign roles, but none of Microsoft Graph's own

    @property
    def beta(self) -> bool:
        """Whether the caller asked the version that shows more."""
        return self.version == "beta"

    async def refuse_not_owned(self, *, application_id: UUID | None = None, principal_id: UUID | None = None) -> None:
        """Refuse who may write only what it owns, and owns none of these (403). Everybody else passes unasked."""
        if not self.owned_only:
            return
        owner = self.caller.client.principal.id
        async with self.by.registry.reading() as store:
            for name, owned in (("application_id", application_id), ("principal_id", principal_id)):
                if owned is not None and await store.ownerships.find(**{name: owned}, owner_id=owner):
                    return
        raise Refused(PRIVILEGES_MISSING, detail="Application.ReadWrite.OwnedBy: the caller does not own the object")

    def refuse_unadmitted(self, method: str, template: str) -> None:
        """Refuse who may not make another call whose answer this one would give away (403)."""
        if not self.any_token:
            table()[method, template].admit(self.caller.roles)

    def refuse_roles_of(self, resource_app_id: UUID) -> None:
        """Refuse to assign a role of Microsoft Graph to who may assign those of every other API only (403)."""
        if self.not_on_graph and str(resource_app_id) == GRAPH:
            raise Refused(
                PRIVILEGES_MISSING, detail="roles of Microsoft Graph itself need AppRoleAssignment.ReadWrite.All"
            )
