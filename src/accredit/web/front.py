"""The front door of the public listener: host names, paths, and which room answers. Bare ASGI.

Rule 1: a ``Host`` that is not on the allow-list is refused before anything else is looked at (DNS rebinding).
Rule 2: every answer is JSON, also for what does not exist: an HTML body gives clients a traceback. Its shape
follows from its path: what could be about signing in is refused as the token endpoint does, all else as Graph does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from accredit.directory import read_guid
from accredit.errors import (
    BROKEN,
    GRAPH_VERSION,
    HOST_NOT_SERVED,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    VERB_NOT_ALLOWED,
    Refused,
)
from accredit.web.answers import JSON, SERVER, answer
from accredit.web.graph.errors import Envelopes

if TYPE_CHECKING:
    from collections.abc import Callable

    from accredit.signins import Sender
    from accredit.web.answers import Application, Header, Receive, Scope, Send
    from accredit.web.token import TokenEndpoint
    from accredit.web.wellknown import WellKnown

_INTERACTIVE: Final = frozenset(
    {
        *("oauth2/v2.0/authorize", "oauth2/v2.0/devicecode", "oauth2/v2.0/logout"),
        *("oauth2/authorize", "oauth2/devicecode", "oauth2/logout", "oauth2/checksession"),
        *("openid/userinfo", "kerberos"),
    }
)
_DOCUMENTS: Final = {
    "v2.0/.well-known/openid-configuration": ("discovery", 2),
    ".well-known/openid-configuration": ("discovery", 1),
    "discovery/v2.0/keys": ("key_set", 2),
    "discovery/keys": ("key_set", 1),
}
_TOKENS: Final = {"oauth2/v2.0/token": 2, "oauth2/token": 1}
_NAMES: Final = frozenset({"", "common", "organizations", "consumers", "metadata", "error", "oidc"})  # first segments
_AREAS: Final = frozenset(each.partition("/")[0] for each in (*_TOKENS, *_DOCUMENTS, *_INTERACTIVE))  # second ones
_VERSION: Final = re.compile(r"v?[0-9.]+|beta", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Front:
    """Routes the public listener. ``rooms`` are further applications by first path segment (``idp``)."""

    tokens: TokenEndpoint
    wellknown: WellKnown
    hosts: frozenset[bytes]  # allowed values of the Host header, lower case, with port where one is sent
    rooms: dict[str, Application]
    broken: Callable[[Sender, BaseException], None]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["type"] != "http":
            return
        try:
            self._refuse_host(scope)
            path = scope["path"].lstrip("/")  # some clients send //{tenant}/…
            tenant, _, rest = path.partition("/")
            if version := _TOKENS.get(rest):
                await self.tokens(scope, receive, send, tenant, version)
            elif not path and "portal" in self.rooms and _is_browser(scope):
                await answer(send, 302, [(b"location", b"/portal")], b"")
            else:
                await self._other(scope, receive, send, tenant, rest)
        except Refused as refused:
            await self._refuse(scope, send, refused)
        except Exception as error:  # noqa: BLE001  the one place where an error of our own becomes an answer
            self.broken(self._sender(scope), error)
            await self._refuse(scope, send, Refused(BROKEN))

    async def _other(self, scope: Scope, receive: Receive, send: Send, first: str, rest: str) -> None:
        if room := self.rooms.get(first.lower()):
            await room({**scope, "path": f"/{first}/{rest}"}, receive, send)
        elif document := _DOCUMENTS.get(rest):
            kind, version = document
            await getattr(self.wellknown, kind)(scope, send, first, version)
        elif first == "common" and rest == "discovery/instance":
            await self.wellknown.instance(scope, send)
        elif first == "metadata" and rest == "endpoints":
            await self.wellknown.metadata(scope, send)
        elif first == "error" and not rest:
            await self.wellknown.help(scope, send, self.tokens.errors)
        elif rest in _INTERACTIVE or (first, rest) == ("oidc", "userinfo"):
            await self.wellknown.interactive(scope, send)
        elif _of_signing_in(first, rest):
            raise Refused(NOT_FOUND)
        else:
            raise Refused(GRAPH_VERSION, version=first, detail=str(Refused(NOT_FOUND)))

    def _refuse_host(self, scope: Scope) -> None:
        said = [value for name, value in scope["headers"] if name == b"host"]
        if len(said) != 1 or (said[0] not in self.hosts and said[0].lower() not in self.hosts):
            raise Refused(HOST_NOT_SERVED)

    def _sender(self, scope: Scope) -> Sender:
        return self.tokens.senders.read(scope, dict(scope["headers"]), {})

    async def _refuse(self, scope: Scope, send: Send, refused: Refused) -> None:
        who, now, errors = self._sender(scope), self.tokens.authority.clock(), self.tokens.errors
        first, _, rest = scope["path"].lstrip("/").partition("/")
        if _of_signing_in(first, rest):
            status, body = errors.body(refused, who, now)
        else:
            status, said = Envelopes(errors.catalogue).of(refused, who, now)
            body = msgspec.json.encode(said)
        headers: list[Header] = [JSON, SERVER, (b"x-ms-request-id", str(who.trace).encode())]
        headers.append((b"x-content-type-options", b"nosniff"))
        if refused.row in (METHOD_NOT_ALLOWED, VERB_NOT_ALLOWED):
            headers.append((b"allow", refused.fields["valid_verbs"].encode()))
        await answer(send, status, headers, body, head=scope["method"] == "HEAD")


def _is_browser(scope: Scope) -> bool:
    """Whether somebody opens an address by hand: clients of the API do not ask for pages."""
    return scope["method"] in ("GET", "HEAD") and any(
        name == b"accept" and b"text/html" in value for name, value in scope["headers"]
    )


def _of_signing_in(first: str, rest: str) -> bool:
    """Whether a path, served or not, is the token authority's: it begins with a tenant, or with a name of its own."""
    tenant = read_guid(first) is not None or ("." in first and not _VERSION.fullmatch(first))
    return tenant or first in _NAMES or rest.partition("/")[0] in _AREAS
