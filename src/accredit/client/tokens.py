"""Access tokens of one client: asked for when one is needed, used until shortly before they expire."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode
from uuid import UUID

import msgspec

from accredit.client import refusals
from accredit.client.evidence import Asked
from accredit.errors import INPUT_INVALID, SIGN_IN_NEEDED, Refused
from accredit.issuers import base64url

if TYPE_CHECKING:
    from collections.abc import Callable

    from accredit.client.evidence import Evidence
    from accredit.client.http import Http

SCOPE: Final = "https://graph.microsoft.com/.default"
RENEWED: Final = timedelta(seconds=60)  # before its end a token is used no more
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_OK: Final = 200
_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A bearer token, and what it says of its bearer. Whether that is true is for the authority to judge."""

    value: str = field(repr=False)
    tenant_id: UUID
    app_id: UUID
    principal_id: UUID
    roles: tuple[str, ...]
    expires_at: datetime

    @classmethod
    def read(cls, value: str) -> AccessToken:
        """Read a token of an authority. ``INPUT_INVALID``."""
        try:
            claims: dict[str, Any] = msgspec.json.decode(base64url.decode(value.split(".")[1]), type=dict)
            return cls(
                value=value,
                tenant_id=UUID(claims["tid"]),
                app_id=UUID(claims.get("appid") or claims["azp"]),
                principal_id=UUID(claims["oid"]),
                roles=tuple(map(str, claims.get("roles", ()))),
                expires_at=datetime.fromtimestamp(claims["exp"], UTC),
            )
        except (ValueError, LookupError, TypeError, AttributeError, OverflowError, msgspec.MsgspecError):
            reason = "not an access token of an authority"
            raise Refused(INPUT_INVALID, what="the access token", reason=reason) from None  # it stands in the error


@dataclass(slots=True)
class Tokens:
    """The tokens of one client in one tenant. ``evidence`` ``None``: there is none but ``held``."""

    http: Http
    tenant: str  # id, domain, or "organizations": where the client is at home
    client_id: str
    evidence: Evidence | None
    clock: Callable[[], datetime]
    once: Callable[[], str]
    held: AccessToken | None = None
    keep: Callable[[AccessToken], None] = lambda _: None
    issued: bool = False  # the token that is held was asked for here

    def current(self) -> AccessToken:
        """Return a token that is valid for a while. ``SIGN_IN_NEEDED``, and whatever the authority refuses it for."""
        if self.held is not None and self.held.expires_at - RENEWED > self.clock():
            return self.held
        return self.renewed()

    def outdated_by(self, status: int) -> bool:
        """Whether another token might be answered otherwise: one that is believed, or one with the roles of now.

        For the sake of roles nobody is asked for a secret, and a token that was just issued has those of now.
        """
        if self.evidence is None:
            return False
        return status == _UNAUTHORIZED or (status == _FORBIDDEN and not self.issued and self.evidence.at_hand)

    def renewed(self) -> AccessToken:
        """Ask for a new token."""
        if self.evidence is None:
            reason = (
                "there is no token"
                if self.held is None
                else "the token has expired, and nothing is kept that proves who you are"
            )
            raise Refused(SIGN_IN_NEEDED, url=self.http.url, reason=reason)
        path = f"/{quote(self.tenant, safe='')}/oauth2/v2.0/token"
        asked = Asked(self.client_id, self.http.url + path, self.clock(), self.once())
        form = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "scope": SCOPE,
            **self.evidence.form(asked),
        }
        answer = self.http.send("POST", path, urlencode(form).encode(), _FORM)
        if answer.status != _OK:
            raise refusals.of_token_endpoint(answer.status, answer.body)
        self.held, self.issued = AccessToken.read(_token(answer.body)), True
        self.keep(self.held)
        return self.held


def _token(body: bytes) -> str:
    try:
        return str(msgspec.json.decode(body)["access_token"])
    except (LookupError, TypeError, ValueError, RecursionError, msgspec.MsgspecError):
        return ""
