"""The logs over the directory API: who signed in, and who changed what."""

from datetime import timedelta
from hashlib import sha256
from urllib.parse import quote

import pytest
from msgspec.structs import replace

from accredit.administer import tenants
from accredit.app import seed
from accredit.interop.graph import signin
from accredit.signins import hashed
from accredit.stores import event_search
from accredit.stores.event_pages import EventPages
from accredit.web.graph import logs
from tests.support.every import every
from tests.web.graph.callers import GRAPH_SCOPE, Graph
from tests.web.graph.trusting import ABSENT, refused
from tests.wire.authority import NOW, upload_github

BASE = "https://localhost:8443"
SIGNINS = "auditLogs/signIns"
AUDITS = "auditLogs/directoryAudits"
WORKLOAD = str(seed.WORKLOAD_ID)
CREDENTIAL = str(seed.marked(seed.CREDENTIAL))
TYPES = "signInEventTypes/any(t: t eq 'servicePrincipal')"


@pytest.fixture(scope="module")
def log(graph: Graph) -> Graph:
    """An emulator where the workload signed in four times and was refused twice, one second after the other."""
    upload_github(graph.wire)
    graph.caller("AuditLog.Read.All")
    for refusal in (False, True, False, False, True, False):
        graph.wire.clock.advance(seconds=1)
        environment = {"environment": "elsewhere"} if refusal else {}
        answer = graph.wire.post(graph.wire.form(client_assertion=graph.wire.mint(**environment)))
        assert answer.status == (401 if refusal else 200)
    return graph


def ask(log, path, version="beta", **headers):
    where, _, query = path.partition("?")
    path = f"/{version}/{where}" + (f"?{quote(query, safe='$=&()')}" if query else "")
    return log.ask("GET", path, log.caller("AuditLog.Read.All").token, headers=headers)


def administrator_signs_in(log):
    """Add to the log what no test counts, whatever their order."""
    fields = {"grant_type": "client_credentials", "client_id": str(seed.ADMIN_ID), "scope": GRAPH_SCOPE}
    return log.wire.post({**fields, "client_secret": seed.ADMIN_SECRET})


def followed(log, path, version="beta"):
    """What all pages hold, and how many pages there are."""
    found, pages = [], 0
    while path:
        answer = ask(log, path, version) if not path.startswith(BASE) else log.ask(
            "GET", path.removeprefix(BASE), log.caller("AuditLog.Read.All").token
        )  # fmt: skip
        assert answer.status == 200, answer.body
        found += answer.json["value"]
        pages += 1
        path = answer.json.get("@odata.nextLink")
    return found, pages


def test_a_sign_in_is_shown_as_it_was(log):
    answer = ask(log, f"{SIGNINS}?$filter={TYPES} and appId eq '{WORKLOAD}'&$top=5").json
    assert answer["@odata.context"] == f"{BASE}/beta/$metadata#auditLogs/signIns"
    newest = answer["value"][0]
    assert newest["clientCredentialType"] == "federatedIdentityCredential"
    assert newest["federatedCredentialId"] == CREDENTIAL
    assert newest["status"] == {"errorCode": 0, "failureReason": "Other.", "additionalDetails": None}
    assert newest["createdDateTime"] == f"{NOW + timedelta(seconds=6):%Y-%m-%dT%H:%M:%SZ}"
    assert [each["status"]["errorCode"] for each in answer["value"]] == [0, 700213, 0, 0, 700213]
    assert "accredit" not in newest
    alone = ask(log, f"{SIGNINS}/{newest['id']}").json
    assert alone.pop("@odata.context") == f"{BASE}/beta/$metadata#auditLogs/signIns/$entity"
    assert alone == newest


@every("top", [1, 2, 4, 7])
@every("query", [f"$filter=appId eq '{WORKLOAD}'", f"$filter={TYPES}", "$orderby=createdDateTime"])
def test_pages_meet(log, query, top):
    whole = ask(log, f"{SIGNINS}?{query}").json["value"]
    found, _ = followed(log, f"{SIGNINS}?{query}&$top={top}")
    assert found == whole
    times = [each["createdDateTime"] for each in whole]
    assert times == sorted(times, reverse="orderby" not in query)


FILTERS = {
    "an application": (f"appId eq '{WORKLOAD}'", 6),
    "its name": ("appDisplayName eq 'Deploy-Bot'", 6),
    "the beginning of its name": ("startsWith(servicePrincipalName,'deploy')", 6),
    "a refusal": ("status/errorCode eq 700213", 2),
    "no refusal": (f"status/errorCode eq 0 and appId eq '{WORKLOAD}'", 4),
    "a credential": (f"federatedCredentialId eq '{CREDENTIAL}'", 4),
    "a resource": (f"resourceId eq '{seed.ORDERS_ID}'", 4),
    "the resource's name": ("resourceDisplayName eq 'Orders API'", 4),
    "a time": (f"createdDateTime ge {NOW + timedelta(seconds=5):%Y-%m-%dT%H:%M:%SZ} and appId eq '{WORKLOAD}'", 2),
    "a second": (f"createdDateTime eq {NOW + timedelta(seconds=5):%Y-%m-%dT%H:%M:%SZ} and appId eq '{WORKLOAD}'", 1),
    "an interval": (
        (
            f"createdDateTime ge {NOW + timedelta(seconds=2):%Y-%m-%dT%H:%M:%SZ}"
            f" and createdDateTime le {NOW + timedelta(seconds=4):%Y-%m-%dT%H:%M:%SZ}"
        ),
        3,
    ),
    "an address": (f"ipAddress eq '127.0.0.1' and appId eq '{WORKLOAD}'", 6),
    "the beginning of an address": (f"startswith(ipAddress,'127.') and appId eq '{WORKLOAD}'", 6),
    "a kind of evidence": (f"clientCredentialType eq 'federatedIdentityCredential' and appId eq '{WORKLOAD}'", 6),
    "a secret": (f"servicePrincipalCredentialKeyId ne '' and appId eq '{WORKLOAD}'", 0),
    "proof": (f"accredit/proof eq 'proven' and appId eq '{WORKLOAD}'", 6),
    "the credential's name": (f"accredit/federatedCredentialName eq 'GitHub-Production' and appId eq '{WORKLOAD}'", 4),
    "who signed the token": ("accredit/assertion/issuer eq 'https://token.actions.githubusercontent.com'", 6),
    "whom the token is about": ("startswith(accredit/assertion/subject,'repo:') and status/errorCode ne 0", 2),
    "a token that nobody sent": (f"accredit/assertion/sha256 eq '{'0' * 64}'", 0),
    "another address": ("ipAddress eq '127.0.0.2'", 0),
    "people": ("signInEventTypes/any(t: t eq 'interactiveUser')", 0),
    "all but people": (f"signInEventTypes/any(t: t ne 'interactiveUser') and appId eq '{WORKLOAD}'", 6),
    "conditional access": (f"conditionalAccessStatus eq 'notApplied' and appId eq '{WORKLOAD}'", 6),
    "not an application": (f"not(appId eq '{WORKLOAD}') and status/errorCode ne 0", 0),
}


@every("row", FILTERS.values(), ids=FILTERS.keys())
@every("version", ["v1.0", "beta"])
def test_filters(log, version, row):
    text, number = row
    assert len(ask(log, f"{SIGNINS}?$filter={text}", version).json["value"]) == number


def test_by_correlation_id_and_by_id(log):
    newest = ask(log, f"{SIGNINS}?$top=1").json["value"][0]
    for name in ("id", "correlationId", "originalRequestId", "uniqueTokenIdentifier"):
        (found,) = ask(log, f"{SIGNINS}?$filter={name} eq '{newest[name]}'").json["value"]
        assert found == newest


def test_the_event_of_a_token_that_somebody_holds(own):
    upload_github(own.wire)
    reader, held, other = own.caller("AuditLog.Read.All"), own.wire.mint(), own.wire.mint(environment="elsewhere")
    for assertion in (held, other):
        own.wire.post(own.wire.form(client_assertion=assertion))
    of_held = quote(f"accredit/assertion/sha256 eq '{sha256(held.encode()).hexdigest()}'")
    answer = own.ask("GET", f"/beta/{SIGNINS}?$select=status,accredit&$filter={of_held}", reader.token)
    (found,) = answer.json["value"]
    assert found["status"]["errorCode"] == 0
    assert found["accredit"]["assertion"]["sha256"] == sha256(held.encode()).hexdigest()


UNSUPPORTED = {
    "a property that there is none of": "$filter=location/city eq 'x'",
    "another order": "$orderby=appId",
    "two orders": "$orderby=createdDateTime,activityDateTime",
    "what cannot be expanded": "$expand=x",
    "a search": '$search="displayName:x"',
}


@every("query", UNSUPPORTED.values(), ids=UNSUPPORTED.keys())
@every("of", [SIGNINS, AUDITS])
def test_what_cannot_be_asked(log, of, query):
    assert refused(ask(log, f"{of}?{query}"))[:2] == (400, "Request_UnsupportedQuery")


@pytest.mark.parametrize("of", [SIGNINS, AUDITS])
def test_how_many_there_are(log, of):
    everything, _ = followed(log, f"{of}?$top=999")
    assert len(everything) > 4
    page = ask(log, f"{of}?$top=2&$count=true").json
    assert (page["@odata.count"], len(page["value"])) == (len(everything), 2)
    assert (ask(log, f"{of}/$count").body, ask(log, f"{of}/$COUNT").status) == (str(len(everything)).encode(), 200)
    since = f"{'createdDateTime' if of == SIGNINS else 'activityDateTime'} ge 2099-01-01T00:00:00Z"
    assert ask(log, f"{of}/$count?$filter={since}").body == b"0"


def test_how_many_sign_ins_were_refused(log):
    assert ask(log, f"{SIGNINS}/$count?$filter=status/errorCode ne 0 and appId eq '{WORKLOAD}'").body == b"2"
    assert ask(log, f"{SIGNINS}/$count", "v1.0").body == b"0"
    assert ask(log, f"{SIGNINS}/$count?$filter={TYPES}", "v1.0").body != b"0"


def test_short_pages_are_counted_together(log, monkeypatch):
    ask(log, f"{SIGNINS}?$top=1")  # so that nobody signs in for it below
    whole = ask(log, f"{SIGNINS}/$count").body
    monkeypatch.setattr(logs, "MOST", 1)
    monkeypatch.setattr(event_search, "MOST_ROWS", 1)
    searched, search = [], EventPages.search

    async def counted(self, query, **where):
        searched.append(query)
        return await search(self, query, **where)

    monkeypatch.setattr(EventPages, "search", counted)
    for _ in range(12):
        searched.clear()
        assert ask(log, f"{SIGNINS}/$count").body == whole
        if len(searched) <= 10:
            administrator_signs_in(log)
            whole = str(int(whole) + 1).encode()
    assert len(searched) > 10


@pytest.mark.parametrize("bound", [("COUNTED", 3), ("PATIENCE", -1)])
def test_what_takes_too_long_to_count_is_refused(log, monkeypatch, bound):
    monkeypatch.setattr(logs, "MOST", 2)
    monkeypatch.setattr(logs, *bound)
    for path in (f"{SIGNINS}/$count", f"{SIGNINS}?$count=true&$top=1"):
        answer = ask(log, path)
        assert refused(answer)[:2] == (400, "Request_UnsupportedQuery")
        assert "shorter time" in answer.json["error"]["innerError"]["accredit"]


SYNTAX = {
    "a page that is too large": "$top=1001",
    "a token that was not made here": "$skiptoken=x",
    "what is no filter": "$filter=appId eq",
}


@every("query", SYNTAX.values(), ids=SYNTAX.keys())
def test_what_is_no_query(log, query):
    assert refused(ask(log, f"{SIGNINS}?{query}"))[:2] == (400, "BadRequest")


def test_a_token_of_another_list(log):
    link = ask(log, f"{SIGNINS}?$top=1").json["@odata.nextLink"]
    token = link.rpartition("skiptoken=")[2]
    answer = ask(log, f"{SIGNINS}?$filter=appId eq '{WORKLOAD}'&$skiptoken={token}")
    assert refused(answer)[1:] == (
        "BadRequest",
        "Invalid skiptoken clause: it belongs to a list in another order",
    )


@every("wanted", [ABSENT, "x"])
@every("of", [SIGNINS, AUDITS])
def test_what_is_not_in_the_log(log, of, wanted):
    assert refused(ask(log, f"{of}/{wanted}"))[:2] == (404, "Request_ResourceNotFound")


def test_v1_as_entra_id_has_it(log):
    assert ask(log, SIGNINS, "v1.0").json["value"] == []
    (one,) = ask(log, f"{SIGNINS}?$filter={TYPES}&$top=1", "v1.0").json["value"]
    beta = ask(log, f"{SIGNINS}?$top=1").json["value"][0]
    assert set(beta) - set(one) == signin.BETA_ONLY
    assert {name: beta[name] for name in one} == one
    alone = ask(log, f"{SIGNINS}/{one['id']}", "v1.0").json
    assert set(alone) - {"@odata.context"} == set(one)


def test_v1_of_a_tenant_with_extended_portability(own):
    own.wire.run(tenants.update, own.wire.administrator, seed.TENANT_ID, portability="extended")
    token = own.admin()
    v1, beta = (own.ask("GET", f"/{version}/{SIGNINS}?$top=1", token).json for version in ("v1.0", "beta"))
    assert v1["value"] == beta["value"] != []
    assert set(v1["value"][0]) >= signin.BETA_ONLY


EXPLAINED = {
    "nothing": ("?$top=1", "beta", {}, False),
    "the member": ("?$top=1&$select=id,accredit", "beta", {}, True),
    "another member": ("?$top=1&$select=id", "beta", {}, False),
    "an explanation": ("?$top=1", "beta", {"prefer": "accredit.explain"}, True),
    "an explanation, in v1.0": (f"?$filter={TYPES}&$top=1", "v1.0", {"prefer": "accredit.explain"}, False),
    "the member, in v1.0": (f"?$filter={TYPES}&$top=1&$select=accredit", "v1.0", {}, False),
}


@every("row", EXPLAINED.values(), ids=EXPLAINED.keys())
def test_what_graph_has_no_member_for_is_told_to_who_asks(log, row):
    query, version, headers, told = row
    (one,) = ask(log, SIGNINS + query, version, **headers).json["value"]
    assert ("accredit" in one) is told


def test_a_reader_has_every_event_again(log):
    found = ask(log, SIGNINS, prefer="accredit.explain").json["value"]
    events = {each.id: each for each in log.wire.events()}
    assert len(found) >= 7
    for each in found:
        read = signin.read(each, seed.TENANT_ID)
        kept = events[read.id]
        assert read == replace(kept, token_id=hashed(kept.token_id))


def test_a_sign_in_that_was_answered_is_in_the_log(log):
    for _ in range(3):
        answer = administrator_signs_in(log)
        newest = ask(log, f"{SIGNINS}?$top=1").json["value"][0]
        assert newest["id"] == answer.headers["x-ms-request-id"]
        assert newest["clientCredentialType"] == "clientSecret"


# --- who changed what ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def changed(log: Graph) -> str:
    """An application that was made and renamed over the API, each at a time of its own: its id."""
    token = log.caller("Application.ReadWrite.All").token
    log.wire.clock.advance(seconds=100)
    made = log.ask("POST", "/v1.0/applications", token, {"displayName": "watched"}).json["id"]
    log.wire.clock.advance(seconds=1)
    log.ask("PATCH", f"/v1.0/applications/{made}", token, {"displayName": "renamed"})
    return str(made)


@pytest.mark.parametrize("version", ["v1.0", "beta"])
def test_a_change_is_shown_as_it_was(log, changed, version):
    answer = ask(log, f"{AUDITS}?$top=2", version).json
    assert answer["@odata.context"] == f"{BASE}/{version}/$metadata#auditLogs/directoryAudits"
    renamed, made = answer["value"]
    caller = log.caller("Application.ReadWrite.All")
    assert (made["activityDisplayName"], made["operationType"]) == ("Add application", "Add")
    assert (renamed["activityDisplayName"], renamed["operationType"]) == ("Update application", "Update")
    assert renamed["initiatedBy"]["app"]["servicePrincipalId"] == str(caller.principal.id)
    assert renamed["initiatedBy"]["app"]["appId"] == str(caller.application.app_id)
    (target,) = renamed["targetResources"]
    assert target["id"] == changed
    assert target["modifiedProperties"] == [
        {"displayName": "displayName", "oldValue": '"watched"', "newValue": '"renamed"'}
    ]
    alone = ask(log, f"{AUDITS}/{renamed['id']}", version).json
    del alone["@odata.context"]
    assert alone == renamed


AUDITED = {
    "an activity": "activityDisplayName eq 'Update application'",
    "the beginning of one": "startswith(activityDisplayName,'update')",
    "a category": "category eq 'ApplicationManagement' and activityDisplayName eq 'Update application'",
    "a time": f"activityDateTime ge {NOW + timedelta(seconds=107):%Y-%m-%dT%H:%M:%SZ}",
    "a result": f"result eq 'success' and activityDateTime gt {NOW + timedelta(seconds=106):%Y-%m-%dT%H:%M:%SZ}",
}


@every("text", AUDITED.values(), ids=AUDITED.keys())
def test_filters_of_changes(log, changed, text):
    found = ask(log, f"{AUDITS}?$filter={text}").json["value"]
    assert [(each["activityDisplayName"], each["targetResources"][0]["id"]) for each in found][:1] == [
        ("Update application", changed)
    ]
    assert all(each["activityDisplayName"].startswith("Update ") for each in found)


def test_changes_by_correlation_id_and_by_id(log, changed):
    newest = ask(log, f"{AUDITS}?$top=1").json["value"][0]
    for name in ("id", "correlationId"):
        (found,) = ask(log, f"{AUDITS}?$filter={name} eq '{newest[name]}'").json["value"]
        assert found == newest


def test_changes_by_what_was_changed_and_by_who_changed_it(log, changed):
    caller = log.caller("Application.ReadWrite.All").application.app_id
    of_target = f"targetResources/any(t:t/id eq '{changed.upper()}')"
    of_caller = f"{of_target} and initiatedBy/app/appId eq '{caller}' and loggedByService eq 'Core Directory'"
    for text, names in {
        of_target: ["Update application", "Add application"],
        of_caller: ["Update application", "Add application"],
        f"{of_target} and operationType eq 'add'": ["Add application"],
        f"{of_target} and initiatedBy/app/appId eq '{ABSENT}'": [],
        f"targetResources/any(t:t/id eq '{ABSENT}')": [],
    }.items():
        found = ask(log, f"{AUDITS}?$filter={text}").json["value"]
        assert [each["activityDisplayName"] for each in found] == names, text
    unknown = ask(log, f"{AUDITS}?$filter=targetResources/any(t:t/displayName eq 'x')")
    assert refused(unknown)[:2] == (400, "Request_UnsupportedQuery")


def test_no_failed_change_leaves_a_record(log, changed):
    assert ask(log, f"{AUDITS}?$filter=result eq 'failure'").json["value"] == []


@every("order", ["", "&$orderby=activityDateTime", "&$orderby=activityDateTime desc"])
@every("top", [1, 3, 200])
def test_pages_of_changes_meet(log, changed, top, order):
    whole, _ = followed(log, f"{AUDITS}?$top=999{order}")
    found, pages = followed(log, f"{AUDITS}?$top={top}{order}")
    assert found == whole
    assert pages == max(1, -(-len(whole) // top))
    times = [each["activityDateTime"] for each in whole]
    assert times == sorted(times, reverse=order != "&$orderby=activityDateTime")
