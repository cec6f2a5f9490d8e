"""The organisation's provider as the portal reaches it: under the rules for every connection to strangers."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

from accredit import __version__
from accredit.assertions import EXTENDED
from accredit.errors import INPUT_UNREADABLE, ISSUER_UNREACHABLE, Refused
from accredit.issuers import Issuer, discovery, freshness
from accredit.issuers import url as urls
from accredit.outbound import Fetcher, IssuerKeys
from accredit.outbound.answer import Form
from accredit.web.portal import oidc

if TYPE_CHECKING:
    from collections.abc import Callable

    from accredit.app.runtime import Runtime
    from accredit.config import Oidc
    from accredit.issuers import KeyReference, KeySet
    from accredit.outbound import Rules

CALLBACK: Final = "/portal/oidc/callback"
NOBODYS: Final = UUID(int=0)
"""The tenant and the id of a record that stands in no directory."""
READ_AGAIN: Final = 300.0  # seconds for which a discovery document holds
ASK_AGAIN: Final = 5.0  # seconds after which a provider that did not answer is asked again
LONGEST_SECRET: Final = 4_096  # octets
_SKEW: Final = 60  # seconds of clock difference: the provider is one that we know
_LIFETIME: Final = 86_400  # seconds


class FetchedProvider:
    """The port ``Provider`` over the network."""

    def __init__(self, wanted: Oidc, *, base: str, emulator: bool, rules: Rules, seconds: Callable[[], float]) -> None:
        limits = freshness.EMULATOR if emulator else freshness.PRODUCTION
        self.record = record(wanted, emulator=emulator)
        self.name = wanted.name or urls.split(self.record.url).host
        self.client = oidc.Client(wanted.client_id, base + CALLBACK, wanted.scopes)
        self._secret_file = wanted.client_secret_file
        self._fetcher = Fetcher(limits, rules, user_agent=f"accredit/{__version__}")
        self._keys = IssuerKeys(self._fetcher, limits, clock=seconds, jitter=lambda: 0.0)
        self._seconds = seconds
        self._known: tuple[float, oidc.Endpoints] | None = None  # until when
        self._failed: tuple[float, str] | None = None  # until when, and why
        self._asking = asyncio.Lock()

    async def endpoints(self) -> oidc.Endpoints:
        """Return where the provider is asked: as its discovery document said some minutes ago at most. 90061.

        Whoever asks meanwhile waits for the same answer, and for some seconds a failure is everybody's: anybody can
        ask, signed in or not.
        """
        async with self._asking:
            now = self._seconds()
            if self._known is None or now >= self._known[0]:
                if self._failed is not None and now < self._failed[0]:
                    raise Refused(ISSUER_UNREACHABLE, detail=self._failed[1])
                self._known = (now + READ_AGAIN, await self._discovered())
        return self._known[1]

    async def _discovered(self) -> oidc.Endpoints:
        try:
            found = await self._fetcher.get(discovery.address(self.record.url), issuer=self.record)
            return oidc.read_endpoints(found.body, self.record)
        except Refused as refused:
            self._failed = (self._seconds() + ASK_AGAIN, refused.detail)
            raise

    async def keys(self, wanted: KeyReference) -> KeySet:
        """Return its keys, after at most one fetch. 90061 7000272."""
        return await self._keys.of(self.record, wanted)

    async def redeem(self, endpoints: oidc.Endpoints, code: str, verifier: str) -> str:
        """Return the ID token for a code. 90061."""
        secret = read_secret(self._secret_file)
        form = Form(*oidc.redemption(self.client, endpoints, secret, code, verifier))
        answer = await self._fetcher.post(endpoints.token, form, issuer=self.record)
        return oidc.read_answer(answer.status, answer.body)


def provider(runtime: Runtime, seconds: Callable[[], float]) -> FetchedProvider | None:
    """Return the provider that the settings name, if they name one."""
    wanted = runtime.settings.portal.oidc
    if not wanted.issuer:
        return None
    emulator = runtime.folder.emulator
    return FetchedProvider(wanted, base=runtime.base, emulator=emulator, rules=runtime.rules, seconds=seconds)


def record(wanted: Oidc, *, emulator: bool) -> Issuer:
    """Return the provider as an issuer record of nobody's. ``Refused`` for an issuer that is none; ``OSError``."""
    issuer = urls.parse(wanted.issuer, loopback_http=emulator)
    return Issuer(
        id=NOBODYS,
        tenant_id=NOBODYS,
        url=issuer,
        algorithms=EXTENDED.algorithms,
        ca_bundle=Path(wanted.ca_file).read_text("ascii") if wanted.ca_file else None,
        networks=wanted.networks,
        ports=(urls.split(issuer).port,),
        max_lifetime=_LIFETIME,
        skew=_SKEW,
        require_kid=False,
    )


def read_secret(path: str) -> str:
    """Return the client's secret, read anew each time: it may be another one by now. ``INPUT_UNREADABLE``."""
    if not path:
        return ""
    try:
        with Path(path).open("rb") as file:
            if os.fstat(file.fileno()).st_mode & 0o007:
                raise Refused(
                    INPUT_UNREADABLE, what=path, reason="everybody can read it, and it is a secret: chmod 0600"
                )
            text = file.read(LONGEST_SECRET + 1)
    except OSError as error:
        raise Refused(INPUT_UNREADABLE, what=path, reason=error.strerror) from error
    secret = text.decode("utf-8", "replace").strip()
    if not secret or len(text) > LONGEST_SECRET or "\n" in secret:
        raise Refused(INPUT_UNREADABLE, what=path, reason=f"it is to hold one line of at most {LONGEST_SECRET} bytes")
    return secret
