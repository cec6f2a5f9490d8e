"""Every connection to strangers, and the keys that are fetched over them."""

from accredit.outbound.http import PRODUCTION, Fetcher, Rules, emulator
from accredit.outbound.kept import Standing
from accredit.outbound.keys import IssuerKeys
from accredit.outbound.tls import OwnCa
from accredit.outbound.unreachable import Unreachable

__all__ = ["PRODUCTION", "Fetcher", "IssuerKeys", "OwnCa", "Rules", "Standing", "Unreachable", "emulator"]
