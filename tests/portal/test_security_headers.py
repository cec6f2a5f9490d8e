"""What every answer says to browsers, and what a page may say otherwise (SEC-30, SEC-31)."""

import asyncio

from accredit.web.portal.headers import SecurityHeaders, give_cookie

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
ALWAYS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}


class _Request:
    def __init__(self, scope):
        self.scope = scope


def answered(said=(), cookies=(), **options):
    """The headers of an answer behind which an application said some of its own."""
    sent = []

    async def application(scope, _receive, send):
        for each in cookies:
            give_cookie(_Request(scope), each)
        await send({"type": "http.response.start", "status": 200, "headers": [*said]})
        await send({"type": "http.response.body", "body": b""})

    async def send(message):
        sent.append(message)

    asyncio.run(SecurityHeaders(application, **options)({"type": "http"}, None, send))
    assert [each["type"] for each in sent] == ["http.response.start", "http.response.body"]
    return [(name.decode(), value.decode()) for name, value in sent[0]["headers"]]


def test_an_answer_says_exactly_this():
    assert sorted(answered()) == sorted(ALWAYS.items())


def test_a_page_may_send_no_referrer_and_a_file_may_be_kept():
    told = dict(answered([(b"Referrer-Policy", b"no-referrer"), (b"cache-control", b"public")]))
    assert (told.pop("Referrer-Policy"), told["cache-control"]) == ("no-referrer", "public")
    assert "referrer-policy" not in told


def test_no_page_weakens_the_policy():
    told = answered([(b"Content-Security-Policy", b"default-src *"), (b"x-content-type-options", b"sniff")])
    assert sorted(told) == sorted(ALWAYS.items())


def test_transport_is_strict_where_that_is_wanted_and_nowhere_else():
    assert dict(answered(strict_transport=True))["strict-transport-security"].startswith("max-age=31536000")
    assert "strict-transport-security" not in dict(answered())


def test_cookies_go_with_whatever_is_answered():
    told = answered([(b"set-cookie", b"theme=dark")], cookies=("a=1", "b=2"))
    assert [value for name, value in told if name == "set-cookie"] == ["theme=dark", "a=1", "b=2"]
