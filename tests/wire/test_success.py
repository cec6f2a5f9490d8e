"""Granted: answers, headers, claims and the event, for both versions of endpoint and token."""

import json
from base64 import b64encode, urlsafe_b64decode
from typing import Any
from uuid import UUID

import jwt

from accredit.administer import applications
from accredit.app import seed
from tests.wire.authority import ADMIN, BASE, TENANT, TOKEN_PATH, WORKLOAD, Answer, Wire

NOW = 1_795_442_400
PRINCIPAL = str(seed.marked("principal deploy-bot"))
GRAPH = "https://graph.microsoft.com"


def claims(answer: Answer) -> dict[str, Any]:
    """The claims of the token, volatile ones replaced by their names."""
    header, payload, _ = answer.json["access_token"].split(".")
    assert header
    found = dict(json.loads(urlsafe_b64decode(payload + "==")))
    trace = UUID(answer.headers["x-ms-request-id"])
    assert urlsafe_b64decode(found["uti"] + "==") == trace.bytes_le
    return found | {"aio": "AIO", "uti": "UTI"}


def header(answer: Answer) -> dict[str, Any]:
    return dict(jwt.get_unverified_header(answer.json["access_token"]))


def test_version_2(shared: Wire) -> None:
    answer = shared.post(shared.form())
    assert answer.status == 200
    assert list(answer.json) == ["token_type", "expires_in", "ext_expires_in", "access_token"]
    assert (answer.json["token_type"], answer.json["expires_in"], answer.json["ext_expires_in"]) == (
        "Bearer",
        3599,
        3599,
    )
    assert list(claims(answer).items()) == [
        ("aud", str(seed.ORDERS_ID)),
        ("iss", f"{BASE}/{TENANT}/v2.0"),
        ("iat", NOW - 300),
        ("nbf", NOW - 300),
        ("exp", NOW + 3600),
        ("aio", "AIO"),
        ("azp", WORKLOAD),
        ("azpacr", "2"),
        ("idtyp", "app"),
        ("oid", PRINCIPAL),
        ("rh", "1.AVwKF-3HrAAAAECAAAAAAAAAARftx6wAAABAgAAAAAAAAARcCgAAAA."),
        ("roles", ["Orders.Read.All"]),
        ("sub", PRINCIPAL),
        ("tid", TENANT),
        ("uti", "UTI"),
        ("ver", "2.0"),
    ]
    assert list(header(answer)) == ["typ", "alg", "kid"]
    assert header(answer)["kid"].startswith("emulator-")


def test_version_1_for_graph(shared: Wire) -> None:
    answer = shared.post(shared.form(scope=f"{GRAPH}/.default"))
    found = claims(answer)
    assert list(found) == (
        [
            "aud",
            "iss",
            "iat",
            "nbf",
            "exp",
            "aio",
            "app_displayname",
            "appid",
            "appidacr",
            "idp",
            "idtyp",
            "oid",
            "rh",
            "roles",
            "sub",
            "tid",
            "uti",
            "ver",
            "wids",
        ]
    )
    assert (found["aud"], found["iss"], found["idp"], found["ver"]) == (
        GRAPH,
        f"{BASE}/{TENANT}/",
        f"{BASE}/{TENANT}/",
        "1.0",
    )
    assert list(header(answer)) == ["typ", "alg", "x5t", "kid"]
    assert header(answer)["kid"] == "emulator-" + header(answer)["x5t"]


def test_the_endpoint_of_version_1_answers_in_text_and_echoes_the_resource(shared: Wire) -> None:
    answer = shared.post(shared.form(scope=None, resource=GRAPH + "/"), f"/{TENANT}/oauth2/token")
    body = answer.json
    assert list(body) == [
        "token_type",
        "expires_in",
        "ext_expires_in",
        "expires_on",
        "not_before",
        "resource",
        "access_token",
    ]
    assert (body["expires_in"], body["ext_expires_in"], body["resource"]) == ("3600", "3600", GRAPH + "/")
    assert (int(body["expires_on"]), int(body["not_before"])) == (NOW + 3600, NOW - 300)
    assert claims(answer)["aud"] == GRAPH + "/"


def test_headers_are_those_of_the_contract_and_no_cookie_is_set(shared: Wire) -> None:
    guid = "57a671b2-b4c8-4a87-9b73-3f8848456127"
    answer = shared.post(shared.form(), headers={"client-request-id": guid, "return-client-request-id": "true"})
    assert {
        name: value for name, value in answer.headers.items() if name not in {"x-ms-request-id", "x-ms-ests-server"}
    } == {
        "cache-control": "no-store, no-cache",
        "pragma": "no-cache",
        "content-type": "application/json; charset=utf-8",
        "expires": "-1",
        "x-content-type-options": "nosniff",
        "p3p": 'CP="DSP CUR OTPi IND OTRi ONL FIN"',
        "x-xss-protection": "0",
        "client-request-id": guid,
        "content-length": str(len(answer.body)),
    }
    assert answer.headers["x-ms-ests-server"].startswith("accredit/")


def test_resources_are_found_by_every_spelling(shared: Wire) -> None:
    for scope, audience in (
        (f"{seed.ORDERS_ID}/.default", str(seed.ORDERS_ID)),
        (f"{str(seed.ORDERS_ID).upper()}/.default", str(seed.ORDERS_ID)),
        ("API://orders//.default", str(seed.ORDERS_ID)),
        ("openid profile offline_access api://orders/.default", str(seed.ORDERS_ID)),
        ("https://GRAPH.microsoft.com/.default", "https://GRAPH.microsoft.com"),
        ("https://management.azure.com//.default", "https://management.azure.com/"),
        (f"{BASE}/.default", BASE),
        ("https://localhost/.default", "https://localhost"),
        (f"{BASE}/arm/.default", f"{BASE}/arm"),
    ):
        answer = shared.post(shared.form(scope=scope))
        assert answer.status == 200, (scope, answer.json)
        assert claims(answer)["aud"] == audience, scope


def test_a_resource_without_roles_gives_a_token_without_roles(shared: Wire) -> None:
    assert "roles" not in claims(shared.post(shared.form(scope="https://vault.azure.net/.default")))


def test_tenants_are_found_by_id_domain_and_organizations_and_slashes_may_be_doubled(shared: Wire) -> None:
    for tenant in (TENANT.upper(), "contoso.test", "CONTOSO.test", "organizations"):
        assert shared.post(shared.form(), f"/{tenant}/oauth2/v2.0/token").status == 200, tenant
    assert shared.post(shared.form(), "//" + TOKEN_PATH.lstrip("/") + "?client-request-id=x").status == 200


def test_unknown_parameters_and_headers_are_ignored(shared: Wire) -> None:
    form = shared.form(client_info="1", claims='{"access_token":{}}', response_type="token", **{"x-client-SKU": "a"})
    assert shared.post(form, headers={"x-client-ver": "1", "commandname": "az"}).status == 200


def test_an_assertion_from_a_file_may_end_in_a_line_feed(shared: Wire) -> None:
    assert shared.post(shared.form(client_assertion=f" {shared.mint()}\r\n")).status == 200


def test_a_secret_by_form_and_by_basic(shared: Wire) -> None:
    form = {"grant_type": "client_credentials", "scope": f"{GRAPH}/.default"}
    posted = shared.post(form | {"client_id": ADMIN, "client_secret": seed.ADMIN_SECRET})
    value = "Basic " + b64encode(f"{ADMIN.replace('-', '%2D')}:{seed.ADMIN_SECRET}".encode()).decode()
    basic = shared.post(form, headers={"authorization": value})
    for answer in (posted, basic):
        assert claims(answer)["appidacr"] == "1"
    assert shared.events()[0].evidence == "clientSecret"
    assert shared.events()[0].key_id == seed.marked("admin secret")


def test_the_event_of_a_grant_names_the_credential_and_what_was_issued(emulator: Wire) -> None:
    answer = emulator.post(emulator.form(), headers={"user-agent": "tests/1"})
    (event,) = emulator.events()
    assert (event.code, event.evidence, event.proof) == (0, "federatedIdentityCredential", "proven")
    assert (event.credential_id, event.credential_name) == (seed.marked(seed.CREDENTIAL), seed.CREDENTIAL)
    assert (event.issuer, event.subject, event.audiences) == (
        seed.GITHUB,
        seed.SUBJECT,
        ("api://AzureADTokenExchange",),
    )
    assert (event.roles, event.resource_name, event.wanted) == (("Orders.Read.All",), "Orders API", "api://orders")
    assert (str(event.id), event.address, event.user_agent) == (
        answer.headers["x-ms-request-id"],
        "127.0.0.1",
        "tests/1",
    )
    assert event.uti == jwt.decode(answer.json["access_token"], options={"verify_signature": False})["uti"]


def test_events_of_refusals_say_why_and_whether_the_sender_was_proven(emulator: Wire) -> None:
    emulator.post(emulator.form(client_assertion=emulator.mint(branch="main")))
    emulator.post(emulator.form(client_assertion=emulator.mint(branch="main", faults=["bad_signature"])))
    emulator.post(emulator.form(client_assertion=emulator.mint(faults=["bad_signature"])))
    bad, unproven, proven = emulator.events()
    assert (proven.code, proven.proof) == (700213, "proven")
    assert [(each.claim, each.passed) for each in proven.verdicts[0].checks] == [
        ("iss", True),
        ("aud", True),
        ("sub", False),
    ]
    assert (unproven.code, unproven.proof) == (700213, "unproven")
    assert (bad.code, bad.proof, bad.credential_name) == (700027, "unproven", seed.CREDENTIAL)


def test_no_token_secret_or_signature_is_ever_stored(emulator: Wire) -> None:
    token = emulator.mint(branch="main")
    emulator.post(emulator.form(client_assertion=token))
    granted = emulator.post(emulator.form(client_assertion=(good := emulator.mint())))
    form = {"grant_type": "client_credentials", "scope": f"{GRAPH}/.default", "client_id": ADMIN}
    emulator.post(form | {"client_secret": "canary-secret-canary-secret"})
    kept = b"".join(each.read_bytes() for each in emulator.runtime.folder.path.iterdir() if each.is_file())
    for value in (token, good, granted.json["access_token"]):
        assert value.rsplit(".", 1)[1][:40].encode() not in kept
    assert b"canary-secret" not in kept


def test_es256_for_a_resource_that_wants_it(emulator: Wire) -> None:
    emulator.run(
        applications.update, emulator.administrator, seed.marked("application Orders API"), signing_algorithm="ES256"
    )
    answer = emulator.post(emulator.form())
    keys = emulator.ask("GET", f"/{TENANT}/discovery/v2.0/keys").json
    found = next(key for key in jwt.PyJWKSet.from_dict(keys).keys if key.key_id == header(answer)["kid"])
    assert header(answer)["alg"] == "ES256"
    assert jwt.decode(
        answer.json["access_token"],
        found,
        ["ES256"],
        audience=str(seed.ORDERS_ID),
        options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
    )
