"""A program that presents assertions, each twice at once, and says of which it was told that a token was issued.

It ends when it is killed. Its only output is one line with the number of an assertion for every grant.
"""

from __future__ import annotations

import asyncio
import os
import sys
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from accredit.assertions import Once
from accredit.errors import ASSERTION_REUSED, Refused
from tests.stores.attempts import CLIENT, START, TENANT, fill_in_grant, opened, sender

if TYPE_CHECKING:
    from accredit.ports import SignIns

WORKERS = 8
UNTIL = START.timestamp() + 605


def key(number: int) -> bytes:
    return number.to_bytes(32)


async def used(
    log: SignIns, number: int, *, enforced: bool = True, until: float = UNTIL, why: Refused | None = None, **sent: str
) -> bool:
    """Go through one attempt that presents an assertion; return whether it was granted."""
    try:
        async with log.attempt(START, sender(**sent), TENANT, CLIENT) as signin:
            fill_in_grant(signin)
            signin.once = Once(key(number), until, enforced)
            if why is not None:
                raise why
    except Refused as refused:
        if refused.row is not ASSERTION_REUSED and refused is not why:
            raise
        return False
    return True


async def main(path: Path, first: int) -> None:
    numbers = count(first)
    async with opened(path) as log:

        async def work() -> None:
            while True:
                number = next(numbers)
                told = await asyncio.gather(used(log, number), used(log, number))
                assert sum(told) <= 1
                if any(told):
                    os.write(1, f"{number}\n".encode())

        await asyncio.gather(*(work() for _ in range(WORKERS)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
