"""SPIFFE: the Workload API gives a JWT-SVID, over gRPC; the agent knows who asks by the socket's other end.

PyPI ``spiffe`` speaks it. It never gives up by itself, so a time is set, and it reads what an SVID must say.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar, Final

from accredit.client.sources.source import Detection
from accredit.errors import SOURCE_EXTRA, SOURCE_MISSING, SOURCE_REFUSED, SOURCE_UNREACHABLE, Refused

if TYPE_CHECKING:
    from accredit.client.sources.source import Audience, Surroundings

SOCKET: Final = "SPIFFE_ENDPOINT_SOCKET"
TIMEOUT: Final = 10.0  # seconds
_UNREACHABLE: Final = ("StatusCode.UNAVAILABLE", "StatusCode.DEADLINE_EXCEEDED")
_SHOWN: Final = 300  # characters of a complaint


@dataclass(frozen=True, slots=True)
class Spiffe:
    """A JWT-SVID. ``subject``: which one, a SPIFFE ID, where the agent has several for the workload."""

    name: ClassVar[str] = "spiffe"
    one_shot: ClassVar[bool] = False
    audience: ClassVar[Audience] = "chosen"
    around: Surroundings
    subject: str = ""

    def detect(self) -> Detection:
        """Look for the variable and for the package."""
        if not self.around.value(SOCKET):
            return Detection(found=False, why=f"{SOCKET} is not set")
        if find_spec("spiffe") is None:
            return Detection(found=False, why=f"{SOCKET} is set, but the package spiffe is not installed")
        return Detection(found=True, why=f"{SOCKET} is set")

    def fetch(self, audience: str) -> str:
        """Ask the Workload API. ``SOURCE_MISSING``, ``SOURCE_EXTRA``, ``SOURCE_UNREACHABLE``, ``SOURCE_REFUSED``."""
        address = self.around.need(self.name, SOCKET)
        try:
            from spiffe import SpiffeId, WorkloadApiClient  # noqa: PLC0415  an extra
            from spiffe.errors import ArgumentError, PySpiffeError  # noqa: PLC0415
        except ImportError:
            raise Refused(SOURCE_EXTRA, source=self.name) from None
        try:
            subject = SpiffeId(self.subject) if self.subject else None
            with WorkloadApiClient(address, default_timeout=TIMEOUT) as client:
                return client.fetch_jwt_svid(audience={audience}, subject=subject).token
        except ArgumentError as error:
            raise Refused(SOURCE_MISSING, source=self.name, reason=str(error)[:_SHOWN]) from None
        except PySpiffeError as error:
            said = str(error)[:_SHOWN]
            if any(each in said for each in _UNREACHABLE):
                raise Refused(SOURCE_UNREACHABLE, source=self.name, url=address, reason=said) from None
            raise Refused(SOURCE_REFUSED, source=self.name, reason=said) from None
