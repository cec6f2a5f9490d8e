"""`accredit explain -f`: a token against trusts that stand in files, with nothing running, stored or registered."""

import json
import time

import pytest

from accredit.cli import run
from tests.forge import AUDIENCE, ISSUER, SUBJECT, assemble

OTHER = "repo:octo-org/octo-repo:environment:production"
HEAD = {"alg": "RS256", "kid": "key-1", "typ": "JWT"}


def token(**changes):
    now = int(time.time())
    said = {"iss": ISSUER, "sub": SUBJECT, "aud": AUDIENCE, "iat": now - 60, "nbf": now - 60, "exp": now + 600}
    return assemble(HEAD, {name: value for name, value in {**said, **changes}.items() if value is not ...})


def listed(**changes):
    """What ``az ad app federated-credential list -o json`` prints, of one credential."""
    known = {"id": "6f0f5b0c-0000-4000-8000-000000000001", "name": "github", "issuer": ISSUER, "subject": SUBJECT}
    return [{**known, "audiences": [AUDIENCE], "description": None} | changes]


def applications(**held):
    """What Microsoft Graph answers for applications with their credentials."""
    return {
        "value": [
            {"appId": f"00000000-0000-4000-8000-{n:012}", "displayName": name, "federatedIdentityCredentials": trusts}
            for n, (name, trusts) in enumerate(held.items())
        ]
    }


@pytest.fixture
def file(tmp_path):
    def write(value, name="trusts.json"):
        (tmp_path / name).write_text(json.dumps(value))
        return str(tmp_path / name)

    return write


@pytest.fixture
def asked(capsys, monkeypatch, tmp_path):
    """Run the command where there is no store at all."""
    monkeypatch.setenv("ACCREDIT_DATA", str(tmp_path / "nowhere"))
    monkeypatch.chdir(tmp_path)

    def ask(*words):
        code = run(words)
        told = capsys.readouterr()
        return code, told.out, told.err

    return ask


def test_a_token_is_explained_against_what_az_printed(asked, file):
    code, out, _ = asked("explain", token(sub=OTHER), "-f", file(listed()), "-o", "json")
    told = json.loads(out)
    assert (code, told["code"], told["cause"], told["proof"]) == (3, "AADSTS700213", "ENTITY_TYPE", "unknown")
    assert told["near"][0]["name"] == "github"


def test_what_matches_is_not_proven_and_says_so(asked, file):
    code, out, _ = asked("explain", token(), "-f", file(listed()))
    assert code == 3
    assert "would match, if its signature holds (not checked)" in " ".join(out.split())
    assert "trusts.json:" in out


@pytest.mark.parametrize("words", [(), ("-a", "Payments"), ("--all",)])
def test_of_several_applications_one_is_named_or_all_are_told(asked, file, words):
    path = file(applications(orders=listed(subject="x"), payments=listed()))
    code, out, err = asked("explain", token(), "-f", path, "-o", "json", *words)
    if not words:
        assert (code, "the files have 2 applications" in err) == (2, True)
    elif words == ("--all",):
        assert [each["application"] for each in json.loads(out)] == ["payments", "orders"]
    else:
        assert json.loads(out)["outcome"] == "accepted"


def test_another_application_of_the_file_that_trusts_the_token_is_named(asked, file):
    path = file(applications(orders=listed(subject="x"), payments=listed()))
    code, out, _ = asked("explain", token(), "-f", path, "-a", "orders")
    assert code == 3
    assert "it would match the application payments" in " ".join(out.split())
    told = json.loads(asked("explain", token(), "-f", path, "-a", "orders", "-o", "json")[1])
    assert (told["cause"], told["elsewhere"]) == ("OTHER_APPLICATION", ["payments"])


def test_several_files_are_read_together(asked, file):
    paths = [file(listed(subject="x"), "a.json"), file(listed(), "b.json")]
    code, out, _ = asked("explain", token(), "-f", paths[0], "-f", paths[1], "--all", "-o", "json")
    assert (code, [each["application"] for each in json.loads(out)]) == (3, [paths[1], paths[0]])


def test_for_a_job_it_is_an_annotation(asked, file):
    path = file(listed())
    code, out, _ = asked("explain", token(sub=OTHER), "-f", path, "--format", "github")
    assert code == 3
    assert out.startswith("::error ")
    assert "file=" in out.partition("::")[2]
    assert "title=" in out
    assert "AADSTS700213 ENTITY_TYPE" in out
    assert asked("explain", token(), "-f", path, "--format", "github")[1].startswith("::notice ")


def test_an_annotation_cannot_be_ended_by_what_a_token_says(asked, file):
    _, out, _ = asked("explain", token(sub="a%0A\n::warning::b"), "-f", file(listed()), "--format", "github")
    assert len(out.splitlines()) == 1
    assert "%25" in out


BAD = {  # what stands in the file, words, what is said
    "no JSON": ("{", (), "trusts.json"),
    "something else": ({"a": 1}, (), "trusts.json"),
    "no credential at all": ([], (), "an application without one trusts nobody"),
    "nobody of that name": (listed(), ("-a", "nobody"), "no application nobody"),
    "keys that are nowhere": (listed(), ("--online",), "with -f nothing is fetched"),
    "two answers at once": (listed(), ("--all", "-a", "x"), "say two different things"),
}


@pytest.mark.parametrize("sentence", BAD)
def test_what_cannot_be_asked_is_refused_for(asked, tmp_path, sentence):
    content, words, line = BAD[sentence]
    path = tmp_path / "trusts.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    code, out, err = asked("explain", token(), "-f", str(path), *words)
    assert (code in {1, 2, 4}, out) == (True, "")
    assert line in " ".join(err.split())


def test_a_file_that_is_not_there_is_said(asked, tmp_path):
    code, _, err = asked("explain", token(), "-f", str(tmp_path / "none.json"))
    assert (code, "none.json" in err) == (2, True)


def test_an_expression_that_is_none_is_named_and_the_rest_explained(asked, file):
    broken = listed(name="broken", subject=None, claimsMatchingExpression={"value": "claims[", "languageVersion": 1})
    code, out, err = asked("explain", token(sub=OTHER), "-f", file(listed() + broken), "-o", "json")
    assert (code, json.loads(out)["near"][0]["name"]) == (3, "github")
    assert "broken" in err


def test_a_length_of_time_is_said_alike_in_the_sentence_and_in_the_step(asked, file):
    then = int(time.time()) - 86_430
    _, out, _ = asked("explain", token(exp=then, iat=then - 60, nbf=then - 60), "-f", file(listed()))
    assert "The token expired 1 d ago; 5 min are tolerated." in out
    assert "AADSTS700024 expired 1 d ago; 5 min are tolerated" in out


def test_an_unreadable_token_is_explained(asked, file):
    code, out, _ = asked("explain", token(aud=...), "-f", file(listed()), "-o", "json")
    assert (code, json.loads(out)["cause"]) == (3, "CLAIM_MISSING(aud)")


def test_the_rules_are_those_that_are_asked_for(asked, file):
    path, several = file(listed()), token(aud=[AUDIENCE, "other"])
    assert json.loads(asked("explain", several, "-f", path, "-o", "json")[1])["outcome"] == "accepted"
    told = json.loads(asked("explain", several, "-f", path, "--portability", "extended", "-o", "json")[1])
    assert told["cause"] == "AUD_EXTRA"
