"""Foreign issuers for tests: tokens as the platforms sign them, and as they should never be. Emulator only."""

from accredit.testidp.dialect import Dialect, dialects
from accredit.testidp.endpoints import Endpoints
from accredit.testidp.faults import FAULTS, Fault
from accredit.testidp.mint import Minted, TestIssuer
from accredit.testidp.outages import OUTAGES, Outage

__all__ = [
    "FAULTS",
    "OUTAGES",
    "Dialect",
    "Endpoints",
    "Fault",
    "Minted",
    "Outage",
    "TestIssuer",
    "dialects",
]
