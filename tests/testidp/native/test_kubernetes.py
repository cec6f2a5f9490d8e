"""The API server's TokenRequest and what is in a pod, against what the API server does."""

import json
from base64 import b64decode

import pytest

from accredit.testidp.native import Places
from accredit.testidp.native.catalogue import Natives
from accredit.testidp.native.kubernetes import EXTENDED, KUBELETS, LONGEST, SHORTEST
from tests.testidp.native.asking import asked, platforms
from tests.testidp.workbench import BASE, Parts, issuer

WL = "/api/v1/namespaces/default/serviceaccounts/wl/token"
POD = {"kind": "Pod", "apiVersion": "v1", "name": "wl-7d9c"}


@pytest.fixture(scope="module")
def natives():
    return platforms()


@pytest.fixture(scope="module")
def job(natives):
    return natives.begin({"dialect": "kubernetes"})


def ask(natives, job, spec=None, path=WL, **changed):
    body = {"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "spec": spec or {}}
    sent = changed.get("body", json.dumps(body).encode())
    headers = {"authorization": f"Bearer {changed.get('bearer', job[0].secret)}"}
    return natives.of_issuer(
        changed.get("dialect", "kubernetes"), asked(path, changed.get("method", "POST"), headers, sent)
    )


def granted(natives, job, spec=None, path=WL, **changed):
    answer = ask(natives, job, spec, path, **changed)
    said = json.loads(answer.body)
    assert answer.status == 201, said
    return said, Parts.of(said["status"]["token"]).claims, answer


def test_an_account_gets_a_token_for_the_audiences_that_it_asks_for(natives, job):
    said, claims, _ = granted(natives, job, {"audiences": ["a", "b"], "expirationSeconds": 900})
    assert (said["kind"], said["apiVersion"]) == ("TokenRequest", "authentication.k8s.io/v1")
    assert said["spec"] == {"audiences": ["a", "b"], "expirationSeconds": 900, "boundObjectRef": None}
    assert said["status"]["expirationTimestamp"] == "2026-11-23T14:15:00Z"
    assert claims["aud"] == ["a", "b"]
    assert claims["exp"] - claims["iat"] == 900
    assert claims["kubernetes.io"] == {
        "namespace": "default",
        "serviceaccount": {"name": "wl", "uid": "16a4507c-6d0e-4b0a-9a51-1c2d3e4f5a6b"},
    }


def test_who_says_nothing_gets_an_hour_for_the_api_server(natives, job):
    said, claims, _ = granted(natives, job)
    assert said["spec"]["expirationSeconds"] == 3600
    assert claims["aud"] == [claims["iss"]]
    assert granted(natives, job, body=b"")[1]["aud"] == [claims["iss"]]


def test_every_other_account_has_a_uid_that_stays(natives, job):
    path = "/api/v1/namespaces/shop/serviceaccounts/api.v2/token"
    first, second, own = (granted(natives, job, path=each)[1] for each in (path, path, WL))
    assert first["sub"] == "system:serviceaccount:shop:api.v2"
    assert first["kubernetes.io"] == second["kubernetes.io"]
    uids = {each["kubernetes.io"]["serviceaccount"]["uid"] for each in (first, own)}
    assert len(uids) == 2


def test_a_token_that_is_bound_says_to_what(natives, job):
    rows = {"Pod": {"pod", "node"}, "Secret": {"secret"}, "Node": {"node"}}
    found = {}
    for kind in rows:
        said, claims, _ = granted(natives, job, {"boundObjectRef": {**POD, "kind": kind, "name": "it"}})
        assert said["spec"]["boundObjectRef"] == {**POD, "kind": kind, "name": "it"}
        assert claims["kubernetes.io"][kind.lower()]["name"] == "it"
        found[kind] = {*claims["kubernetes.io"]} - {"namespace", "serviceaccount"}
    assert found == rows


def test_a_reference_may_name_the_uid_that_the_object_has(natives, job):
    pod = granted(natives, job, {"boundObjectRef": POD})[1]["kubernetes.io"]["pod"]
    assert granted(natives, job, {"boundObjectRef": {**POD, "uid": pod["uid"]}})[1]["kubernetes.io"]["pod"] == pod
    answer = ask(natives, job, {"boundObjectRef": {**POD, "uid": "another"}})
    assert (answer.status, json.loads(answer.body)["reason"]) == (409, "Conflict")


def test_the_kubelets_own_request_lives_a_year_and_says_from_when_it_is_too_old(natives, job):
    said, claims, _ = granted(natives, job, {"expirationSeconds": KUBELETS, "boundObjectRef": POD})
    assert claims["exp"] - claims["iat"] == EXTENDED
    assert claims["kubernetes.io"]["warnafter"] == claims["iat"] + KUBELETS
    assert said["status"]["expirationTimestamp"] == "2026-11-23T15:00:07Z"
    for other in ({"audiences": ["a"], "boundObjectRef": POD}, {}):
        claims = granted(natives, job, {"expirationSeconds": KUBELETS, **other})[1]
        assert claims["exp"] - claims["iat"] == KUBELETS
        assert "warnafter" not in claims["kubernetes.io"]


def test_durations_at_their_ends(natives, job):
    assert granted(natives, job, {"expirationSeconds": SHORTEST})[0]["spec"]["expirationSeconds"] == SHORTEST
    said, claims, answer = granted(natives, job, {"expirationSeconds": LONGEST})
    assert said["spec"]["expirationSeconds"] == claims["exp"] - claims["iat"] < LONGEST
    assert "shortened" in dict(answer.headers)["warning"]
    refused = {
        SHORTEST - 1: "may not specify a duration less than 10 minutes",
        -1: "may not specify a duration less than 10 minutes",
        LONGEST + 1: "may not specify a duration larger than 2^32 seconds",
    }
    for seconds, sentence in refused.items():
        answer = ask(natives, job, {"expirationSeconds": seconds})
        said = json.loads(answer.body)
        cause = {
            "reason": "FieldValueInvalid",
            "message": f"Invalid value: {seconds}: {sentence}",
            "field": "spec.expirationSeconds",
        }
        assert (answer.status, said["code"], said["reason"]) == (422, 422, "Invalid")
        assert said["details"]["causes"] == [cause]
        assert said["message"].endswith(f"spec.expirationSeconds: Invalid value: {seconds}: {sentence}")


def test_it_refuses_as_the_api_server_does(natives, job):
    rows = {
        "a wrong bearer": ({"bearer": "x"}, 401, "Unauthorized"),
        "another method": ({"method": "GET"}, 405, "MethodNotAllowed"),
        "no JSON": ({"body": b"{"}, 400, "BadRequest"),
        "another kind": ({"body": b'{"kind": "Pod"}'}, 400, "BadRequest"),
        "another version": ({"body": b'{"apiVersion": "v1"}'}, 400, "BadRequest"),
        "a wrong type": ({"spec": {"expirationSeconds": "1"}}, 400, "BadRequest"),
        "an empty audience": ({"spec": {"audiences": [""]}}, 400, "BadRequest"),
        "an object of another kind": ({"spec": {"boundObjectRef": {**POD, "kind": "ConfigMap"}}}, 400, "BadRequest"),
        "an object of another group": ({"spec": {"boundObjectRef": {**POD, "apiVersion": "a/v1"}}}, 400, "BadRequest"),
        "an impossible object": ({"spec": {"boundObjectRef": {**POD, "name": "A"}}}, 404, "NotFound"),
        "an impossible account": ({"path": WL.replace("wl", "W_L")}, 404, "NotFound"),
        "an impossible namespace": ({"path": WL.replace("default", "a.b")}, 404, "NotFound"),
    }
    found = {}
    for name, (change, _, _) in rows.items():
        answer = ask(natives, job, **change)
        said = json.loads(answer.body)
        assert (said["kind"], said["apiVersion"], said["status"]) == ("Status", "v1", "Failure"), name
        found[name] = (answer.status, said["reason"])
    assert found == {name: (status, reason) for name, (_, status, reason) in rows.items()}


def test_what_a_pod_finds(natives):
    for dialect in ("kubernetes", "eks", "aks", "gke"):
        job, environment = natives.begin({"dialect": dialect})
        token = Parts.of(environment.files["token"]).claims
        assert token["iss"] == natives.jobs.issuer.platform(dialect).issuer
        assert environment.paths["AZURE_FEDERATED_TOKEN_FILE"] == "token"
        assert ("AWS_WEB_IDENTITY_TOKEN_FILE" in environment.paths) == (dialect == "eks")
        config = json.loads(environment.files["kubeconfig"])
        cluster = config["clusters"][0]["cluster"]
        assert cluster["server"] == f"{BASE}/idp/{dialect}"
        assert b64decode(cluster["certificate-authority-data"]).startswith(b"-----BEGIN")
        assert granted(natives, (job, environment), dialect=dialect)[1]["iss"] == token["iss"]


def test_without_a_ca_none_is_named():
    config = json.loads(Natives(issuer(), Places(BASE)).begin({"dialect": "kubernetes"})[1].files["kubeconfig"])
    assert [*config["clusters"][0]["cluster"]] == ["server"]


def test_other_addresses_are_none_of_it(natives):
    assert natives.of_issuer("kubernetes", asked("/api/v1/namespaces/default/pods")) is None
