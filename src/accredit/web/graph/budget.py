"""What the answer to one HTTP request may weigh, whatever is asked in it: one page, or twenty in a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LARGEST: Final = 8 * 1_048_576  # bytes of JSON


@dataclass(slots=True)
class Budget:
    """Bytes that are left of one answer. What begins while some are left is finished: a page ends early instead."""

    left: int = LARGEST

    @property
    def spent(self) -> bool:
        """Whether nothing more may begin."""
        return self.left <= 0
