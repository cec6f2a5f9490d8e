"""What was last used, how often, and what windows saw, over the directory API."""

import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

import pytest

from accredit.administer import applications, evidence
from accredit.app import seed
from accredit.interop.graph import activity
from accredit.signins.usage import HourCount
from accredit.stores.event_pages import EventPages
from accredit.web.graph import figures, reports
from tests.support.every import every
from tests.web.graph.callers import Graph
from tests.web.graph.test_logs import BASE
from tests.web.graph.trusting import ABSENT, refused
from tests.wire.authority import NOW, upload_github

SUMMARIZED = "auditLogs/getSummarizedServicePrincipalSignIns"
KEYS = "reports/appCredentialSignInActivities"
PRINCIPALS = "reports/servicePrincipalSignInActivities"
USAGE = "accredit/credentialUsage"
HOURS = "accredit/signInHours"
WORKLOAD = str(seed.WORKLOAD_ID)
CREDENTIAL = str(seed.marked(seed.CREDENTIAL))
ELSEWHERE = {"environment": "elsewhere"}


def at(**later):
    return f"{NOW + timedelta(**later):%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture(scope="module")
def log(graph: Graph) -> Graph:
    """An emulator where the workload signed in on three days, twice each, and was refused once on the second."""
    upload_github(graph.wire)
    graph.caller("AuditLog.Read.All")  # at the time at which the clock begins
    for day in range(3):
        for environment in ({}, ELSEWHERE, {}) if day == 1 else ({}, {}):
            answer = graph.wire.post(graph.wire.form(client_assertion=graph.wire.mint(**environment)))
            assert answer.status == (401 if environment else 200)
            graph.wire.clock.advance(seconds=60)
        graph.wire.clock.advance(seconds=86_400)
    return graph


def ask(log, path, version="beta", token=None):
    where, _, query = path.partition("?")
    path = f"/{version}/{where}" + (f"?{quote(query, safe='$=&()')}" if query else "")
    reader = log.caller("AuditLog.Read.All")
    return log.ask("GET", path, token or log.token(str(reader.application.app_id), reader.secret))


def pages(log, path):
    found = []
    for _ in range(100):
        answer = ask(log, path)
        assert answer.status == 200, answer.body
        found += answer.json["value"]
        link = answer.json.get("@odata.nextLink")
        if link is None:
            return found
        reader = log.caller("AuditLog.Read.All")
        token = log.token(str(reader.application.app_id), reader.secret)
        answer = log.ask("GET", link.removeprefix(BASE), token)
        while True:
            assert answer.status == 200, answer.body
            found += answer.json["value"]
            link = answer.json.get("@odata.nextLink")
            if link is None:
                return found
            answer = log.ask("GET", link.removeprefix(BASE), token)
    raise AssertionError("the pages do not end")


# ── windows ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_window_is_shown_as_graph_shows_it(log):
    answer = ask(log, f"{SUMMARIZED}(aggregationWindow='d1')?$filter=appId eq '{WORKLOAD}'").json
    assert answer["@odata.context"] == f"{BASE}/beta/$metadata#Collection(microsoft.graph.summarizedSignIn)"
    told = [
        (each["aggregationDateTime"][:10], each["status"]["errorCode"], each["signInCount"]) for each in answer["value"]
    ]
    days = [f"{NOW + timedelta(days=n):%Y-%m-%d}" for n in range(3)]
    assert told == [(days[2], 0, 2), (days[1], 700213, 1), (days[1], 0, 2), (days[0], 0, 2)]
    refusal = answer["value"][1]
    (event,) = ask(log, f"auditLogs/signIns?$filter=id eq '{refusal['id']}'").json["value"]
    assert refusal == {
        "id": event["id"],
        "signInCount": 1,
        "aggregationDateTime": f"{days[1]}T00:00:00Z",
        "firstSignInDateTime": event["createdDateTime"],
        "userPrincipalName": "",
        "appId": WORKLOAD,
        "appDisplayName": event["appDisplayName"],
        "ipAddress": "127.0.0.1",
        "conditionalAccessStatus": "notApplied",
        "resourceDisplayName": None,
        "resourceId": None,
        "tenantId": str(seed.TENANT_ID),
        "servicePrincipalName": event["servicePrincipalName"],
        "servicePrincipalId": event["servicePrincipalId"],
        "status": {**event["status"], "additionalDetails": None},
        "managedServiceIdentity": {
            "msiType": "none",
            "associatedResourceId": None,
            "federatedTokenId": None,
            "federatedTokenIssuer": None,
        },
        "agent": {"agentType": "notAgentic", "parentAppId": None},
    }


@every(("window", "rows"), [("d1", 4), ("H6", 4), ("h1", 4)])
@every("top", [1, 3, 1000])
def test_pages_of_windows_meet(log, window, rows, top):
    path = f"{SUMMARIZED}(aggregationWindow='{window}')?$filter=appId eq '{WORKLOAD}'"
    whole = ask(log, path).json["value"]
    assert len(whole) == rows
    assert pages(log, f"{path}&$top={top}") == whole


def test_members_of_a_window_are_selected(log):
    path = f"{SUMMARIZED}(aggregationWindow='d1')?$select=signInCount,appId&$filter=appId eq '{WORKLOAD}'&$top=1"
    assert ask(log, path).json["value"] == [{"signInCount": 2, "appId": WORKLOAD}]


WRONG = {
    "an unknown window": ("(aggregationWindow='d2')", 400, "Request_BadRequest"),
    "no window": ("", 404, "BadRequest"),
    "another parameter": ("(window='d1')", 404, "BadRequest"),
    "no parameter's name": ("/d1", 404, "BadRequest"),
    "an unknown property": ("(aggregationWindow='d1')?$filter=userAgent eq 'x'", 400, "Request_UnsupportedQuery"),
    "an order": ("(aggregationWindow='d1')?$orderby=appId", 400, "Request_UnsupportedQuery"),
    "a number of all": ("(aggregationWindow='d1')?$count=true", 400, "Request_UnsupportedQuery"),
    "a page that is too large": ("(aggregationWindow='d1')?$top=1001", 400, "BadRequest"),
    "a token that was not made here": ("(aggregationWindow='d1')?$skiptoken=x", 400, "BadRequest"),
}


@every("row", WRONG.values(), ids=WRONG.keys())
def test_what_is_no_question_about_windows(log, row):
    rest, status, code = row
    assert refused(ask(log, SUMMARIZED + rest))[:2] == (status, code)


def test_an_unknown_window_is_named(log):
    answer = ask(log, f"{SUMMARIZED}(aggregationWindow='d2')")
    assert answer.json["error"]["message"] == (
        "Invalid value specified for property 'aggregationWindow' of resource 'SummarizedSignIn'."
    )


# ── secrets and certificates ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def several(log):
    """An application with three secrets, of which one was used for Microsoft Graph, and one with none."""
    caller = log.new_caller()
    log.wire.clock.advance(seconds=1)
    log.token(str(caller.application.app_id), caller.secret)
    for name in ("unused", "unused, too"):
        log.wire.run(evidence.add_secret, log.wire.administrator, caller.application.id, display_name=name)
    log.wire.run(applications.create, log.wire.administrator, seed.TENANT_ID, display_name="nothing to prove it with")
    return caller


def test_a_secret_is_shown_with_its_last_use(log, several):
    app_id = str(several.application.app_id)
    answer = ask(log, f"{KEYS}?$filter=appId eq '{app_id}'").json
    assert answer["@odata.context"] == f"{BASE}/beta/$metadata#{KEYS}"
    assert len(answer["value"]) == 3
    assert sum(each["signInActivity"] is None for each in answer["value"]) == 2
    (used,) = (each for each in answer["value"] if each["signInActivity"])
    (event,) = ask(log, f"auditLogs/signIns?$filter=appId eq '{app_id}'&$top=1").json["value"]
    assert used["signInActivity"] == {
        "lastSignInDateTime": event["createdDateTime"],
        "lastSignInRequestId": event["id"],
    }
    assert used["resourceId"] == event["resourceId"] == "00000003-0000-0000-c000-000000000000"
    assert (used["keyId"], used["keyType"]) == (event["servicePrincipalCredentialKeyId"], "clientSecret")
    assert (used["appObjectId"], used["servicePrincipalObjectId"]) == (
        str(several.application.id),
        str(several.principal.id),
    )
    alone = ask(log, f"{KEYS}/{used['id']}").json
    assert alone.pop("@odata.context") == f"{BASE}/beta/$metadata#{KEYS}/$entity"
    assert alone == used


@pytest.mark.parametrize("most", [1, 2, 1000])
@pytest.mark.parametrize("top", [1, 2, 999])
def test_pages_of_secrets_meet(log, several, top, most, monkeypatch):
    whole = ask(log, KEYS).json["value"]
    monkeypatch.setattr(reports, "MOST_LOOKED_AT", most)
    assert pages(log, f"{KEYS}?$top={top}") == whole
    assert len(whole) >= 5
    assert len({each["id"] for each in whole}) == len(whole)


def test_one_secret_is_not_looked_for_without_end(log, several, monkeypatch):
    whole = ask(log, KEYS).json["value"]
    assert len({each["appId"] for each in whole}) >= 2
    monkeypatch.setattr(reports, "MOST_LOOKED_AT", 1)
    answers = {each["id"]: ask(log, f"{KEYS}/{each['id']}") for each in whole}
    assert {each.status for each in answers.values()} <= {200, 400}
    assert 400 in {each.status for each in answers.values()}
    for each in whole:
        narrowed = f"{KEYS}?$filter=id eq '{each['id']}' and appId eq '{each['appId']}'"
        assert pages(log, narrowed) == [each]


def test_secrets_by_their_properties(log, several):
    everything = ask(log, KEYS).json["value"]
    for text, meets in {
        f"keyId eq '{everything[1]['keyId'].upper()}'": lambda each: each["keyId"] == everything[1]["keyId"],
        f"id eq '{everything[1]['id']}'": lambda each: each["id"] == everything[1]["id"],
        "keyType eq 'certificate'": lambda _: False,
        f"appid eq '{several.application.app_id}' and keyType eq 'clientSecret'": (
            lambda each: each["appId"] == str(several.application.app_id)
        ),
        f"appId eq '{ABSENT}'": lambda _: False,
        f"expirationDateTime ge {at(days=3_000)}": lambda each: each["expirationDateTime"] >= at(days=3_000),
        "credentialOrigin eq 'application' and not(keyUsage eq 'verify')": lambda _: True,
    }.items():
        assert pages(log, f"{KEYS}?$filter={text}") == [each for each in everything if meets(each)], text


# ── service principals ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_service_principal_is_shown_with_its_last_use_as_a_client(log):
    (found,) = ask(log, f"{PRINCIPALS}?$filter=appId eq '{WORKLOAD}'").json["value"]
    granted = f"appId eq '{WORKLOAD}' and status/errorCode eq 0"
    (event,) = ask(log, f"auditLogs/signIns?$top=1&$filter={granted}").json["value"]
    last = {"lastSignInDateTime": event["createdDateTime"], "lastSignInRequestId": event["id"]}
    assert found == {
        "id": activity.principal_id(seed.WORKLOAD_ID),
        "appId": WORKLOAD,
        "applicationAuthenticationClientSignInActivity": last,
        "applicationAuthenticationResourceSignInActivity": None,
        "delegatedClientSignInActivity": None,
        "delegatedResourceSignInActivity": None,
        "lastSignInActivity": last,
    }
    alone = ask(log, f"{PRINCIPALS}/{found['id']}").json
    assert alone.pop("@odata.context") == f"{BASE}/beta/$metadata#{PRINCIPALS}/$entity"
    assert alone == found


def test_a_service_principal_is_shown_with_its_last_use_as_a_resource(log):
    found = ask(log, f"{PRINCIPALS}/{activity.principal_id(seed.ORDERS_ID)}").json
    granted = f"resourceId eq '{seed.ORDERS_ID}' and status/errorCode eq 0"
    (event,) = ask(log, f"auditLogs/signIns?$top=1&$filter={granted}").json["value"]
    last = {"lastSignInDateTime": event["createdDateTime"], "lastSignInRequestId": event["id"]}
    assert found["applicationAuthenticationResourceSignInActivity"] == last == found["lastSignInActivity"]
    assert found["applicationAuthenticationClientSignInActivity"] is None


@pytest.mark.parametrize("most", [1, 1000])
@pytest.mark.parametrize("top", [1, 2, 999])
def test_pages_of_service_principals_meet(log, top, most, monkeypatch):
    whole = [each["id"] for each in ask(log, PRINCIPALS).json["value"]]
    monkeypatch.setattr(reports, "MOST_LOOKED_AT", most)
    assert [each["id"] for each in pages(log, f"{PRINCIPALS}?$top={top}")] == whole
    assert len(set(whole)) == len(whole) >= 4


@pytest.mark.parametrize("of", [KEYS, PRINCIPALS])
def test_the_log_is_asked_once_for_many_applications(log, of, monkeypatch):
    asked, uses = [], EventPages.uses

    async def counted(self, tenant_id, app_ids):
        asked.append(set(app_ids))
        return await uses(self, tenant_id, app_ids)

    monkeypatch.setattr(EventPages, "uses", counted)
    found = ask(log, of).json["value"]
    assert len(asked) == 1
    assert asked[0] == {UUID(each["appId"]) for each in found}


def test_service_principals_by_their_properties(log):
    everything = [each["appId"] for each in ask(log, PRINCIPALS).json["value"]]
    for text, expected in {
        f"id eq '{activity.principal_id(seed.ORDERS_ID)}'": [str(seed.ORDERS_ID)],
        f"not(appId eq '{WORKLOAD}')": [each for each in everything if each != WORKLOAD],
        f"appId eq '{ABSENT}'": [],
    }.items():
        assert [each["appId"] for each in pages(log, f"{PRINCIPALS}?$filter={text}")] == expected, text


@every("wanted", [ABSENT, "x", activity.principal_id(UUID(int=7))])
@every("of", [KEYS, PRINCIPALS])
def test_what_there_is_none_of(log, of, wanted):
    assert refused(ask(log, f"{of}/{wanted}"))[:2] == (404, "Request_ResourceNotFound")


# ── figures ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_came_of_each_credential(log):
    answer = ask(log, f"{USAGE}?$filter=appId eq '{WORKLOAD}'").json
    assert answer["@odata.context"] == f"{BASE}/beta/$metadata#{USAGE}"
    (found,) = (each for each in answer["value"] if each["id"] == CREDENTIAL)
    granted = f"appId eq '{WORKLOAD}' and status/errorCode eq 0"
    (event,) = ask(log, f"auditLogs/signIns?$top=1&$filter={granted}").json["value"]
    assert (found["credentialType"], found["grants"]) == ("federatedIdentityCredential", 6)
    assert (found["lastSignInDateTime"], found["lastSignInRequestId"]) == (event["createdDateTime"], event["id"])
    assert (found["lastSignInIpAddress"], found["appId"]) == ("127.0.0.1", WORKLOAD)
    unused = ask(log, f"{USAGE}?$filter=appId eq '{WORKLOAD}' and lastSignInDateTime eq null").json["value"]
    assert unused == [each for each in answer["value"] if each["grants"] == 0]


def test_a_secret_that_nobody_used_is_there(log, several):
    rows = pages(log, f"{USAGE}?$filter=appId eq '{several.application.app_id}'&$top=1")
    assert sorted((each["grants"], each["name"]) for each in rows)[:2] == [(0, "unused"), (0, "unused, too")]
    assert {each["credentialType"] for each in rows} == {"clientSecret"}


def test_an_application_that_there_is_none_of_has_no_credentials(log):
    for wanted in (ABSENT, "x"):
        assert ask(log, f"{USAGE}?$filter=appId eq '{wanted}'").json["value"] == []


def test_what_there_was_by_the_hour(log):
    of_app = f"appId eq '{WORKLOAD}' and createdDateTime ge {at()}"
    answer = ask(log, f"{HOURS}?$filter={of_app}").json
    assert answer["@odata.context"] == f"{BASE}/beta/$metadata#{HOURS}"
    hour = NOW.replace(minute=0, second=0, microsecond=0)
    orders = str(seed.ORDERS_ID)

    def row(days, code, count):
        return {
            "dateTime": f"{hour + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}",
            "errorCode": code,
            "count": count,
            "credentialId": None if code else CREDENTIAL,
            "resourceId": None if code else orders,
        }

    told = [{**each, "credentialId": None if each["errorCode"] else each["credentialId"]} for each in answer["value"]]
    assert told == [row(0, 0, 2), row(1, 0, 2), row(1, 700213, 1), row(2, 0, 2)]
    for text, days in {
        f"{of_app} and createdDateTime lt {at(days=1)}": {0},
        f"appId eq '{WORKLOAD}' and createdDateTime eq {at(days=1)}": {1},
        f"appId eq '{WORKLOAD}' and createdDateTime gt {at(hours=3)} and createdDateTime le {at(days=1)}": {1},
        f"appId eq '{WORKLOAD}' and createdDateTime le {at(days=1)}": {0, 1},
        f"appId eq '{ABSENT}'": set(),
        "appId eq 'x'": set(),
        "createdDateTime lt 0001-01-01T00:00:00Z": set(),
        "createdDateTime ge 9999-12-31T00:00:00Z": set(),
    }.items():
        found = ask(log, f"{HOURS}?$filter={text}").json["value"]
        dates = {f"{hour + timedelta(days=n):%Y-%m-%dT%H:%M:%SZ}" for n in days}
        assert {each["dateTime"] for each in found} == dates, text


@pytest.mark.parametrize("questions", [1, 24])
@pytest.mark.parametrize("top", [1, 2, 1000])
def test_pages_of_hours_meet(log, top, questions, monkeypatch):
    path = f"{HOURS}?$filter=createdDateTime ge {at(days=-500)} and createdDateTime le {at(days=3)}"
    whole = ask(log, path).json["value"]
    monkeypatch.setattr(figures, "QUESTIONS", questions)
    found = pages(log, f"{path}&$top={top}")
    assert [each for each in found if each["dateTime"] <= at(days=2)] == [
        each for each in whole if each["dateTime"] <= at(days=2)
    ]
    assert len(whole) >= 4


def test_all_of_a_tenant_is_counted_once(log):
    events = [each for each in log.wire.events() if each.tenant_id == seed.TENANT_ID]
    found = ask(log, f"{HOURS}?$filter=createdDateTime ge {at(days=-1)}").json["value"]
    assert sum(each["count"] for each in found) >= len(events)  # and the token that asks
    assert all(each["credentialId"] is None for each in found)


UNSUPPORTED = {
    "secrets by what they have not": f"{KEYS}?$filter=signInActivity/lastSignInDateTime eq null",
    "secrets by what nothing has": f"{KEYS}?$filter=x eq 'y'",
    "secrets in order": f"{KEYS}?$orderby=appId",
    "service principals by their name": f"{PRINCIPALS}?$filter=displayName eq 'x'",
    "a number of service principals": f"{PRINCIPALS}?$count=true",
    "use without an application": USAGE,
    "use of several applications": f"{USAGE}?$filter=appId eq '{WORKLOAD}' or appId eq '{ABSENT}'",
    "use by an address": f"{USAGE}?$filter=appId eq '{WORKLOAD}' and lastSignInIpAddress eq 'x'",
    "use in order": f"{USAGE}?$filter=appId eq '{WORKLOAD}'&$orderby=grants",
    "hours by a result": f"{HOURS}?$filter=errorCode eq 0",
    "hours of several": f"{HOURS}?$filter=appId eq '{WORKLOAD}' and appId eq '{ABSENT}'",
    "hours of one or another": f"{HOURS}?$filter=appId eq '{WORKLOAD}' or appId eq '{ABSENT}'",
    "hours of none": f"{HOURS}?$filter=appId ne '{WORKLOAD}'",
    "hours of another time": f"{HOURS}?$filter=createdDateTime ne 2026-01-01T00:00:00Z",
    "hours of a text": f"{HOURS}?$filter=createdDateTime ge 'x'",
    "hours in two orders": f"{HOURS}?$orderby=dateTime,errorCode",
}


@every("path", UNSUPPORTED.values(), ids=UNSUPPORTED.keys())
def test_what_cannot_be_asked(log, path):
    assert refused(ask(log, path))[:2] == (400, "Request_UnsupportedQuery")


@pytest.mark.parametrize("of", [KEYS, HOURS])
def test_a_token_of_another_list(log, of):
    link = ask(log, "applications?$top=1", token=log.admin()).json["@odata.nextLink"]
    answer = ask(log, f"{of}?$skiptoken={link.rpartition('skiptoken=')[2]}")
    assert refused(answer) == (400, "BadRequest", "Invalid skiptoken clause: it belongs to another list")


ALL = (f"{SUMMARIZED}(aggregationWindow='d1')", KEYS, PRINCIPALS, f"{USAGE}?$filter=appId eq '{WORKLOAD}'", HOURS)


@every("path", ALL)
def test_v1_has_none_of_it(log, path):
    assert refused(ask(log, path, "v1.0"))[:2] == (404, "BadRequest")


@every("path", ALL)
def test_who_may_not_read_the_log_is_refused(log, path):
    answer = ask(log, path, token=log.caller("Application.ReadWrite.All").token)
    assert refused(answer) == (403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    assert "AuditLog.Read.All" in answer.json["error"]["innerError"]["accredit"]


DOCUMENT = (Path(__file__).parents[3] / "docs/sign-in-log.md").read_text("utf-8")
EXAMPLES = re.findall(r"^GET /beta/(.*)$", DOCUMENT, re.MULTILINE)


@every("path", EXAMPLES)
def test_what_the_document_asks_is_answered(log, path):
    answer = ask(log, path)
    assert answer.status == 200, answer.body


def test_the_document_has_examples_of_all():
    asked = {each.partition("?")[0].partition("(")[0] for each in EXAMPLES}
    assert asked >= {"auditLogs/signIns", "auditLogs/signIns/$count", SUMMARIZED, KEYS, PRINCIPALS, USAGE, HOURS}


def test_an_hour_is_told_apart_by_what_it_counts():
    one = HourCount(NOW, 0, 1, UUID(int=1))
    assert figures._place(one) == (NOW, 0, str(UUID(int=1)), "")  # noqa: SLF001  what a page ends at
