"""A source's tokens, each used until shortly before it ends. What they say is read for that, and believed by nobody.

Rule 1: a token is asked for when one is needed; the one that was given before is given again until a minute before its
end, and what somebody else replaces in a file is read again after ten.
Rule 2: where a platform gives a job one token and no other, one that has ended, or is about to, is refused: nobody is
handed a dead token.
Rule 3: everything here may be called by several threads at once.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Final

from accredit.client.sources import claims
from accredit.errors import SOURCE_AUDIENCE, SOURCE_REFUSED, SOURCE_SPENT, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from accredit.client.sources.claims import Claims
    from accredit.client.sources.source import Source

AUDIENCE: Final = "api://AzureADTokenExchange"
"""What a token is asked for where nothing else is said: the audience that a credential has by default."""
EARLY: Final = timedelta(seconds=60)  # before its end a token is asked for anew
FRESH: Final = timedelta(seconds=600)  # after which a file is read again, whatever its token says
ROTATED: Final = frozenset({"file", "kubernetes_file"})  # sources that somebody else renews in place
RENAMED: Final = frozenset({"imds"})  # asked for by one identifier of an API, and given for another: its id


@dataclass(frozen=True, slots=True)
class Given:
    """A token that a source gave."""

    value: str = field(repr=False)
    claims: Claims = field(repr=False)
    at: datetime
    expires_at: datetime | None  # unknown, where the token does not say

    def ends_by(self, instant: datetime) -> bool:
        """Whether it has ended then."""
        return self.expires_at is not None and self.expires_at <= instant


class Assertion:
    """The current token of a source, by calling it. To be handed to azure-identity's ``ClientAssertionCredential``.

    ``audience``: what it is to be for; if not said, the default of a credential, where anybody can choose, and
    otherwise what the platform has put there. ``clock``: the current instant, aware UTC.
    """

    def __init__(self, source: Source, audience: str | None, clock: Callable[[], datetime]) -> None:
        self.source = source
        self._asked = audience
        self._clock = clock
        self._lock = Lock()
        self._held: Given | None = None

    def __repr__(self) -> str:
        return f"<a token of {self.source.name}>"

    def __call__(self) -> str:
        """Return a token that is valid for a while. A row ``SOURCE_...``."""
        return self.given().value

    async def ready(self) -> None:
        """Have a token at hand, without keeping an event loop waiting. A row ``SOURCE_...``."""
        await asyncio.to_thread(self.given)

    def given(self) -> Given:
        """Return the current token with what it says. A row ``SOURCE_...``."""
        with self._lock:
            now = self._clock()
            if self._held is None or self._outdated(self._held, now):
                self._held = self._fetched(now)
            return self._held

    def peeked(self) -> Given:
        """Return what the source gives, even where it has ended: to know whose it is."""
        with self._lock:
            if self._held is None:
                self._held = self._read(self._clock())
            return self._held

    def forget(self) -> bool:
        """Have the next call ask again. Whether there is any use in that."""
        with self._lock:
            if self.source.one_shot:
                return False
            self._held = None
            return True

    def _outdated(self, held: Given, now: datetime) -> bool:
        if held.ends_by(now + EARLY):
            return True
        return self.source.name in ROTATED and now - held.at >= FRESH

    def _fetched(self, now: datetime) -> Given:
        found = self._held if self._held is not None and self.source.one_shot else self._read(now)
        if found.expires_at is not None and found.ends_by(now + (EARLY if self.source.one_shot else timedelta(0))):
            raise Refused(SOURCE_SPENT, source=self.source.name, reason=_spent(found.expires_at, now))
        return found

    def _read(self, now: datetime) -> Given:
        value = self.source.fetch(self._asked or AUDIENCE).strip()
        said = claims.read(value)
        if said is None:
            more = "A compact JWT has three parts with dots between them; nothing else may stand beside it."
            raise Refused(SOURCE_REFUSED, source=self.source.name, reason="what it gave is not a JWT", detail=more)
        self._refuse_other(claims.audiences(said))
        return Given(value, said, now, claims.ends(said))

    def _refuse_other(self, found: tuple[str, ...]) -> None:
        """Refuse a token that is not for the audience that was asked for by name."""
        if self._asked and found and self._asked not in found and self.source.name not in RENAMED:
            raise Refused(SOURCE_AUDIENCE, source=self.source.name, found=", ".join(found), audience=self._asked)


def _spent(ends: datetime, now: datetime) -> str:
    left = int((ends - now).total_seconds())
    said = f"ended {-left} s ago" if left <= 0 else f"ends in {left} s"
    return f"{said} ({ends:%Y-%m-%d %H:%M:%SZ})"
