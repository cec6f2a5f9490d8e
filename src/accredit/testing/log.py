"""Sign-ins as a test looks at them: what became of each attempt, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, overload

from accredit.testing.place import KitError

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from accredit.signins import Event
    from accredit.testing.place import Place, Tenant

MOST: Final = 500


@dataclass(frozen=True, slots=True)
class Credential:
    """The federated credential that a sign-in used, or came nearest to."""

    id: UUID | None
    name: str


@dataclass(frozen=True, slots=True)
class SignIn:
    """One attempt. ``event`` is everything that the log keeps of it."""

    event: Event

    def __repr__(self) -> str:
        return f"SignIn({self})"  # what an assertion that fails should show: the event fills a screen

    @property
    def granted(self) -> bool:
        """Whether a token was issued."""
        return self.event.code == 0

    @property
    def code(self) -> str:
        """Of a refusal, such as ``AADSTS700213``; empty for a grant."""
        return f"AADSTS{self.event.code}" if self.event.code else ""

    @property
    def reason(self) -> str:
        """Of a refusal: what the caller was told, without ids."""
        return self.event.failure

    @property
    def nearest(self) -> str:
        """Of a refusal: the first difference from what is trusted, in words."""
        return self.event.nearest

    @property
    def application(self) -> str:
        """The name of the application."""
        return self.event.app_name

    @property
    def client_id(self) -> str:
        """The application."""
        return str(self.event.app_id)

    @property
    def credential(self) -> Credential:
        """What was used; of a refusal, what came nearest. Its name is empty where there is none."""
        event = self.event
        if event.credential_id is None and event.verdicts:
            return Credential(event.verdicts[0].credential_id, event.verdicts[0].name)
        return Credential(event.credential_id, event.credential_name)

    @property
    def evidence(self) -> str:
        """What was presented, as Microsoft Graph names it: ``federatedIdentityCredential``, ``clientSecret``, …"""  # noqa: D400
        return self.event.evidence

    @property
    def subject(self) -> str | None:
        """What the assertion said in ``sub``."""
        return self.event.subject

    @property
    def resource(self) -> str:
        """What was asked for."""
        return self.event.wanted

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles in the token."""
        return self.event.roles

    @property
    def at(self) -> datetime:
        """When, by the authority's clock."""
        return self.event.at

    @property
    def id(self) -> str:
        """The request's id (``trace_id`` of a refusal; ``uti`` in another spelling)."""
        return str(self.event.id)

    def __str__(self) -> str:
        how = f"granted by {self.credential.name or self.evidence}" if self.granted else f"{self.code} {self.reason}"
        return f"{self.application}: {how}"


class SignIns(Sequence[SignIn]):
    """The sign-ins of one tenant, oldest first. What is asked of it is read then."""

    def __init__(self, place: Place, tenant: Tenant) -> None:
        self._place = place
        self._tenant = tenant

    @property
    def last(self) -> SignIn:
        """The newest one. ``KitError`` when there is none."""
        found = self._place.events(self._tenant, 1)
        if not found:
            raise KitError("nobody has signed in here: no request with a known tenant and application came")
        return SignIn(found[0])

    def __len__(self) -> int:
        return len(self._all())

    @overload
    def __getitem__(self, index: int) -> SignIn: ...
    @overload
    def __getitem__(self, index: slice) -> list[SignIn]: ...
    def __getitem__(self, index: int | slice) -> SignIn | list[SignIn]:
        return self._all()[index]

    def _all(self) -> list[SignIn]:
        return [SignIn(each) for each in reversed(self._place.events(self._tenant, MOST))]
