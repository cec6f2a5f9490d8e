"""Keys without the network: for senders who have failed too often to be worth a fetch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accredit.issuers import Issuer, KeyReference, KeySet
    from accredit.ports import Keys


@dataclass(frozen=True, slots=True)
class KeysAtHand:
    """The port ``Keys`` over what another one has at hand."""

    keys: Keys

    def at_hand(self, issuer: Issuer) -> KeySet:
        """Return what is at hand."""
        return self.keys.at_hand(issuer)

    async def of(self, issuer: Issuer, _wanted: KeyReference) -> KeySet:
        """Return what is at hand; a key that is not among it is refused by the proof."""
        return self.keys.at_hand(issuer)
