"""What signing in to the portal leans on, besides the portal itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from accredit.web.limits import Allowance, Failures

if TYPE_CHECKING:
    from collections.abc import Callable

    from accredit.errors import Refused
    from accredit.signins import Sender
    from accredit.web.portal.handshake import Handshakes
    from accredit.web.portal.oidc import Provider

ATTEMPTS: Final = Allowance(per_minute=10, burst=20)
"""Attempts that may fail, of one address and of one account: at once, and so many more each minute."""


_CLIENT: Final = "portal"  # what the limits count by besides


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningIn:
    """How people sign in here, and how often somebody may fail to."""

    seconds: Callable[[], float]
    handshakes: Handshakes
    provider: Provider | None = None  # the organisation's; None: only links (and the emulator's button) sign in
    refused: Callable[[Sender, Refused], None] | None = None  # told of what failed, and why
    failures: Failures = field(init=False)

    def __post_init__(self) -> None:
        failures = Failures(self.seconds, by_client=ATTEMPTS, by_address=ATTEMPTS)
        object.__setattr__(self, "failures", failures)

    def exceeded(self, who: str) -> bool:
        """Whether too many attempts failed lately: of an address, or of an account."""
        return self.failures.exceeded(who, _CLIENT)

    def failed(self, who: str) -> None:
        """Count an attempt that failed."""
        self.failures.count(who, _CLIENT)

    def tell(self, who: Sender, refused: Refused) -> None:
        """Tell whoever listens why an attempt failed."""
        if self.refused is not None:
            self.refused(who, refused)
