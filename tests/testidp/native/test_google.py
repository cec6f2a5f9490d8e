"""The metadata server of Google Cloud, as its reference words it. google-auth reads it in clients/."""

import json

from tests.testidp.native.asking import METADATA, asked, at, begun, platforms
from tests.testidp.workbench import Parts

ROOT = "/computeMetadata/v1/"
ACCOUNT = f"{ROOT}instance/service-accounts/default/"
EMAIL = "wl@my-project.iam.gserviceaccount.com"
FLAVOR = {"metadata-flavor": "Google"}

ANSWERS = {  # path, method, headers, status, and what the body says
    "the root, before anything is known": ("/", "GET", {}, 200, "computeMetadata/"),
    "no header": (f"{ACCOUNT}email", "GET", {}, 403, "Metadata-Flavor"),
    "a header of another value": (f"{ACCOUNT}email", "GET", {"metadata-flavor": "Amazon"}, 403, "Metadata-Flavor"),
    "a request that was passed on": (
        f"{ACCOUNT}email",
        "GET",
        FLAVOR | {"x-forwarded-for": "10.0.0.1"},
        403,
        "X-Forwarded-For",
    ),
    "another method": (f"{ACCOUNT}identity", "POST", FLAVOR, 405, "Method"),
    "the address of the account": (f"{ACCOUNT}email", "GET", FLAVOR, 200, EMAIL),
    "its scopes": (f"{ACCOUNT}scopes", "GET", FLAVOR, 200, "https://www.googleapis.com/auth/cloud-platform\n"),
    "all accounts": (f"{ROOT}instance/service-accounts/", "GET", FLAVOR, 200, f"default/\n{EMAIL}/"),
    "the project": (f"{ROOT}project/project-id", "GET", FLAVOR, 200, "my-project"),
    "the zone": (f"{ROOT}instance/zone", "GET", FLAVOR, 200, "projects/739419398126/zones/us-west1-b"),
    "the domain": (f"{ROOT}universe/universe-domain", "GET", FLAVOR, 200, "googleapis.com"),
    "an access token, which is not made here": (f"{ACCOUNT}token", "GET", FLAVOR, 404, "not found"),
    "an account that the machine has not": (
        ACCOUNT.replace("default", "x@y.example") + "email",
        "GET",
        FLAVOR,
        404,
        "not found",
    ),
    "no audience": (f"{ACCOUNT}identity", "GET", FLAVOR, 400, "non-empty audience"),
    "an empty audience": (f"{ACCOUNT}identity?audience=", "GET", FLAVOR, 400, "non-empty audience"),
    "another format": (f"{ACCOUNT}identity?audience=a&format=short", "GET", FLAVOR, 400, "full or standard"),
}


def test_what_the_metadata_server_answers():
    natives, failures = platforms(), []
    for sentence, (path, method, headers, status, says) in ANSWERS.items():
        answer = at(natives, "metadata", asked(path, method, headers))
        found = (answer.status, dict(answer.headers).get("metadata-flavor"), bool(answer.content_type))
        if found != (status, "Google", True) or says not in answer.body.decode():
            failures.append((sentence, answer))
    assert failures == []


def test_the_account_as_a_whole():
    answer = at(platforms(), "metadata", asked(f"{ACCOUNT}?recursive=true", headers=FLAVOR))
    assert answer.content_type == "application/json"
    assert json.loads(answer.body)["email"] == EMAIL


def test_a_token_says_of_the_machine_only_what_was_asked_for():
    natives = platforms()
    for form, says in (("full", True), ("standard", False), (None, False)):
        query = {"audience": "api://a"} | ({"format": form} if form else {})
        answer = at(natives, "metadata", asked(f"{ACCOUNT}identity", headers=FLAVOR, **query))
        claims = Parts.of(answer.body.decode()).claims
        assert claims["aud"] == "api://a"
        assert ("google" in claims) == says


def test_each_job_has_a_metadata_server_of_its_own():
    natives = platforms()
    first = begun(natives, "google", params={"unique_id": "1", "email": "first@my-project.iam.gserviceaccount.com"})
    begun(natives, "google", params={"unique_id": "2", "email": "second@my-project.iam.gserviceaccount.com"})
    host = METADATA.removeprefix("http://")
    assert first["GCE_METADATA_HOST"].startswith(f"{host}/")
    own = first["GCE_METADATA_HOST"].removeprefix(host)
    for place, name in ((own, "first"), ("", "second")):
        answer = at(natives, "metadata", asked(f"{place}{ACCOUNT}email", headers=FLAVOR))
        assert answer.body.decode().startswith(name)
    assert at(natives, "metadata", asked(own)).status == 200  # where libraries look first
    assert natives.at("metadata", asked(f"/nobody{ACCOUNT}email", headers=FLAVOR)) is None
