"""Whether a decision rested on something that has changed since: what it rested on, and what has changed.

Rule 1: a narrowing holds for every attempt that begins after it was acknowledged, whoever made it.
Rule 2: whoever cannot know exactly what has changed treats everything as changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.stores.encoding import CHANGES_KEPT, SIGNING_KEYS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from uuid import UUID

    from accredit.signins import SignIn

_MOST_CHANGES: Final = 20_000  # objects whose changes are remembered one by one


def rests_on(signin: SignIn, *, granted: bool) -> Iterator[UUID]:
    """Yield the ids of everything that a decision rested on, as ``changes`` names them.

    A grant rests on the issuer that proved it. A refusal rests on every issuer that the application trusts: each of
    them could have changed in a way that makes it a grant.
    """
    yield SIGNING_KEYS
    yield signin.tenant.id
    yield signin.client.application.id
    yield signin.client.principal.id
    if signin.resource is not None:
        yield signin.resource.principal_id
        if signin.resource.application_id is not None:
            yield signin.resource.application_id
    if granted and signin.credential is not None:
        yield signin.credential.issuer.id
    elif signin.trusted is not None:
        yield from {each.issuer.id for each in signin.trusted.credentials}


class Changes:
    """What anybody changed in the directory since the oldest decision that can still arrive here.

    Read only when ``PRAGMA data_version`` says that another connection has committed.
    """

    def __init__(self) -> None:
        self.newest: int | None = None  # version of the directory; ``None``: not read yet
        self._since = 0  # what changed in this version or before is not remembered
        self._versions: dict[str, int] = {}  # by key: the newest version in which it changed
        self._data_version: int | None = None  # not read yet

    def catch_up(self, connection: sqlite3.Connection, oldest: int) -> None:
        """Take over what is new. ``oldest``: the smallest version that a decision at hand was made with."""
        (data_version,) = connection.execute("PRAGMA data_version").fetchone()
        if data_version == self._data_version:
            return
        (newest,) = connection.execute("SELECT version FROM configuration").fetchone()
        if self.newest is None:
            self.newest = self._since = min(oldest, newest)
        found: list[tuple[str, int]] = []
        if newest > self.newest:
            query = "SELECT key, version FROM changes WHERE version > ? ORDER BY version LIMIT ?"
            found = connection.execute(query, (self.newest, _MOST_CHANGES + 1)).fetchall()
        unknown = newest < self.newest or newest - self.newest >= CHANGES_KEPT  # restored, or long ago
        if unknown or len(self._versions) + len(found) > _MOST_CHANGES:
            self._versions.clear()
            self._since = newest
        else:
            self._versions.update(found)
        self.newest, self._data_version = newest, data_version

    def concern(self, signin: SignIn, *, granted: bool) -> bool:
        """Whether something that a decision rested on has changed since it was made."""
        version = signin.version
        if version == self.newest or self.newest is None:
            return False
        if not self._since <= version < self.newest:  # later than the newest: made before the database was restored
            return True
        return any(self._versions.get(str(key), 0) > version for key in rests_on(signin, granted=granted))
