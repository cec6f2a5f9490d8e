"""Places of the portal: shares of a session, of all who have none, of everybody."""

import asyncio
from contextlib import ExitStack
from types import SimpleNamespace
from uuid import UUID

from starlette.requests import Request
from starlette.responses import PlainTextResponse

from accredit.signins import Sender
from accredit.web.portal.render import Renderer
from accredit.web.portal.room import UNDER_WAY, Room
from accredit.web.portal.route import Route
from tests.forge import NOW
from tests.support.every import every

WHO = Sender(UUID(int=1), UUID(int=2), "192.0.2.7", "Browser/1")
SHARE = 8


class _Keeper:
    async def of(self, _):
        return None


def made():
    return Room(
        SimpleNamespace(
            authority=SimpleNamespace(base="", clock=lambda: NOW),
            emulator=False,
            strict_transport=False,
            senders=SimpleNamespace(read=lambda *_: WHO),
            renderer=Renderer(),
            keeper=_Keeper(),
        )
    )


def asked(room, *, partial=False, method="GET", handler=None, receive=None):
    """Answer one request of somebody who is not signed in."""

    async def nothing(_):
        return PlainTextResponse("here")

    headers = [(b"hx-request", b"true")] if partial else []
    scope = {"type": "http", "method": method, "path": "/portal/x", "query_string": b"", "headers": headers}
    endpoint = room._endpoint({method: Route(method, "/x", handler or nothing, "nobody")})  # noqa: SLF001
    return endpoint(Request(scope, receive))


def taken(room, stack, session, count):
    for _ in range(count):
        stack.enter_context(room._place(session))  # noqa: SLF001


FULL = {
    "those who are not signed in have their share": ((None,), SHARE, False),
    "all are taken": (tuple(SimpleNamespace(id=bytes([each])) for each in range(4)), UNDER_WAY // 4, False),
    "a part of a page": ((None,), SHARE, True),
}


@every("sessions, each, partial", FULL.values(), ids=FULL)
def test_who_finds_no_place_is_told_when_to_come_again(sessions, each, partial):
    room = made()
    with ExitStack() as stack:
        for session in sessions:
            taken(room, stack, session, each)
        answer = asyncio.run(asked(room, partial=partial))
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert (b"<html" in answer.body) is not partial
    assert asyncio.run(asked(room)).body == b"here"


def test_one_session_leaves_places_to_others_and_one_place_less_is_enough():
    room = made()
    with ExitStack() as stack:
        taken(room, stack, SimpleNamespace(id=b"ada"), SHARE)
        taken(room, stack, None, SHARE - 1)
        assert asyncio.run(asked(room)).status_code == 200
        taken(room, stack, None, 1)
        assert asyncio.run(asked(room)).status_code == 429
        taken(room, stack, SimpleNamespace(id=b"grace"), SHARE)
    assert asyncio.run(asked(room)).status_code == 200


def test_what_is_under_way_is_counted_and_a_form_that_comes_slowly_is_not():
    room, held = made(), []

    async def slow():
        held.append(dict(room.places._taken))  # noqa: SLF001
        return {"type": "http.request", "body": b"a=b", "more_body": False}

    async def handler(visit):
        held.append(dict(room.places._taken))  # noqa: SLF001
        assert (await visit.form())["a"] == "b"
        return PlainTextResponse("done")

    answer = asyncio.run(asked(room, method="POST", handler=handler, receive=slow))
    assert answer.body == b"done"
    assert held == [{}, {None: 1, "": 1}]


def test_a_place_is_given_back_whatever_happens():
    room = made()
    room.portal.broken = lambda *_: None

    async def breaks(_):
        raise ZeroDivisionError

    assert asyncio.run(asked(room, handler=breaks)).status_code == 500
    assert not room.places._taken  # noqa: SLF001
