"""What a test does to the authority itself: planned refusals, throttling, late news, another time. Emulator only.

Rule 1: what is provoked is refused where the real thing refuses: same body, same headers, same event in the log. Only a
request that is in order uses it up.
Rule 2: the control API and Python use these same objects; it may be done from any thread.
Rule 3: production does not even import this module.
Rule 4: what cannot be meant is refused with what would be right.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from dataclasses import replace as changed
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from accredit import assertions, directory, exchange
from accredit.app.asked import Recorded
from accredit.app.clock import SettableClock
from accredit.app.propagating import Propagating
from accredit.errors import CATALOGUE, INPUT_INVALID, TOO_MANY_REQUESTS, TRANSIENT, Refused, Row
from accredit.exchange import PresentedSecret
from accredit.ports import Outdated

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from accredit.app.asked import Asked
    from accredit.exchange import TokenRequest
    from accredit.ports import Authority
    from accredit.signins import SignIn
    from accredit.tokens import AccessToken

    Exchange = Callable[[TokenRequest, Authority], Awaitable[AccessToken]]
    Explain = Callable[[TokenRequest, Refused], Awaitable[Mapping[str, Any] | None]]

MOST_TIMES: Final = 100_000  # of one thing that is provoked
MOST_PLANNED: Final = 1_000  # things at once
LONGEST_DELAY: Final = 86_400.0  # seconds
THROTTLES: Final[Mapping[int, Row]] = {429: TOO_MANY_REQUESTS, 503: TRANSIENT}
_STATUSES: Final = range(400, 600)


class Provoked(Refused):
    """A refusal that a test asked for."""


@dataclass(slots=True)
class _Planned:
    """A refusal that is to come, so many times."""

    row: Row
    left: int | None
    retry_after: int | None
    client_id: str

    def concerns(self, request: TokenRequest) -> bool:
        return not self.client_id or request.client_id.lower() == self.client_id.lower()

    def refusal(self, request: TokenRequest, now: datetime) -> Provoked:
        said = dict.fromkeys(self.row.fields, "(provoked)") | _known(request, now)
        fields = {name: value for name, value in said.items() if name in self.row.fields}
        refused = Provoked(self.row, detail="a test asked for this refusal", **fields)
        refused.retry_after = self.retry_after
        return refused


@dataclass(slots=True)
class Provoking:
    """Everything that a test may do to one authority. ``heal``: ends what else was provoked, when all is reset."""

    clock: SettableClock = field(default_factory=SettableClock)
    heal: Callable[[], None] = lambda: None
    recorded: Recorded = field(default_factory=Recorded)
    delay: float = 0.0  # seconds until a new credential is seen
    _delayed_since: datetime | None = None  # older credentials are no news
    _planned: deque[_Planned] = field(default_factory=deque)

    # ── what a test says ─────────────────────────────────────────────────────────────────────────────────────────────

    def next_response(
        self,
        error: str | int,
        *,
        times: int | None = 1,
        status: int | None = None,
        retry_after: int | None = None,
        client_id: str = "",
    ) -> None:
        """Refuse the next token requests with an AADSTS code. ``INPUT_INVALID`` for a code that nobody knows."""
        row = _row(str(error))
        if status is not None and status != row.status:
            if status not in _STATUSES:
                raise Refused(INPUT_INVALID, what="status", reason=f"it must be 400 to 599, not {status}")
            row = changed(row, status=status, name="")  # under its own name it would be found with its own status
        self._plan(row, times, retry_after, client_id)

    def throttle(self, status: int = 429, *, retry_after: int = 1, times: int | None = 1, client_id: str = "") -> None:
        """Refuse the next token requests with 429 (or 503) and a Retry-After in seconds."""
        if status not in THROTTLES:
            raise Refused(INPUT_INVALID, what="status", reason=f"it must be 429 or 503, not {status}")
        self._plan(THROTTLES[status], times, retry_after, client_id)

    def propagation_delay(self, seconds: float) -> None:
        """From now on let credentials be seen only so many seconds after they were made, as in Entra ID; 0: at once."""
        if not 0 <= seconds <= LONGEST_DELAY:
            reason = f"it must be 0 to {LONGEST_DELAY:.0f} seconds, not {seconds:g}"
            raise Refused(INPUT_INVALID, what="delay", reason=reason)
        self._delayed_since = self._delayed_since if self.delay and seconds else self.clock()
        self.delay = seconds

    @property
    def planned(self) -> int:
        """How many refusals are planned, however often each."""
        return len(self._planned)

    @property
    def requests(self) -> tuple[Asked, ...]:
        """What the token endpoint was asked, oldest first."""
        return self.recorded.all()

    def reset(self) -> None:
        """Be an ordinary authority again: nothing planned, no delay, the machine's clock, no request remembered."""
        self._planned.clear()
        self.delay = 0.0
        self.clock.reset()
        self.recorded.clear()
        self.heal()

    # ── what it does to the authority ────────────────────────────────────────────────────────────────────────────────

    def around(self, real: Exchange) -> Exchange:
        """Return the exchange, with what is provoked before it."""

        async def provoked(request: TokenRequest, authority: Authority) -> AccessToken:
            if (planned := self._take(request)) is not None:
                await _refuse(planned.refusal(request, authority.clock()), request, authority)
            return await real(request, self._seen(authority))

        return provoked

    def explaining(self, explain: Callable[[Authority], Explain], authority: Authority) -> Explain:
        """Return the explanation beside refusals, of what the exchange saw; of one that a test asked for is none."""

        async def explained(request: TokenRequest, refused: Refused) -> Mapping[str, Any] | None:
            return None if isinstance(refused, Provoked) else await explain(self._seen(authority))(request, refused)

        return explained

    def _seen(self, authority: Authority) -> Authority:
        """Return the authority as it is while news arrive late."""
        if not self.delay or self._delayed_since is None:
            return authority
        until = authority.clock() - timedelta(seconds=self.delay)
        return changed(authority, directory=Propagating(authority.directory, self._delayed_since, until))

    def _plan(self, row: Row, times: int | None, retry_after: int | None, client_id: str) -> None:
        if times is not None and not 0 < times <= MOST_TIMES:
            raise Refused(INPUT_INVALID, what="times", reason=f"it must be 1 to {MOST_TIMES}, or null until reset")
        if not 0 <= (retry_after or 0) <= LONGEST_DELAY:
            reason = f"it must be 0 to {LONGEST_DELAY:.0f} seconds, not {retry_after}"
            raise Refused(INPUT_INVALID, what="retry_after", reason=reason)
        if len(self._planned) >= MOST_PLANNED:
            raise Refused(INPUT_INVALID, what="the plan", reason=f"it holds {MOST_PLANNED} refusals already")
        self._planned.append(_Planned(row, times, retry_after, client_id))

    def _take(self, request: TokenRequest) -> _Planned | None:
        """Return the first refusal that is planned for such a request, and count it."""
        found = next((each for each in tuple(self._planned) if each.concerns(request)), None)
        if found is not None and found.left is not None:
            found.left -= 1
            if not found.left:
                with suppress(ValueError):  # reset meanwhile
                    self._planned.remove(found)
        return found


async def _refuse(refused: Provoked, request: TokenRequest, authority: Authority) -> None:
    """Refuse, with an event in the sign-in log where there is an application that it is about."""
    try:
        tenant = await authority.directory.tenant(directory.read_tenant(request.tenant), request.client_id)
        client = await authority.directory.client(tenant, request.client_id)
    except Refused:
        raise refused from None
    for _ in range(exchange.ATTEMPTS):
        try:
            async with authority.signins.attempt(authority.clock(), request.sender, tenant, client) as signin:
                _fill(signin, request, authority)
                raise refused
        except Outdated:  # somebody else changed the directory: as in the exchange
            await authority.directory.refresh()
    raise refused


def _fill(signin: SignIn, request: TokenRequest, authority: Authority) -> None:
    """Note what the request showed."""
    signin.wanted = request.wanted
    if isinstance(request.evidence, PresentedSecret):
        signin.evidence = "clientSecret"
        return
    signin.evidence = "federatedIdentityCredential"
    with suppress(Refused):
        policy = authority.policies[signin.tenant.portability]
        signin.presented = assertions.parse(request.evidence.token.value, policy)


def _known(request: TokenRequest, now: datetime) -> dict[str, object]:
    """Return what a refusal's text may quote of a request."""
    return {
        "client": request.client_id,
        "tenant": request.tenant,
        "resource": request.wanted,
        "scope": request.wanted,
        "grant": exchange.CLIENT_CREDENTIALS,
        "now": f"{now:%Y-%m-%dT%H:%M:%S}Z",
    }


def _row(error: str) -> Row:
    """Find the row of an AADSTS code; of several with one code the first."""
    code = error.strip().upper().removeprefix("AADSTS")
    rows = [row for row in CATALOGUE.values() if row.family == "sts" and str(row.code) == code]
    if not rows:
        known = ", ".join(sorted({row.label for row in CATALOGUE.values() if row.family == "sts"}))
        raise Refused(INPUT_INVALID, what="error", reason=f"no refusal has the code {error} (there are: {known})")
    return rows[0]
