"""What the token endpoint makes of an exchange, whatever comes of it."""

import asyncio
import gc
import weakref
from types import SimpleNamespace

from accredit.app.chance import SystemIds, now
from accredit.errors import CLIENT_UNKNOWN, Refused
from accredit.web.errors import Errors
from accredit.web.limits import Admission
from accredit.web.sender import Senders
from accredit.web.token import TokenEndpoint
from tests.support.every import every

FORM = b"grant_type=client_credentials&client_id=a&client_secret=b&scope=c%2F.default"
HEADERS = [(b"content-type", b"application/x-www-form-urlencoded")]


def refuses(_request, _authority):
    raise Refused(CLIENT_UNKNOWN, client="a", tenant="b")


def breaks(_request, _authority):
    raise OSError("broken")


@every(("exchange", "body"), [(refuses, FORM), (breaks, FORM), (refuses, b"a=1&a=1")])
def test_a_refusal_is_freed_with_its_answer(exchange, body):
    """A flood of them must not wait for the collector, nor make it run."""
    seen = []

    async def exchanging(request, authority):
        return exchange(request, authority)

    endpoint = TokenEndpoint(
        authority=SimpleNamespace(clock=now),
        exchange=exchanging,
        senders=Senders(SystemIds()),
        errors=Errors("https://sts.test", {}),
        admission=Admission(1),
        observed=lambda _request, _who, refused, _seconds: seen.append(weakref.ref(refused)),
        broken=lambda _who, _error: None,
        seconds=lambda: 0.0,
    )
    sent = []

    async def receive():
        return {"type": "http.request", "body": body}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "headers": HEADERS, "query_string": b"", "client": ("203.0.113.5", 1)}
    gc.disable()
    try:
        asyncio.run(endpoint(scope, receive, send, "b", 2))
        assert [each() for each in seen] == [None]
    finally:
        gc.enable()
    assert sent[0]["status"] >= 400
