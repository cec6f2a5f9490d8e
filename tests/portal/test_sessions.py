"""Sessions: how they begin, how long they live, how they end, and what a thief of the store has of them."""

import asyncio
from contextlib import closing
from datetime import timedelta
from uuid import UUID

import pytest

from accredit.app.chance import SystemIds
from accredit.directory.people import ALL, NOBODY, Access, Person
from accredit.errors import STORE_BUSY, STORE_UNLIKE, Refused
from accredit.issuers import base64url
from accredit.signins import Sender
from accredit.stores import fresh, portal_sessions, sqlite
from accredit.stores.portal_sessions import PortalSessions
from accredit.web.portal.session import COOKIE, SEEN_EVERY, Keeper, Limits, cookie_name, digest
from tests.forge import NOW
from tests.portal.browser import Browser
from tests.support.every import every

ADA = Person(name="Ada", issuer="https://login.contoso.test", subject="ada")
WHO = Sender(UUID(int=1), UUID(int=2), "192.0.2.7", "Browser/1 \x1b[2J")
MINUTE = timedelta(minutes=1)
READER = Access({UUID(int=1): "reader"})


class Desk:
    """A keeper over a store of its own, with a clock that is set."""

    def __init__(self, path):
        fresh.create(path)
        self.path = path
        self.now = NOW
        self.sessions = PortalSessions(path)
        self.keeper = Keeper(self.sessions, SystemIds(), lambda: self.now, cookie=COOKIE)

    def sign_in(self, browser, person=ADA, claims=None):
        request = browser.request()
        session = asyncio.run(self.keeper.start(request, person, claims or {}, WHO))
        browser.taken(request)
        return session

    def of(self, browser, *, timer=False):
        return asyncio.run(self.keeper.of(browser.request(timer=timer)))

    def renewed(self, browser, access):
        request = browser.request()
        session = asyncio.run(self.keeper.of(request))
        found = session and asyncio.run(self.keeper.renewed(request, session, access))
        browser.taken(request)
        return found

    def sign_out(self, browser):
        request = browser.request()
        asyncio.run(self.keeper.end(request))
        browser.taken(request)


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path / "accredit.db")
    yield made
    made.sessions.close()


def test_a_cookie_has_every_mark_of_one_that_nobody_else_gets(desk):
    desk.sign_in(browser := Browser())
    name, _, rest = browser.told[0].partition("=")
    value, *marks = rest.split("; ")
    assert (name, marks) == (COOKIE, ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"])
    assert len(base64url.decode(value)) == 32
    assert cookie_name(None) == "__Host-accredit_session"
    assert cookie_name(8443) == "__Host-accredit_session_8443"


def test_a_session_is_who_signed_in(desk):
    desk.sign_in(browser := Browser(), claims={"groups": ("g1", "g2")})
    found = desk.of(browser)
    assert (found.person, found.claims, found.made_at, found.seen_at) == (ADA, {"groups": ("g1", "g2")}, NOW, NOW)
    assert (found.address, found.agent) == ("192.0.2.7", "Browser/1 \\x1b[2J")


def test_the_store_holds_nothing_that_a_cookie_could_be_made_of(desk):
    session = desk.sign_in(browser := Browser())
    secret = base64url.decode(browser.cookies[COOKIE])
    with closing(sqlite.connect(desk.path)) as connection:
        rows = connection.execute("SELECT id, body FROM portal_sessions").fetchall()
    assert [each for each, _ in rows] == [digest(secret)] == [session.id]
    assert secret not in rows[0][1]
    assert browser.cookies[COOKIE].encode() not in rows[0][1]
    assert desk.of(Browser(**{COOKIE: base64url.encode(session.id)})) is None


WRONG = {
    "none": "",
    "no base64url": "!!!",
    "padded": "AAAA====",
    "somebody's who is not there": base64url.encode(bytes(32)),
    "too long": "A" * 5_000,
    "not ASCII": "\xe4",
}


def test_other_cookies_are_nobodys(desk):
    desk.sign_in(Browser())
    for sentence, value in WRONG.items():
        request = Browser().request()
        request.scope["headers"] = [(b"cookie", f"{COOKIE}={value}".encode("latin-1"))]
        assert asyncio.run(desk.keeper.of(request)) is None, sentence


def test_the_id_that_a_browser_came_with_is_gone_when_somebody_signs_in(desk):
    """Session fixation: who plants a session of their own knows nothing of the one that begins."""
    theirs = desk.sign_in(attacker := Browser(), Person(name="Eve", issuer=ADA.issuer, subject="eve"))
    victim = Browser(**attacker.cookies)
    mine = desk.sign_in(victim)
    assert mine.id != theirs.id
    assert desk.of(attacker) is None
    assert desk.of(victim).person == ADA
    invented = Browser(**{COOKIE: base64url.encode(bytes(32))})
    assert desk.sign_in(invented).id != digest(bytes(32))


LIVES = {
    "after 29 minutes": ([29], True),
    "after 30 minutes without a request": ([30], False),
    "with a request every 29 minutes, for less than 8 hours": ([29] * 16, True),
    "after 8 hours, whatever was done": ([29] * 16 + [16], False),
    "before it began: a clock was set back": ([-2], False),
    "half a minute before it began": ([-0.5], True),
}


@pytest.mark.parametrize(("pauses", "lives"), LIVES.values(), ids=LIVES)
def test_a_session_lives(desk, pauses, lives):
    desk.sign_in(browser := Browser())
    for pause in pauses[:-1]:
        desk.now += pause * MINUTE
        assert desk.of(browser) is not None
    desk.now += pauses[-1] * MINUTE
    assert (desk.of(browser) is not None) is lives
    assert bool(asyncio.run(desk.sessions.all())) is lives, "what is over is deleted"


def test_its_use_is_noted_once_a_minute(desk):
    desk.sign_in(browser := Browser())
    desk.now += SEEN_EVERY - timedelta(seconds=1)
    assert desk.of(browser).seen_at == NOW
    desk.now += timedelta(seconds=1)
    assert desk.of(browser).seen_at == desk.now
    assert [each.seen_at for each in asyncio.run(desk.sessions.all())] == [desk.now]


def test_a_page_that_looks_again_by_itself_keeps_no_session_alive(desk):
    """The overview that somebody left open asks every 30 seconds; they went home."""
    desk.sign_in(browser := Browser())
    for minute in range(1, 30):
        desk.now = NOW + minute * MINUTE
        assert desk.of(browser, timer=True).seen_at == NOW
    desk.now = NOW + 30 * MINUTE
    assert desk.of(browser, timer=True) is None


def test_limits_can_be_others():
    limits = Limits(idle=MINUTE, absolute=2 * MINUTE)
    assert (limits.idle, limits.absolute) == (MINUTE, 2 * MINUTE)
    assert Limits() == Limits(timedelta(minutes=30), timedelta(hours=8))


def test_who_signs_out_is_out_everywhere_and_the_cookie_goes(desk):
    desk.sign_in(browser := Browser())
    copy = Browser(**browser.cookies)
    desk.sign_out(browser)
    assert browser.cookies == {}
    assert "Max-Age=0" in browser.told[0]
    assert desk.of(copy) is None
    desk.sign_out(browser)  # and nothing happens


def test_a_session_that_was_ended_by_somebody_else_is_over(desk):
    session = desk.sign_in(browser := Browser())
    assert asyncio.run(desk.sessions.remove(session.id))
    assert not asyncio.run(desk.sessions.remove(session.id))
    assert desk.of(browser) is None
    assert asyncio.run(desk.keeper.renewed(browser.request(), session, READER)) is None


def test_other_roles_are_another_id(desk):
    first = desk.sign_in(browser := Browser())
    assert desk.renewed(browser, READER).id == first.id
    assert desk.renewed(browser, READER).id == first.id
    before = Browser(**browser.cookies)
    second = desk.renewed(browser, ALL)
    assert second.id != first.id
    assert (second.made_at, second.person) == (first.made_at, first.person), "and not a longer life"
    assert desk.of(before) is None
    assert desk.of(browser).id == second.id
    marked = asyncio.run(desk.sessions.read(second.id))
    asyncio.run(desk.sessions.remove(second.id))
    assert asyncio.run(desk.keeper.renewed(browser.request(), marked, READER)) is None


def test_whoever_has_no_role_any_more_is_signed_out(desk):
    desk.sign_in(browser := Browser())
    assert desk.renewed(browser, READER) is not None
    assert desk.renewed(browser, NOBODY) is None
    assert browser.cookies == {}
    assert asyncio.run(desk.sessions.all()) == []


def test_sessions_are_listed_and_no_more_than_so_many_are_kept(desk, monkeypatch):
    monkeypatch.setattr(portal_sessions, "MOST", 2)
    made = []
    for each in ("a", "b", "c"):
        desk.now += MINUTE
        made.append(desk.sign_in(Browser(), Person(name=each)))
    assert [each.person.name for each in asyncio.run(desk.sessions.all())] == ["c", "b"]
    desk.now += timedelta(hours=9)
    desk.sign_in(Browser(), Person(name="d"))
    assert [each.person.name for each in asyncio.run(desk.sessions.all())] == ["d"]


LINKS = {
    "at once": (timedelta(0), True),
    "a second before its end": (timedelta(minutes=14, seconds=59), True),
    "at its end": (timedelta(minutes=15), False),
    "before it was made": (timedelta(seconds=-1), False),
}


@every("later, holds", LINKS.values(), ids=LINKS)
def test_a_link_holds(tmp_path_factory, later, holds):
    path = tmp_path_factory.mktemp("links") / "accredit.db"
    fresh.create(path)
    with closing(PortalSessions(path)) as sessions:
        asyncio.run(sessions.make_link(digest(b"x"), made_at=NOW, expires_at=NOW + timedelta(minutes=15)))
        assert asyncio.run(sessions.link_holds(digest(b"x"), NOW + later)) is holds
        assert asyncio.run(sessions.use_link(digest(b"x"), NOW + later)) is holds
        assert not asyncio.run(sessions.use_link(digest(b"x"), NOW + later)), "it is used once"
        assert asyncio.run(sessions.link_holds(digest(b"x"), NOW)) is (not holds)
        assert asyncio.run(sessions.use_link(digest(b"x"), NOW)) is (not holds), "what did not hold is not used up"
        assert not asyncio.run(sessions.use_link(digest(b"y"), NOW))


def test_expired_links_are_forgotten_when_another_one_is_made(desk):
    for minutes in (0, 14, 40):
        at = NOW + minutes * MINUTE
        asyncio.run(desk.sessions.make_link(digest(bytes([minutes])), made_at=at, expires_at=at + 15 * MINUTE))
    with closing(sqlite.connect(desk.path)) as connection:
        assert connection.execute("SELECT count(*) FROM portal_links").fetchone() == (1,)


def test_of_two_processes_that_use_a_link_one_does(desk):
    asyncio.run(desk.sessions.make_link(digest(b"x"), made_at=NOW, expires_at=NOW + MINUTE))
    with closing(PortalSessions(desk.path)) as other:
        used = [asyncio.run(each.use_link(digest(b"x"), NOW)) for each in (other, desk.sessions)]
    assert used == [True, False]


def test_a_store_that_does_not_take_it_is_told(desk):
    with closing(sqlite.connect(desk.path)) as other:
        desk.sessions._connection.execute("PRAGMA busy_timeout = 1")  # noqa: SLF001
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Refused) as busy:
            desk.sign_in(Browser())
        other.execute("ROLLBACK")
        other.execute("DROP TABLE portal_sessions")
    with pytest.raises(Refused) as unlike:
        desk.sign_in(Browser())
    assert (busy.value.row, unlike.value.row) == (STORE_BUSY, STORE_UNLIKE)
    with pytest.raises(Refused):
        asyncio.run(desk.sessions.all())
