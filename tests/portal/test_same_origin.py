"""What other sites send is refused, whatever their headers; what our own pages send is not (SEC-31)."""

import asyncio

import pytest

from accredit.web.portal.csrf import SameOrigin, own
from tests.support.every import every

OURS = "https://portal.contoso.test:8443"
SITES = {
    None: None,
    "same-origin": True,
    "none": True,
    "same-site": False,
    "cross-site": False,
    "": False,
    "Same-Origin": False,
}
ORIGINS = {
    None: False,
    OURS: True,
    "https://portal.contoso.test": False,
    "http://portal.contoso.test:8443": False,
    "https://evil.test": False,
    "https://portal.contoso.test:8443.evil.test": False,
    f"{OURS}/": False,
    OURS.upper(): False,
    "null": False,
    "": False,
}


def said(name, value):
    return f"{name} {value or ('absent' if value is None else 'empty')}"


TABLE = {
    f"{said('Sec-Fetch-Site', site)}, {said('Origin', origin)}": (
        site,
        origin,
        by_origin if by_site is None else by_site,
    )
    for site, by_site in SITES.items()
    for origin, by_origin in ORIGINS.items()
}


def headers(site, origin):
    told = [(b"sec-fetch-site", site), (b"origin", origin), (b"cookie", "__Host-accredit_session=x")]
    return [(name, value.encode()) for name, value in told if value is not None]


@every("site, origin, expected", TABLE.values(), ids=TABLE)
def test_a_request_that_changes_something_comes_from_our_own_pages(site, origin, expected):
    assert own(headers(site, origin), OURS) is expected


@every("name", [b"sec-fetch-site", b"origin"], ids=str)
def test_a_header_that_was_sent_twice_says_nothing(name):
    value = {b"sec-fetch-site": b"same-origin", b"origin": OURS.encode()}[name]
    assert own([(name, value)], OURS)
    assert not own([(name, value), (name, value)], OURS)


def answered(method, told, kind="http"):
    """What the middleware sends, and whether the application behind it was asked."""
    asked, sent = [], []

    async def application(scope, _receive, _send):
        asked.append(scope["method"])

    async def send(message):
        sent.append(message)

    asyncio.run(SameOrigin(application, origin=OURS)({"type": kind, "method": method, "headers": told}, None, send))
    return asked, sent


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get"])
def test_only_get_and_head_are_safe(method):
    asked, sent = answered(method, headers("cross-site", None))
    assert asked == []
    assert sent[0]["status"] == 403
    assert answered(method, headers("same-origin", None))[0] == [method]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_whoever_follows_a_link_from_elsewhere_may_read(method):
    assert answered(method, headers("cross-site", "https://evil.test"))[0] == [method]
