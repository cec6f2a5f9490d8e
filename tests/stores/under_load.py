"""A program that signs in as fast as it can and says which events it was told are durable. It ends when it is killed.

Its only output is one line with the id of an attempt, written after the attempt's context has ended.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from tests.stores.attempts import granted, opened, refused

WORKERS = 16


async def main(path: Path) -> None:
    async with opened(path) as log:

        async def work(number: int) -> None:
            while True:
                trace = await (refused(log, address=f"192.0.2.{number}") if number == 0 else granted(log))
                if number:  # a refusal may have been counted only
                    os.write(1, f"{trace}\n".encode())

        await asyncio.gather(*map(work, range(WORKERS)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
