"""The sign-in log over Graph (``auditLogs/signIns``), with everything that the authority keeps of an event."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from accredit.client.graph import segment
from accredit.errors import OBJECT_NOT_FOUND, Refused
from accredit.interop.graph import credential, signin
from accredit.interop.odata.writing import write_filter
from accredit.query import And, Compare, Page
from accredit.signins.usage import HOUR, HourCount, Use

if TYPE_CHECKING:
    from accredit.client.graph import Graph, Json
    from accredit.query import Query
    from accredit.signins import Event
    from accredit.signins.summary import Window
    from accredit.trust import FederatedCredential

SIGN_INS: Final = "/auditLogs/signIns"
SUMMARIES: Final = "/auditLogs/getSummarizedServicePrincipalSignIns"
USAGE: Final = "/accredit/credentialUsage"
HOURS: Final = "/accredit/signInHours"
MIGRATION: Final = "/accredit.migration"
REPLAY: Final = "/accredit.replay"
LARGEST_PAGE: Final = 1_000  # events
EVERYTHING: Final = "accredit.explain"  # what Graph has no member for is shown to whoever prefers that


class Trusted(msgspec.Struct, frozen=True):
    """A federated credential, as far as whoever reads the log may know it."""

    id: UUID
    name: str
    created_at: datetime


class Log:
    """Reads events of the token's tenant."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def search(self, tenant_id: UUID, query: Query) -> Page[Event]:  # noqa: ARG002  the token's
        """Return a page of the events that meet ``query``, newest first or in its order. It ends at a link."""
        page = self._graph.search(SIGN_INS, query, largest=LARGEST_PAGE, prefer=EVERYTHING)
        return Page([self._event(each) for each in page.things], page.after)

    def by_id(self, event_id: UUID) -> Event | None:
        """Return the event of a request; ``None`` when there is none."""
        try:
            return self._event(self._graph.get(f"{SIGN_INS}/{segment(event_id)}", prefer=EVERYTHING))
        except Refused as refused:
            if refused.row is not OBJECT_NOT_FOUND:
                raise
            return None

    def hours(
        self,
        tenant_id: UUID,  # noqa: ARG002  the token's
        since: datetime,
        until: datetime,
        *,
        app_id: UUID | None = None,
        apart: bool = True,  # noqa: ARG002  an authority always tells apart what it can
        step: timedelta = HOUR,  # noqa: ARG002  and counts by the hour
    ) -> list[HourCount]:
        """Return attempts by the hour, oldest first; of one application, its credentials are told apart."""
        terms = [Compare("createdDateTime", "ge", since), Compare("createdDateTime", "le", until)]
        terms += [] if app_id is None else [Compare("appId", "eq", str(app_id))]
        rows = self._graph.every(HOURS, filter=write_filter(And(tuple(terms))))
        return [
            HourCount(
                hour=datetime.fromisoformat(each["dateTime"]),
                code=each["errorCode"],
                count=each["count"],
                credential_id=_id(each["credentialId"]),
                resource_app_id=_id(each["resourceId"]),
            )
            for each in rows
        ]

    def uses(self, tenant_id: UUID, app_id: UUID) -> dict[UUID, Use]:  # noqa: ARG002  the token's
        """Return what came of every credential, secret and certificate that an application has."""
        rows = self._graph.every(USAGE, filter=write_filter(Compare("appId", "eq", str(app_id))))
        return {UUID(each["id"]): _use(each) for each in rows}

    def trusted(self, app_id: UUID) -> list[Trusted]:
        """Return the federated credentials of an application. Graph shows the credentials themselves to fewer."""
        of_app = Compare("appId", "eq", str(app_id))
        federated = Compare("credentialType", "eq", "federatedIdentityCredential")
        rows = self._graph.every(USAGE, filter=write_filter(And((of_app, federated))))
        return [
            Trusted(UUID(each["id"]), each["name"], datetime.fromisoformat(each["createdDateTime"])) for each in rows
        ]

    def summaries(self, query: Query, window: Window) -> Page[Json]:
        """Return a page of what windows saw that is alike, newest first. It ends at a link."""
        return self._graph.search(f"{SUMMARIES}(aggregationWindow='{window}')", query, largest=LARGEST_PAGE)

    def migration(self, app_id: UUID | None) -> list[Json]:
        """Return where credentials stand on the way to GitHub's subjects with ids: an application's, or everybody's."""
        options = {} if app_id is None else {"filter": write_filter(Compare("appId", "eq", str(app_id)))}
        return self._graph.every(MIGRATION, **options)

    def replayed(
        self,
        application_id: UUID,
        before: FederatedCredential | None,
        after: FederatedCredential | None,
        since: datetime,
    ) -> Json:
        """Return what a change of one credential would have meant for past sign-ins."""
        change: Json = {"delete": str(before.id)} if before is not None else {}
        if after is not None:
            written = {name: each for name, each in credential.write(after, beta=True).items() if name != "id"}
            ours = {name: written[credential.OURS][name] for name in ("multiAudience", "listedAudiences", "enabled")}
            written[credential.OURS] = ours
            change = {"add": written} if before is None else {"update": {**written, "id": str(before.id)}}
        body = {"applicationId": str(application_id), "change": change, "since": since.isoformat()}
        found = self._graph.post(REPLAY, body)
        return {name: each for name, each in found.items() if not name.startswith("@")}

    def _event(self, json: Json) -> Event:
        return signin.read(json, self._graph.token.tenant_id)


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None


def _use(row: Json) -> Use:
    at = row["lastSignInDateTime"]
    return Use(
        last_at=None if at is None else datetime.fromisoformat(at),
        last_address=row["lastSignInIpAddress"] or "",
        last_id=_id(row["lastSignInRequestId"]),
        grants=row["grants"],
        refusals=row["refusals"],
    )
