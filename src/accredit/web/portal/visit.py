"""One request of somebody who uses the portal: who it is, in which tenant, what was sent, and what is answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import parse_qsl, quote, urlencode

from starlette.responses import HTMLResponse, RedirectResponse, Response

from accredit.administer import Administrator
from accredit.directory import read_guid
from accredit.directory.people import RANK
from accredit.errors import REQUEST_MALFORMED, Refused
from accredit.interop.odata.skiptoken import read_skiptoken, write_skiptoken
from accredit.query import Compare, Query
from accredit.signins import Actor, kept
from accredit.signins.event import LONGEST_AGENT
from accredit.web.answers import read_body_within
from accredit.web.portal import same
from accredit.web.portal.paths import ROOT
from accredit.web.portal.undo import names_changed, reverses
from accredit.web.portal.words import ago

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime

    from starlette.requests import Request

    from accredit.directory import Tenant
    from accredit.directory.people import Access, Person, Role, Session
    from accredit.ports import Transaction
    from accredit.query import Cursor, Order
    from accredit.signins import Audit, Sender
    from accredit.web.portal.portal import Portal

Needs = Literal["nobody", "session", "reader", "operator", "admin", "instance"]
"""``nobody``: who is not signed in, too; ``session``: whoever is; the rest: a role in the tenant or in the instance."""
LARGEST: Final = 262_144  # octets of a form: a key set or a manifest may be in it
MOST_FIELDS: Final = 256
ARRIVES_WITHIN: Final = 10.0  # seconds
CHANGED: Final = "changed"
AFTER: Final = "after"
_RECENT: Final = timedelta(minutes=10)  # for which a change is told of by the page that it led to
_SAFE: Final = "/:"  # of a path or an issuer in a query: easier to read, and harmless


class Form(Mapping[str, str]):
    """Fields of a form by name. A field that was sent several times is its last value; ``all`` has every one."""

    def __init__(self, pairs: Sequence[tuple[str, str]] = ()) -> None:
        self._pairs = pairs
        self._last = dict(pairs)

    def __getitem__(self, name: str) -> str:
        return self._last[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._last)

    def __len__(self) -> int:
        return len(self._last)

    def all(self, name: str) -> tuple[str, ...]:
        """Return every value of a field, in order."""
        return tuple(value for each, value in self._pairs if each == name)

    def text(self, name: str, default: str = "") -> str:
        """Return a field without blanks at either end."""
        return self._last.get(name, default).strip()


@dataclass(slots=True, kw_only=True)
class _Kept:
    form: Form | None = None


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One request. ``of`` is the tenant in its path, if there is one; who is not signed in has no ``session``."""

    request: Request
    portal: Portal
    who: Sender
    access: Access
    needs: Needs
    session: Session | None = None
    of: Tenant | None = None
    _kept: _Kept = field(default_factory=_Kept)

    @property
    def tenant(self) -> Tenant:
        """The tenant in the path."""
        if self.of is None:
            raise LookupError("this page is of no tenant")
        return self.of

    @cached_property
    def now(self) -> datetime:
        """When the request came, aware UTC."""
        return self.portal.authority.clock()

    @property
    def partial(self) -> bool:
        """Whether only a part of a page is wanted: htmx asked."""
        return self.request.headers.get("hx-request") == "true"

    @property
    def role(self) -> Role | None:
        """The person's role in the tenant."""
        return None if self.of is None else self.access.role(self.of.id)

    @cached_property
    def by(self) -> Administrator:
        """The person as the one who changes the directory."""
        if self.session is None:
            raise LookupError("nobody is signed in")
        return self.by_person(self.session.person)

    def by_person(self, person: Person) -> Administrator:
        """Return somebody as the one who changes the directory."""
        authority = self.portal.authority
        return Administrator(
            self.portal.registry,
            authority.ids,
            authority.clock,
            Actor(
                name=kept(person.name),
                kind="person",
                id=kept(f"{person.issuer} {person.subject}".strip()),
                address=self.who.address,
                user_agent=kept(self.who.user_agent, LONGEST_AGENT),
            ),
            base=authority.base,
            own_issuers=authority.own_issuers,
            emulator=self.portal.emulator,
            correlation=self.who.correlation,
        )

    def may(self, needs: Needs) -> bool:
        """Whether the person may open what needs a role, here."""
        if needs == "nobody":
            return True
        if needs == "session":
            return self.session is not None
        if needs == "instance":
            return self.access.instance
        return self.role is not None and RANK[self.role] >= RANK[needs]

    def reading(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a consistent view of the directory."""
        return self.portal.registry.reading()

    def query(self, name: str, default: str = "") -> str:
        """Return a parameter of the address, without blanks at either end."""
        return self.request.query_params.get(name, default).strip()

    def after(self, order: Order | None) -> Cursor | None:
        """Return where this page of a list begins. QUERY_SYNTAX for a place that is none of a list in this order."""
        text = self.query(AFTER)
        return read_skiptoken(text, order) if text else None

    def following(self, after: Cursor | None, order: Order | None) -> str | None:
        """Return the address of the next page of this list, with the same filters; ``None`` where nothing follows."""
        if after is None:
            return None
        asked = {**self.request.query_params, AFTER: write_skiptoken(after, order)}
        asked.pop(CHANGED, None)
        return f"{self.request.url.path}?{urlencode(asked, safe=_SAFE)}"

    async def form(self) -> Form:
        """Return what was sent. 90023 for what is no form, for one that is too large or too slow."""
        if self._kept.form is None:
            headers: dict[bytes, bytes] = dict(self.request.scope["headers"])
            body = await read_body_within(ARRIVES_WITHIN, headers, self.request.receive, LARGEST)
            try:
                pairs = parse_qsl(
                    body.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict"
                )
            except ValueError as error:
                raise Refused(REQUEST_MALFORMED, reason="the form cannot be read") from error
            self._kept.form = Form([(name, value.replace("\r\n", "\n")) for name, value in pairs])
        return self._kept.form

    def url(self, *parts: object, **query: object) -> str:
        """Return an address below this tenant. A parameter that is ``None`` or empty is left out."""
        return address(tenant_name(self.tenant), *parts, **query)

    def command(self, *words: object, **options: object) -> str:
        """Return a command that does the same in this tenant: it names it, for a store with several would ask which."""
        return same.command(*words, **options, tenant=tenant_name(self.tenant))

    def done(self, *parts: object, **query: object) -> Response:
        """Lead to a page that says what this request has changed: 303."""
        return RedirectResponse(self.url(*parts, **query, **{CHANGED: str(self.who.correlation)}), 303)

    def go(self, url: str) -> Response:
        """Lead elsewhere in the portal: 303."""
        return RedirectResponse(url, 303)

    async def page(self, template: str, /, *, status: int = 200, **values: Any) -> Response:  # noqa: ANN401  for a template
        """Return a page. Besides ``values`` it sees ``visit``, ``now``, ``ago`` and what was just changed."""
        changes = () if self.partial else await self._changes()
        return HTMLResponse(self.text(template, changes=changes, **values), status)

    def text(self, template: str, /, **values: Any) -> str:  # noqa: ANN401  for a template
        """Return a template, or a part of one, filled in."""
        told = {
            "visit": self,
            "now": self.now,
            "ago": lambda instant: ago(instant, self.now),
            "changes": (),
            "reverses": reverses,
            "names_changed": names_changed,
        }
        return self.portal.renderer.text(template, **{**told, **values})

    async def _changes(self) -> Sequence[Audit]:
        """Return what the request changed that led here: records of this person's, and recent ones only."""
        correlation = read_guid(self.query(CHANGED))
        if correlation is None or self.session is None or self.of is None:
            return ()
        query = Query(condition=Compare("correlationId", "eq", str(correlation)), limit=10)
        async with self.reading() as store:
            found = (await store.audits.search(query, tenant_id=self.tenant.id)).things
        mine = self.by.actor
        return [each for each in found if each.actor.id == mine.id and each.at > self.now - _RECENT]


def tenant_name(tenant: Tenant) -> str:
    """Return what a tenant is called in an address: its first domain, or its id."""
    return tenant.domains[0] if tenant.domains else str(tenant.id)


def address(*parts: object, **query: object) -> str:
    """Return an address of the portal."""
    path = "/".join((ROOT, *(quote(str(each), safe="") for each in parts)))
    asked = {name: str(value) for name, value in query.items() if value not in (None, "")}
    return f"{path}?{urlencode(asked, safe=_SAFE)}" if asked else path
