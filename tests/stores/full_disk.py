"""A program whose disk fills up and gets room again; it says what was answered. The limit is one of a process."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from pathlib import Path

from accredit.errors import Refused
from tests.stores.attempts import granted, ids, opened


async def main(path: Path) -> None:
    told: dict[str, object] = {}
    async with opened(path) as log:
        before = [await granted(log) for _ in range(5)]
        log_file = path.with_name(f"{path.name}-wal")
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        # From here on no file of this process can grow: a write that would make one grow fails with EFBIG.
        resource.setrlimit(resource.RLIMIT_FSIZE, (log_file.stat().st_size, hard))
        issued, answers = 0, []
        for _ in range(20):
            try:
                await granted(log)
                issued += 1
            except Refused as refused:
                answers.append(refused.row.code)
        told |= {"issued": issued, "answers": sorted(set(answers)), "healthy": not log.failure, "failure": log.failure}
        told["kept"] = ids(path) == set(before)
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        async with asyncio.timeout(20):
            while log.failure:  # noqa: ASYNC110  nobody sends anything: it recovers by itself
                await asyncio.sleep(0.05)
        after = [await granted(log) for _ in range(5)]
    told["kept_after"] = ids(path) == {*before, *after}
    print(json.dumps(told))  # noqa: T201  its only output


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
