"""Who is signed in: 256 random bits in a cookie, their SHA-256 in the store.

Rule 1: every sign-in has a new id, and the id that a browser came with is gone: nobody can be given one beforehand.
Rule 2: a session ends after a time without requests, after a time altogether, and at once when it is revoked.
Rule 3: whoever's roles have changed gets another id with the next answer.
Rule 4: what stands in the store is of no use in a cookie.
Rule 5: a page that looks again by itself is nobody who uses it: a session that was left open ends as any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Protocol

from msgspec.structs import replace

from accredit.directory.people import Session
from accredit.issuers import base64url
from accredit.signins import kept
from accredit.signins.event import LONGEST_AGENT
from accredit.web.portal.headers import give_cookie

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from starlette.requests import Request

    from accredit.directory.people import Access, Claims, Person
    from accredit.ports import Clock, Ids
    from accredit.signins import Sender

__all__ = ["Keeper", "Limits", "Session", "Sessions", "cookie_name", "digest"]

COOKIE: Final = "__Host-accredit_session"
OCTETS: Final = 32
LINK_LIVES: Final = timedelta(minutes=15)
SEEN_EVERY: Final = timedelta(minutes=1)  # between two notes that a session is in use
_LONGEST: Final = 64  # characters of a cookie's value
_RULES: Final = "Path=/; Secure; HttpOnly; SameSite=Lax"


class Sessions(Protocol):
    """Where sessions and one-time links are kept. Ids and links are digests."""

    async def add(self, session: Session, *, dead: datetime) -> None:
        """Keep a new one, and forget those that began before ``dead``."""

    async def read(self, session_id: bytes) -> Session | None:
        """Return one; ``None``: there is none."""

    async def put(self, session_id: bytes, session: Session) -> bool:
        """Replace one, maybe under another id; false: it is gone."""

    async def remove(self, session_id: bytes) -> bool:
        """End one; false: it is gone."""

    async def all(self, most: int = ...) -> Sequence[Session]:
        """Return every session, or so many, the one that was used last first."""

    async def make_link(self, link: bytes, *, made_at: datetime, expires_at: datetime) -> None:
        """Keep a one-time link, and forget the expired ones."""

    async def link_holds(self, link: bytes, now: datetime) -> bool:
        """Whether a link can still be used."""

    async def use_link(self, link: bytes, now: datetime) -> bool:
        """Use a link up; false: it cannot be used (any more)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session lives."""

    idle: timedelta = timedelta(minutes=30)
    absolute: timedelta = timedelta(hours=8)

    def ended(self, session: Session, now: datetime) -> bool:
        """Whether a session is over. One from the future is: a clock was set, and nobody knows how old it is."""
        if session.made_at > now + SEEN_EVERY or session.seen_at > now + SEEN_EVERY:
            return True
        return now >= session.seen_at + self.idle or now >= session.made_at + self.absolute


class Keeper:
    """Begins sessions, recognises them, ends them."""

    def __init__(
        self, sessions: Sessions, ids: Ids, clock: Clock, *, cookie: str, limits: Limits | None = None
    ) -> None:
        self.sessions = sessions
        self.limits = limits or Limits()
        self._ids = ids
        self._clock = clock
        self._cookie = cookie

    async def of(self, request: Request) -> Session | None:
        """Return the session that a request belongs to, noted as in use unless a page asks by itself."""
        session_id = self._sent(request)
        session = None if session_id is None else await self.sessions.read(session_id)
        if session is None:
            return None
        now = self._clock()
        if self.limits.ended(session, now):
            await self.sessions.remove(session.id)
            return None
        if now - session.seen_at < SEEN_EVERY or _by_itself(request):
            return session
        seen = replace(session, seen_at=now)
        return seen if await self.sessions.put(session.id, seen) else None

    async def start(self, request: Request, person: Person, claims: Claims, who: Sender) -> Session:
        """Sign somebody in: a new id for every sign-in. The answer to ``request`` sets the cookie."""
        before = self._sent(request)
        if before is not None:
            await self.sessions.remove(before)
        now, secret = self._clock(), self._ids.octets(OCTETS)
        session = Session(
            id=digest(secret),
            person=person,
            claims=claims,
            made_at=now,
            seen_at=now,
            address=who.address,
            agent=kept(who.user_agent, LONGEST_AGENT),
        )
        await self.sessions.add(session, dead=now - self.limits.absolute)
        give_cookie(request, f"{self._cookie}={base64url.encode(secret)}; {_RULES}")
        return session

    async def renewed(self, request: Request, session: Session, access: Access) -> Session | None:
        """Give a session another id when its roles are not those of its last request; ``None``: it ended meanwhile."""
        if access.none:  # the last mapping is gone
            await self.end(request)
            return None
        if session.mark == access.mark:
            return session
        if not session.mark:  # the first request of all
            marked = replace(session, mark=access.mark)
            return marked if await self.sessions.put(session.id, marked) else None
        secret = self._ids.octets(OCTETS)
        marked = replace(session, id=digest(secret), mark=access.mark)
        if not await self.sessions.put(session.id, marked):
            return None
        give_cookie(request, f"{self._cookie}={base64url.encode(secret)}; {_RULES}")
        return marked

    async def end(self, request: Request) -> None:
        """Sign out: in the store, and in the browser."""
        session_id = self._sent(request)
        if session_id is not None:
            await self.sessions.remove(session_id)
        give_cookie(request, f"{self._cookie}=; {_RULES}; Max-Age=0")

    def _sent(self, request: Request) -> bytes | None:
        """Return the id that the browser sent, as the store knows it."""
        value = request.cookies.get(self._cookie, "")
        if not 0 < len(value) <= _LONGEST:
            return None
        try:
            return digest(base64url.decode(value))
        except ValueError:
            return None


def _by_itself(request: Request) -> bool:
    """Whether no person asks: parts of pages are asked for with GET on a timer only."""
    return request.method == "GET" and request.headers.get("hx-request") == "true"


def cookie_name(port: int | None) -> str:
    """Return the cookie's name; with the port of an emulator: two of them on one host share their cookies."""
    return COOKIE if port is None else f"{COOKIE}_{port}"


def digest(secret: bytes) -> bytes:
    """Return what is stored in place of a secret that we made: it is random, so nobody finds it by trying."""
    return sha256(secret).digest()
