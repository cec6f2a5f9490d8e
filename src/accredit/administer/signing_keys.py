"""This authority's signing keys: made in time, rotated, withdrawn.

Rule 1: a key is published before it signs. Only the first of its algorithm and an emergency skip that.
Rule 2: an algorithm that has signed never ends up without a key that signs.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import NAMESPACE_URL, uuid5

from msgspec.structs import replace

from accredit.administer.administrator import as_json
from accredit.errors import KEY_STATE, Refused
from accredit.query import Query
from accredit.signins import Modified, Target
from accredit.tokens import SigningKey
from accredit.tokens.keys import PUBLISHED_BEFORE, active, refuse_retiring, rotation_due, state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accredit.administer.administrator import Administrator, Change
    from accredit.directory import SigningAlgorithm
    from accredit.ports import Transaction
    from accredit.signins import Operation

KIND: Final = "SigningKey"
MOST: Final = 500  # keys read at once; withdrawn ones are kept, four a year

Make = Callable[["SigningAlgorithm", datetime], SigningKey]
"""Makes a sealed key of an algorithm, created at the instant given. It takes a while, and happens before the change."""


async def rotate(
    by: Administrator, make: Make, algorithm: SigningAlgorithm = "RS256", *, emergency: bool = False
) -> SigningKey:
    """Make the next key: published now, used when every cache has seen it.

    ``emergency``: it is used now, and every other key of the algorithm is withdrawn at once.
    """
    fresh = make(algorithm, by.clock())
    async with by.change() as change:
        keys = await read_all(change.store)
        if emergency:
            return await _replace_all(change, keys, fresh)
        waiting = [each for each in keys if each.algorithm == algorithm and state(each, keys, change.at) == "next"]
        if waiting:
            takes_over = waiting[0].activates_at.isoformat()
            raise Refused(KEY_STATE, kid=waiting[0].kid, state="next", reason=f"it takes over {takes_over}")
        return await _add(change, keys, fresh)


async def tend(by: Administrator, make: Make, algorithm: SigningAlgorithm = "RS256") -> SigningKey | None:
    """Make the first key of an algorithm, or the next one when the active one grows old; ``None``: nothing to do."""
    async with by.registry.reading() as store:
        if not due(await read_all(store), algorithm, by.clock()):
            return None
    fresh = make(algorithm, by.clock())
    async with by.change() as change:
        keys = await read_all(change.store)
        if not due(keys, algorithm, change.at):  # another process was faster
            return None
        return await _add(change, keys, fresh)


async def withdraw(by: Administrator, kid: str) -> SigningKey:
    """Take a next or a retired key out of the key set at once: who reads that again accepts nothing it signed."""
    async with by.change() as change:
        keys = await read_all(change.store)
        before = await change.store.signing_keys.get(kid)
        standing = state(before, keys, change.at)
        if standing == "withdrawn":
            raise Refused(KEY_STATE, kid=kid, state=standing, reason="nothing publishes it any more")
        refuse_retiring(before, keys, change.at)
        return await _withdraw(change, before)


async def read_all(store: Transaction) -> Sequence[SigningKey]:
    """Return every signing key."""
    return (await store.signing_keys.search(Query(limit=MOST))).things


def due(keys: Sequence[SigningKey], algorithm: SigningAlgorithm, now: datetime) -> bool:
    """Whether an algorithm needs a key made now: it has none, or the active one grows old."""
    if active(keys, algorithm, now) is not None:
        return rotation_due(keys, algorithm, now)
    return not any(each.algorithm == algorithm and state(each, keys, now) == "next" for each in keys)


async def _add(change: Change, keys: Sequence[SigningKey], fresh: SigningKey) -> SigningKey:
    first = active(keys, fresh.algorithm, change.at) is None
    key = replace(fresh, created_at=change.at, activates_at=change.at if first else change.at + PUBLISHED_BEFORE)
    key = await change.store.signing_keys.add(key)
    await _record(change, "Add signing key", "Add", key, Modified("activatesAt", "null", as_json(key.activates_at)))
    return key


async def _replace_all(change: Change, keys: Sequence[SigningKey], fresh: SigningKey) -> SigningKey:
    for each in keys:
        if each.algorithm == fresh.algorithm and state(each, keys, change.at) != "withdrawn":
            await _withdraw(change, each)
    return await _add(change, (), fresh)


async def _withdraw(change: Change, before: SigningKey) -> SigningKey:
    after = await change.store.signing_keys.put(replace(before, withdrawn_at=change.at))
    await _record(change, "Withdraw signing key", "Update", after, Modified("withdrawnAt", "null", as_json(change.at)))
    return after


async def _record(change: Change, activity: str, operation: Operation, key: SigningKey, shown: Modified) -> None:
    # Audit targets have UUIDs, keys have kids: the derived id is the same for every record of one key.
    target = Target(id=uuid5(NAMESPACE_URL, key.kid), kind=KIND, name=key.kid, modified=(shown,))
    await change.record(activity, operation, target, tenant_id=None)
