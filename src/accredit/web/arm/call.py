"""What a handler of this face gets and gives: one call, admitted and read, and its answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from accredit.directory import azure
from accredit.errors import SUBSCRIPTION_UNKNOWN, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.administer import Administrator
    from accredit.directory import Tenant
    from accredit.web.bearer import Caller


@dataclass(frozen=True, slots=True)
class Call:
    """One call. ``scope`` begins with a slash and ends with none, unless it is ``/``; ``name`` ends the path."""

    by: Administrator
    caller: Caller
    scope: str
    name: str
    path: str  # decoded, with one leading slash
    query: Mapping[str, str]  # names in lower case
    base: str  # scheme, host and port of this API
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def tenant(self) -> Tenant:
        return self.caller.tenant

    def refuse_elsewhere(self) -> None:
        """Refuse a scope in a subscription that the caller's tenant does not have (404)."""
        first, _, rest = self.scope.strip("/").partition("/")
        named = rest.partition("/")[0]
        if first.lower() == "subscriptions" and named.lower() != str(azure.subscription_of(self.tenant.id)):
            raise Refused(SUBSCRIPTION_UNKNOWN, subscription=named)


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back."""

    status: int
    body: Mapping[str, Any] | None = None
