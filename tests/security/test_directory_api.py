"""The directory API as an attacker calls it: tokens that prove nothing, bodies and queries that cost, other tenants."""

import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import uuid4

import pytest

from accredit.administer import applications, evidence, permissions, tenants
from accredit.app import seed
from tests.ops.servers import serving
from tests.ops.test_lifecycle import TENANT, mint
from tests.security.test_http import exchange, status
from tests.support.every import every
from tests.support.workload import principal_of

pytestmark = pytest.mark.slow
APPLICATIONS = "/v1.0/applications"
JSON = "application/json"
GROWTH = 24  # MiB of resident memory that an attack may leave behind
QUICK = 2.0  # seconds that any one refusal may take, on a machine that is busy
ERROR = {"code", "message", "innerError"}


def secret_token(server, client_id=str(seed.ADMIN_ID), secret=seed.ADMIN_SECRET, tenant=TENANT, scope=None):
    form = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": secret,
        "scope": scope or "https://graph.microsoft.com/.default",
    }
    answer = server.token(tenant, form)
    assert answer.status_code == 200, answer.text
    return answer.json()["access_token"]


@pytest.fixture(scope="module")
def token(server):
    """The token of the administrator."""
    return secret_token(server)


def call(server, method, path, token, **options):
    headers = {"authorization": f"Bearer {token}", **options.pop("headers", {})}
    return server.http.request(method, path, headers=headers, **options)


def refused(answer, *statuses):
    """Whether an answer is a refusal in Graph's envelope, which is all that az can read."""
    assert answer.status_code in statuses, (answer.status_code, answer.text[:500])
    error = answer.json()["error"]
    assert error.keys() == ERROR, error
    assert {"date", "request-id", "client-request-id"} <= error["innerError"].keys()
    return error


def segments(token):
    return token.split(".")


def rewritten(token, at, **members):
    """A token with other members in its header (0) or claims (1), and the signature that it had."""
    parts = segments(token)
    padded = parts[at] + "=" * (-len(parts[at]) % 4)
    told = json.loads(urlsafe_b64decode(padded)) | members
    parts[at] = urlsafe_b64encode(json.dumps(told).encode()).rstrip(b"=").decode()
    return ".".join(parts)


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    """A token of another authority's administrator: the same ids, other keys."""
    with serving(tmp_path_factory.mktemp("foreign")) as other:
        yield secret_token(other)


WORTHLESS = {
    "without a signature": lambda token, **_: token.rpartition(".")[0] + ".",
    "algorithm none": lambda token, **_: rewritten(token, 0, alg="none").rpartition(".")[0] + ".",
    "another algorithm": lambda token, **_: rewritten(token, 0, alg="HS256"),
    "another key": lambda token, **_: rewritten(token, 0, kid="other", x5t="other"),
    "more roles": lambda token, **_: rewritten(token, 1, roles=["Application.ReadWrite.All", "Everything"]),
    "another application": lambda token, **_: rewritten(token, 1, appid=str(seed.WORKLOAD_ID)),
    "another tenant": lambda token, **_: rewritten(token, 1, tid=str(uuid4())),
    "a longer life": lambda token, **_: rewritten(token, 1, exp=2**40),
    "the signature of another token": lambda token, foreign, **_: ".".join(
        (*segments(token)[:2], segments(foreign)[2])
    ),
    "another authority's": lambda foreign, **_: foreign,
    "what a platform signed": lambda assertion, **_: assertion,
    "for another API": lambda orders, **_: orders,
    "twice in one": lambda token, **_: f"{token} {token}",
    "with a tail": lambda token, **_: f"{token}.x",
    "no token": lambda **_: "a" * 4_000,
    "too long": lambda token, **_: token + "A" * 40_000,
    "dots": lambda **_: "." * 30_000,
    "control characters": lambda **_: "a\tb.c.d",
}


@every("made", WORTHLESS.values(), ids=WORTHLESS)
def test_a_token_that_proves_nothing_opens_nothing_and_is_not_repeated(server, token, foreign, made):
    worthless = made(
        token=token,
        foreign=foreign,
        assertion=mint(server),
        orders=secret_token(server, scope=f"{seed.ORDERS}/.default"),
    )
    answer = call(server, "GET", APPLICATIONS, worthless)
    error = refused(answer, 401, 400, 431)
    if answer.status_code == 401:
        assert error["code"] == "InvalidAuthenticationToken"
    assert worthless[-40:] not in answer.text
    assert worthless[-40:] not in server.log.read_text()
    posted = call(server, "POST", APPLICATIONS, worthless, json={"displayName": "by nobody"})
    assert posted.status_code == answer.status_code


def test_a_token_counts_in_its_header_once_and_nowhere_else(server, token):
    twice = [("authorization", f"Bearer {token}")] * 2
    refused(server.http.get(APPLICATIONS, headers=twice), 401)
    refused(server.http.get(f"{APPLICATIONS}?access_token={token}"), 401)
    refused(server.http.get(APPLICATIONS, headers={"authorization": f"Basic {token}"}), 401)
    refused(server.http.get(APPLICATIONS, headers={"cookie": f"access_token={token}"}), 401)
    refused(server.http.post(APPLICATIONS, data={"access_token": token}), 401)


def test_an_expired_token_is_refused_as_one(authority):
    form = {
        "grant_type": "client_credentials",
        "client_id": str(seed.ADMIN_ID),
        "client_secret": seed.ADMIN_SECRET,
        "scope": "https://graph.microsoft.com/.default",
    }
    bearer = {"authorization": f"Bearer {authority.post(form).json['access_token']}"}
    assert authority.ask("GET", APPLICATIONS, headers=bearer).status == 200
    authority.clock.advance(hours=2)
    late = authority.ask("GET", APPLICATIONS, headers=bearer)
    assert late.status == 401
    assert "Lifetime validation failed" in late.json["error"]["message"]


def nested(depth):
    return b'{"displayName":' + b"[" * depth + b"]" * depth + b"}"


BODIES = {
    "no JSON": b"displayName=x",
    "half of one": b'{"displayName":"x"',
    "a list": b"[]",
    "a text": b'"x"',
    "null": b"null",
    "two values": b"{}{}",
    "a byte order mark": b'\xef\xbb\xbf{"displayName":"x"}',
    "other bytes than UTF-8": b'{"displayName":"\xff"}',
    "half a surrogate pair": b'{"displayName":"\\ud800"}',
    "a name twice": b'{"displayName":"x","displayName":"y"}',
    "a name twice, one of them escaped": b'{"displayName":"x","display\\u004eame":"y"}',
    "a name twice, deep inside": b'{"displayName":"x","web":{"homePageUrl":"a","homePageUrl":"b"}}',
    "not a number": b'{"displayName":NaN}',
    "infinity": b'{"displayName":-Infinity}',
    "a huge number": b'{"displayName":1e999}',
    "digits without end": b'{"displayName":' + b"9" * 100_000 + b"}",
    "deep": nested(100),
    "very deep": nested(200_000),
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "many members": b"{" + b",".join(b'"m%d":0' % at for at in range(60_000)) + b"}",
    "a long list": b'{"displayName":"x","tags":[' + b",".join([b'"t"'] * 200_000) + b"]}",
    "a NUL": b'{"displayName":"x\\u0000y"}',
    "a binding of something else": b'{"displayName":"x","members@odata.bind":["https://x/users/1"]}',
    "a binding to another host's object": b'{"displayName":"x","owners@odata.bind":["file:///etc/passwd"]}',
}


@every("body", BODIES.values(), ids=BODIES)
def test_a_body_that_is_none_changes_nothing(server, token, body):
    before = call(server, "GET", f"{APPLICATIONS}/$count", token).text
    begun = time.monotonic()
    answer = call(server, "POST", APPLICATIONS, token, content=body, headers={"content-type": JSON})
    refused(answer, 400, 413)
    assert time.monotonic() - begun < QUICK
    assert call(server, "GET", f"{APPLICATIONS}/$count", token).text == before


@every("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/html", ""])
def test_json_is_json_only_when_it_says_so(server, token, kind):
    answer = call(server, "POST", APPLICATIONS, token, content=b'{"displayName":"x"}', headers={"content-type": kind})
    refused(answer, 400)


@pytest.mark.parametrize("proven", [True, False], ids=["administrator", "nobody"])
def test_a_giant_body_is_refused_in_little_memory(server, token, proven):
    before, bearer = server.memory, token if proven else "x"
    for _ in range(3):
        body = b'{"displayName":"' + b"a" * 10_000_000 + b'"}'
        head = (
            f"POST {APPLICATIONS} HTTP/1.1\r\nHost: {server.host}\r\nAuthorization: Bearer {bearer}\r\n"
            f"Content-Type: {JSON}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        assert status(exchange(server, head.encode(), body)) in (0, 401, 413)
    assert server.memory - before < GROWTH
    refused(call(server, "GET", f"{APPLICATIONS}/{uuid4()}", token), 404)


PATHS = [
    "/v1.0/applications/%",
    "/v1.0/applications/%zz",
    "/v1.0/applications/%ff%fe",
    "/v1.0/applications/%00",
    "/v1.0/applications/%2e%2e/%2e%2e/idp/_mint",
    "/v1.0/applications/..%2f..%2fidp",
    "/v1.0/applications('",
    "/v1.0/applications('a",
    "/v1.0/applications(appId='a'%20or%20'1'='1')",
    "/v1.0/applications(appId='a'';%20DROP%20TABLE%20applications;--')",
    "/v1.0/applications(__class__='x')",
    "/v1.0/applications(tenant_id='x')",
    "/v1.0/applications//owners",
    "/v1.0/" + "a/" * 300,
    "/v1.0/" + "a" * 5_000,
    "/v1.0/applications/" + "(" * 1_000,
    "/v1.0/$metadata",
    "/v1.0",
    "/v1.0/",
    "/beta/accredit.issuers/x/../../applications",
    "/v2.0/applications",
]


@every("path", PATHS, ids=range(len(PATHS)))
def test_odd_paths_lead_nowhere(server, token, path):
    said = exchange(
        server, f"GET {path} HTTP/1.1\r\nHost: {server.host}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    )
    assert status(said) in (400, 404), said[:300]
    assert b"Traceback" not in said
    assert b'"error"' in said


@every("method", ["PUT", "HEAD", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get"])
def test_odd_methods_do_nothing(server, token, method):
    head = f"{method} {APPLICATIONS} HTTP/1.1\r\nHost: {server.host}\r\nAuthorization: Bearer {token}\r\n"
    said = exchange(server, f"{head}Content-Length: 2\r\nContent-Type: {JSON}\r\n\r\n{{}}".encode())
    assert status(said) in (0, 400, 404, 405, 501), said[:300]


QUERIES = {
    "parentheses": "$filter=" + "(" * 4_000 + "id eq 'x'" + ")" * 3_999,
    "negations": "$filter=" + "not(" * 1_500 + "id eq 'x'" + ")" * 1_500,
    "alternatives": "$filter=" + " or ".join(["id eq 'x'"] * 500),
    "a list of values": "$filter=id in (" + ",".join(["'x'"] * 1_500) + ")",
    "an open quote": "$filter=displayName eq '" + "a" * 7_000,
    "quotes": "$filter=displayName eq '" + "''" * 3_000,
    "nested any": "$filter=" + "identifierUris/any(x:" * 200 + "x eq 'a'" + ")" * 200,
    "SQL": "$filter=displayName eq 'x'' OR 1=1 --' or 1=1",
    "a function": "$filter=contains(displayName,'x')",
    "arithmetic": "$filter=1 add 1 eq 2",
    "a secret": "$filter=passwordCredentials/any(p:p/secretText eq 'x')",
    "a column of ours": "$filter=tenant_id eq 'x'",
    "a member of Python's": "$filter=__class__ eq 'x'",
    "order by a column of ours": "$orderby=body",
    "expand everything": "$expand=*",
    "expand inside": "$expand=owners($expand=owners($expand=owners))",
    "select a path": "$select=" + "a/" * 5_000,
    "a page of a million": "$top=1000000",
    "a page of none": "$top=0",
    "less than none": "$top=-1",
    "another page than ours": "$skiptoken=AAAA",
    "an altered page": "$skiptoken=" + "A" * 4_000,
    "no UTF-8": "$filter=%ff",
    "no encoding": "$filter=%zz",
    "NUL": "$filter=displayName eq 'a%00b'",
    "twice": "$top=1&$top=2",
    "many parameters": "&".join(f"a{at}=1" for at in range(3_000)),
    "search": "$search=" + "x" * 8_000,
    "unknown": "$apply=aggregate($count as total)",
    "compute": "$compute=1 as x",
}


@every("query", QUERIES.values(), ids=QUERIES)
def test_odd_queries_are_refused_quickly(server, token, query):
    begun = time.monotonic()
    answer = call(server, "GET", f"{APPLICATIONS}?{query.replace(' ', '%20')}", token)
    error = refused(answer, 400)
    assert time.monotonic() - begun < QUICK
    assert error["code"] in ("BadRequest", "Request_UnsupportedQuery", "Request_BadRequest"), error
    assert len(answer.text) < 2_000 + len(query)


def test_a_query_of_ten_megabytes_is_cut_off(server, token):
    before = server.memory
    head = f"GET {APPLICATIONS}?$filter=".encode()
    tail = f" HTTP/1.1\r\nHost: {server.host}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    said = exchange(server, head, *[b"a" * 1_000_000] * 10, tail)
    assert status(said) in (0, 400, 414, 431)
    assert server.memory - before < GROWTH
    assert call(server, "GET", f"{APPLICATIONS}/$count", token).status_code == 200


def batch(server, token, *parts, **headers):
    return call(server, "POST", "/v1.0/$batch", token, json={"requests": list(parts)}, headers=headers)


def part(number, url="/applications", method="GET", **members):
    return {"id": str(number), "method": method, "url": url, **members}


BATCHES = {
    "none": [],
    "too many": [part(at) for at in range(21)],
    "one id for two": [part(1), part(1)],
    "a batch in a batch": [part(1, "/$batch", "POST", body={"requests": []})],
    "a batch in a batch, spelled": [part(1, "/%24batch", "POST", body={"requests": [part(2)]})],
    "two that wait for each other": [part(1, dependsOn=["2"]), part(2, dependsOn=["1"])],
    "one that waits for itself": [part(1, dependsOn=["1"])],
    "one that waits for nobody": [part(1, dependsOn=["9"])],
    "another host": [part(1, "https://evil.example/v1.0/applications")],
    "another host without a scheme": [part(1, "//evil.example/v1.0/applications")],
    "no URL": [part(1, "")],
    "a list for an id": [{"id": [], "method": "GET", "url": "/applications"}],
}


@every("parts", BATCHES.values(), ids=BATCHES)
def test_a_batch_that_is_none_runs_nothing(server, token, parts):
    answer = batch(server, token, *parts)
    if answer.status_code == 200:  # what is no batch may be a part that is refused by itself
        assert all(each["status"] >= 400 for each in answer.json()["responses"])
        return
    refused(answer, 400)


def test_a_part_of_a_batch_reaches_nothing_but_this_api(server, token):
    urls = ("/../idp/_mint", "/../../idp/_mint", "/%2e%2e/idp/_mint", "../beta/applications/x", "/applications/../me")
    answer = batch(server, token, *(part(at, url, "POST", body={}) for at, url in enumerate(urls)))
    told = answer.json()["responses"] if answer.status_code == 200 else []
    assert all(each["status"] in (400, 404, 405) for each in told)
    if not told:
        refused(answer, 400)


def test_a_part_of_a_batch_is_its_callers_and_nobody_elses(server, token):
    """A header of a part neither gives nor takes rights."""
    reader = secret_token(server, *an_application(server, "Application.Read.All"))
    mine = {"Authorization": f"Bearer {token}", "authorization": f"Bearer {token}", "Content-Type": JSON}
    written = part(1, "/applications", "POST", body={"displayName": "smuggled"}, headers=mine)
    (told,) = batch(server, reader, written).json()["responses"]
    assert told["status"] == 403
    (told,) = batch(server, token, part(1, headers={"Authorization": "Bearer x"})).json()["responses"]
    assert told["status"] == 200
    found = call(server, "GET", f"{APPLICATIONS}?$filter=displayName%20eq%20'smuggled'", token).json()["value"]
    assert found == []


@pytest.mark.parametrize(("conditions", "status"), [(20, 200), (60, 400)])  # the second: too much to read, all of it
def test_twenty_expensive_parts_take_bounded_time(server, token, conditions, status):
    worst = part(0, "/applications?$filter=" + "%20or%20".join(["startswith(displayName,'a')"] * conditions))
    begun = time.monotonic()
    answer = batch(server, token, *({**worst, "id": str(at)} for at in range(20)))
    assert answer.status_code == status
    assert {each["status"] for each in answer.json().get("responses", ())} <= {200}
    assert time.monotonic() - begun < 5 * QUICK


def an_application(server, *roles, tenant=seed.TENANT_ID):
    """Register an application with a secret and roles on Microsoft Graph; its client id and secret."""

    async def register(by):
        of = await applications.create(by, tenant, display_name=f"attacker {uuid4()}")
        graph = await principal_of(by, tenant, seed.GRAPH)
        mine = await principal_of(by, tenant, of.app_id)
        for role in roles:
            await permissions.grant(by, mine.id, graph.id, role)
        return of, await evidence.add_secret(by, of.id)

    of, made = server.administer(register)
    return str(of.app_id), made.value


def test_nothing_of_another_tenant_can_be_seen_named_or_changed(server, token):
    """SEC-24: an administrator of one tenant, with everything of the other one known."""
    domain = f"other-{uuid4().hex}.test"
    other = server.administer(lambda by: tenants.create(by, display_name="Other", domains=(domain,)))
    mine = ("Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All", "Directory.Read.All", "AuditLog.Read.All")
    stranger = secret_token(server, *an_application(server, *mine, tenant=other.id), tenant=str(other.id))
    victim = call(server, "POST", APPLICATIONS, token, json={"displayName": "victim"}).json()
    principal = call(server, "POST", "/v1.0/servicePrincipals", token, json={"appId": victim["appId"]}).json()

    def ask(method, path, body=None):
        return call(server, method, path, stranger, **({} if body is None else {"json": body}))

    for path in (
        f"{APPLICATIONS}/{victim['id']}",
        f"{APPLICATIONS}(appId='{victim['appId']}')",
        f"/v1.0/servicePrincipals/{principal['id']}",
        f"/v1.0/servicePrincipals(appId='{victim['appId']}')",
        f"/v1.0/directoryObjects/{victim['id']}",
        f"/v1.0/organization/{TENANT}",
    ):
        refused(ask("GET", path), 404)
    for path in (APPLICATIONS, "/v1.0/servicePrincipals"):
        found = ask("GET", f"{path}?$filter=appId%20eq%20'{victim['appId']}'").json()["value"]
        assert found == []
        refused(ask("PATCH", f"{path}/{victim['id']}", {"displayName": "mine"}), 404)
        refused(ask("DELETE", f"{path}/{victim['id']}"), 404)
    assert (
        ask("POST", "/v1.0/directoryObjects/getByIds", {"ids": [victim["id"], principal["id"]]}).json()["value"] == []
    )
    bound = f"https://localhost/v1.0/directoryObjects/{principal['id']}"
    owned = ask("POST", APPLICATIONS, {"displayName": "mine", "owners@odata.bind": [bound]})
    refused(owned, 400, 404)
    graph = ask("GET", f"/v1.0/servicePrincipals(appId='{seed.GRAPH}')").json()
    body = {"principalId": principal["id"], "resourceId": graph["id"], "appRoleId": graph["appRoles"][0]["id"]}
    refused(ask("POST", f"/v1.0/servicePrincipals/{graph['id']}/appRoleAssignedTo", body), 400, 404)
    refused(ask("POST", f"{APPLICATIONS}/{victim['id']}/addPassword", {}), 404)
    trail = ask("GET", "/v1.0/auditLogs/directoryAudits?$top=999").json()["value"]
    assert victim["id"] not in json.dumps(trail)
    signed = ask("GET", "/beta/auditLogs/signIns?$filter=signInEventTypes/any(t:t%20eq%20'servicePrincipal')").json()
    assert {each["homeTenantId"] for each in signed["value"]} <= {str(other.id)}
    assert call(server, "GET", f"{APPLICATIONS}/{victim['id']}", token).json()["displayName"] == "victim"


def test_what_is_taken_away_counts_at_once(server, token):
    """A token outlives the role in it; the role does not."""
    client_id, secret = an_application(server, "Application.Read.All")
    mine = secret_token(server, client_id, secret)
    assert call(server, "GET", APPLICATIONS, mine).status_code == 200
    principal = call(server, "GET", f"/v1.0/servicePrincipals(appId='{client_id}')", token).json()
    path = f"/v1.0/servicePrincipals/{principal['id']}"
    (held,) = call(server, "GET", f"{path}/appRoleAssignments", token).json()["value"]
    assert call(server, "DELETE", f"{path}/appRoleAssignments/{held['id']}", token).status_code == 204
    refused(call(server, "GET", APPLICATIONS, mine), 403)
    assert call(server, "PATCH", path, token, json={"accountEnabled": False}).status_code == 204
    refused(call(server, "GET", APPLICATIONS, mine), 401)
    assert call(server, "DELETE", path, token).status_code == 204
    refused(call(server, "GET", APPLICATIONS, mine), 401)


def test_no_secret_is_ever_shown_again(server, token):
    of = call(server, "POST", APPLICATIONS, token, json={"displayName": "has secrets"}).json()
    path = f"{APPLICATIONS}/{of['id']}"
    secret = call(server, "POST", f"{path}/addPassword", token, json={}).json()["secretText"]
    for where in (path, f"/beta/applications/{of['id']}", "/v1.0/auditLogs/directoryAudits?$top=50", APPLICATIONS):
        assert secret not in call(server, "GET", where, token).text
    assert secret not in server.log.read_text()
    assert secret.encode() not in (server.data / "accredit.db").read_bytes()


def test_all_this_left_no_error_of_our_own(server, token):
    said = server.log.read_text()
    assert "Traceback" not in said
    assert "graph.broken" not in said
    assert call(server, "GET", APPLICATIONS, token).status_code == 200
