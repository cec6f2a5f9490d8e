"""Which calls are served: a method, a form of path, who handles it, and which roles it needs. Any other path is a 404.

Rule 1: literal parts of a path are compared without regard to case, as Azure Resource Manager does; names keep theirs.
Rule 2: roles are Microsoft Graph's: there are no others here, and what an assignment on a resource grants is nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import unquote

from accredit.errors import ARM_NOT_FOUND, Refused
from accredit.web.arm import authorization, subscriptions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from accredit.web.arm.call import Answer, Call

LONGEST: Final = 2_048  # characters of a path, as it was sent
ANYBODY: Final = frozenset[str]()
WRITERS: Final = frozenset({"AppRoleAssignment.ReadWrite.All", "Application.ReadWrite.All", "Directory.ReadWrite.All"})
READERS: Final = WRITERS | {"Application.Read.All", "Application.ReadWrite.OwnedBy", "Directory.Read.All"}


@dataclass(frozen=True, slots=True)
class Route:
    """One kind of call. ``template`` is its label; ``action`` is what Azure Resource Manager calls it."""

    method: Literal["GET", "PUT", "DELETE"]
    template: str
    action: str
    handler: Callable[[Call], Awaitable[Answer]]
    roles: frozenset[str] = ANYBODY  # any one of them suffices

    @property
    def pattern(self) -> re.Pattern[str]:
        """What the path has to match."""
        text = re.escape(self.template).replace(r"\{scope\}", "(?P<scope>(?:/.*)?)")
        return re.compile(text.replace(r"\{name\}", "(?P<name>[^/]+)"), re.IGNORECASE)


_DEFINITIONS: Final = "{scope}/providers/Microsoft.Authorization/roleDefinitions"
_ASSIGNMENTS: Final = "{scope}/providers/Microsoft.Authorization/roleAssignments"
_READ_DEFINITIONS: Final = "Microsoft.Authorization/roleDefinitions/read"
_READ: Final = "Microsoft.Authorization/roleAssignments/read"
_WRITE: Final = "Microsoft.Authorization/roleAssignments/write"
_DELETE: Final = "Microsoft.Authorization/roleAssignments/delete"
ROUTES: Final = (
    Route("GET", "/subscriptions", "Microsoft.Resources/subscriptions/read", subscriptions.every),
    Route("GET", "/subscriptions/{name}", "Microsoft.Resources/subscriptions/read", subscriptions.one),
    Route(
        "GET",
        "/subscriptions/{name}/resourceGroups",
        "Microsoft.Resources/subscriptions/resourceGroups/read",
        subscriptions.groups,
    ),
    Route("GET", "/tenants", "Microsoft.Resources/tenants/read", subscriptions.tenants),
    Route("GET", _DEFINITIONS, _READ_DEFINITIONS, authorization.definitions),
    Route("GET", _DEFINITIONS + "/{name}", _READ_DEFINITIONS, authorization.definition),
    Route("GET", _ASSIGNMENTS, _READ, authorization.assignments, READERS),
    Route("GET", _ASSIGNMENTS + "/{name}", _READ, authorization.assignment, READERS),
    Route("PUT", _ASSIGNMENTS + "/{name}", _WRITE, authorization.assign, WRITERS),
    Route("DELETE", _ASSIGNMENTS + "/{name}", _DELETE, authorization.unassign, WRITERS),
)
_PATTERNS: Final = tuple((each, each.pattern) for each in ROUTES)


@dataclass(frozen=True, slots=True)
class Found:
    """A route, and what a path says for it."""

    route: Route
    scope: str
    name: str
    path: str


def find(method: str, raw: str) -> Found:
    """Find the route of a path as it was sent, percent-encoded. 404 for what is served by none."""
    path = "/" + unquote(raw[:LONGEST]).strip("/")
    if len(raw) > LONGEST or not path.isprintable() or "//" in path:
        raise Refused(ARM_NOT_FOUND, path=path)
    for route, pattern in _PATTERNS:
        if route.method == method and (match := pattern.fullmatch(path)):
            said = match.groupdict()
            name = said.get("name") or ""
            scope = said.get("scope")
            return Found(route, (scope or "/") if scope is not None else path, name, path)
    raise Refused(ARM_NOT_FOUND, path=path)
