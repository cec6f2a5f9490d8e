"""``accredit issuer check`` and what else a command says of an issuer's keys: beside the store, and at a URL."""

import json
from time import monotonic, sleep

import httpx2
import jwt
import pytest
from prometheus_client.parser import text_string_to_metric_families

from accredit.cli import failures
from tests.testidp import workbench

GITHUB = "https://token.actions.githubusercontent.com"


def test_a_store_that_served_knows_what_fetches_showed(cli):
    (key,) = cli("issuer", "keys", GITHUB, "-o", "json").json
    assert (key["kty"], key["size"], key["source"], key["goneDateTime"]) == ("RSA", 2_048, "discovery", None)
    assert key["kid"] in cli("issuer", "keys", GITHUB).out
    assert key["kid"] in cli("issuer", "show", GITHUB).out
    known = cli("issuer", "history", GITHUB, "-o", "json").json
    assert [each["result"] for each in known["fetches"]] == ["ok"]
    assert sorted(each["kind"] for each in known["documents"]) == ["discovery", "jwks"]
    assert "ok" in cli("issuer", "history", GITHUB).out


def test_a_check_beside_a_store_says_what_is_wrong_and_answers_no(cli):
    ended = cli("issuer", "check", "https://nobody.invalid")
    assert ended.code == failures.NO
    lines = ended.out.splitlines()
    assert lines[0] == "https://nobody.invalid"
    assert lines[1].startswith("  ✓ P1  Issuer URL")
    assert any(each.startswith("  ✗ P3  Name") for each in lines)
    assert "fix The name does not exist from here" in ended.out
    assert lines[-1] == "not usable: P3 Name"
    assert max(map(len, lines)) <= 80
    assert cli("issuer", "check", "https://nobody.invalid", "-o", "json").json["verdict"] == "not_usable"


def test_a_check_of_uploaded_keys_needs_no_network(cli, tmp_path):
    jwks = tmp_path / "keys.json"
    honest = dict(workbench.shared().platform("github").keyring.published("RS256")[0].jwk)
    jwks.write_text(json.dumps({"keys": [honest, {"kty": "oct", "kid": "bad\x1b"}]}))
    assert cli("issuer", "create", "https://uploaded.example", "--keys", str(jwks)).code == 0
    ended = cli("issuer", "check", "https://uploaded.example", "-v")
    assert ended.code == 0
    assert "! P12 Keys" in ended.out
    assert "KP-01 a symmetric key" in ended.out
    assert "\x1b" not in ended.out
    assert ended.out.splitlines()[-1] == "usable, with warnings: P12 Keys"


def test_keys_are_dropped_beside_a_store_but_fetched_by_a_server_only(cli):
    assert cli("issuer", "drop-keys", GITHUB).code == 0
    ended = cli("issuer", "refresh", GITHUB)
    assert ended.code == failures.USAGE
    assert "ACC5005" in ended.err
    assert "accredit login" in ended.err


def test_a_name_that_nothing_has_is_no_issuer_to_visit(cli):
    ended = cli("issuer", "check", "acc7ed17-0000-4000-8000-00000000ffff")
    assert ended.code == failures.NOT_FOUND


def test_several_records_of_one_url_are_told_apart_by_id(cli):
    assert cli("tenant", "update", "--portability", "extended").code == 0
    for more in ((), ("--twin",)):
        assert cli("issuer", "create", "https://kubernetes.default.svc", *more).code == 0, more
    ended = cli("issuer", "check", "https://kubernetes.default.svc")
    assert ended.code == failures.USAGE
    assert "have this name; use one of" in ended.err


@pytest.mark.usefixtures("signed_in")
def test_an_authority_at_a_url_checks_fetches_and_tells(bare, emulator, ready):
    token = emulator.mint("gitlab", instance="checked")
    issuer = jwt.decode(token, options={"verify_signature": False})["iss"]
    first = bare("issuer", "check", issuer)
    assert (first.code, first.out.splitlines()[-1]) == (0, "usable; keys are fetched again 4 min after each fetch")
    assert bare("issuer", "create", issuer).code == 0
    state = bare("issuer", "refresh", issuer, "-o", "json")
    assert (state.code, state.json["health"], state.json["keys"]) == (0, "ok", 1)
    down = ("idp", "down", "gitlab", "status_403_jwks", "--instance", "checked", "--ready-file", ready)
    assert bare(*down).code == 0
    ended = bare("issuer", "check", issuer)
    assert ended.code == failures.NO
    assert "✗ P11 Key document" in ended.out
    assert "system:service-account-issuer-discovery" in ended.out
    refreshed = bare("issuer", "refresh", issuer)
    assert refreshed.code == failures.UNREACHABLE
    assert "403" in refreshed.out
    assert bare("issuer", "drop-keys", issuer).code == 0
    assert bare("issuer", "delete", issuer, "--yes").code == 0


@pytest.mark.usefixtures("signed_in")
def test_an_issuer_that_drifts_is_told_in_the_audit_log_and_counted(bare, emulator, ready):
    token = emulator.mint("gitlab", instance="drifting")
    issuer = jwt.decode(token, options={"verify_signature": False})["iss"]
    record = bare("issuer", "create", issuer, "-o", "json").json["id"]
    before = counted(emulator)
    for done in (("issuer", "refresh", issuer), ("idp", "rotate", "gitlab", "--instance", "drifting", *told(ready))):
        assert bare(*done).code == 0
    assert bare("issuer", "refresh", issuer).code == 0
    until = monotonic() + 20
    while len(bare("issuer", "keys", issuer, "-o", "json").json) < 2:
        assert monotonic() < until, "what was fetched is written within a second"
        sleep(0.05)
    assert counted(emulator)["key_added"] == before["key_added"] + 1
    (drift,) = [
        each
        for each in bare("audit", "list", "-o", "json").json
        if each["activityDisplayName"] == "Issuer drift" and each["targetResources"][0]["id"] == record
    ]
    assert drift["initiatedBy"]["app"]["displayName"] == "accredit"
    modified = {each["displayName"]: each["newValue"] for each in drift["targetResources"][0]["modifiedProperties"]}
    assert (modified["kind"], modified["level"]) == ('"key_added"', '"info"')


def told(ready):
    return ("--ready-file", ready)


def counted(emulator):
    """How often issuers drifted, by kind."""
    text = httpx2.get(f"{emulator.ready['admin_url']}/metrics", trust_env=False).text
    (family,) = (each for each in text_string_to_metric_families(text) if each.name == "accredit_issuer_drift")
    return {each.labels["kind"]: each.value for each in family.samples if each.name.endswith("_total")}
