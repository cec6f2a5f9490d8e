"""What every answer of the portal says to browsers: nothing from elsewhere, nothing inline, no frames, no caches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.web.answers import STRICT_TRANSPORT

if TYPE_CHECKING:
    from starlette.requests import Request

    from accredit.web.answers import Application, Header, Message, Receive, Scope, Send

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
ALWAYS: Final[tuple[Header, ...]] = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
UNLESS_SAID: Final[tuple[Header, ...]] = ((b"referrer-policy", b"same-origin"), (b"cache-control", b"no-store"))
"""What a page may say otherwise: those of signing in send no referrer at all, a file may be kept."""
NO_REFERRER: Final = {"referrer-policy": "no-referrer"}
_COOKIES: Final = "accredit.cookies"


class SecurityHeaders:
    """Middleware around everything: also what is refused, or broken, says all this."""

    def __init__(self, app: Application, *, strict_transport: bool = False) -> None:
        self._app = app
        self._always = (*ALWAYS, STRICT_TRANSPORT) if strict_transport else ALWAYS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and complete its answer."""
        cookies: list[str] = []
        scope[_COOKIES] = cookies

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*self._completed(message.get("headers", ())), *map(_set, cookies)]
            await send(message)

        await self._app(scope, receive, sending)

    def _completed(self, said: list[Header]) -> list[Header]:
        """Return the headers of an answer with ours: in place of its own, but for those that it may say otherwise."""
        ours = {name for name, _ in self._always}
        kept = [(name, value) for name, value in said if name.lower() not in ours]
        names = {name.lower() for name, _ in kept}
        return [*kept, *self._always, *(each for each in UNLESS_SAID if each[0] not in names)]


def give_cookie(request: Request, cookie: str) -> None:
    """Have the answer to this request set a cookie, whatever answer it is."""
    request.scope[_COOKIES].append(cookie)


def _set(cookie: str) -> Header:
    return (b"set-cookie", cookie.encode("ascii"))
