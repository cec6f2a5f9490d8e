"""``accredit migration``: from names to ids in one place, in a file, and what is refused on the way."""

import json
import time

import pytest

from tests.cli.conftest import ran
from tests.support.emulator import Emulator
from tests.support.workload import GITHUB, JWT_BEARER, Workload, engage

OLD = "repo:octo-org/octo-repo:environment:{}"
NEW = "repo:octo-org@123456/octo-repo@456789:environment:{}"


def exchanged(workload: Workload, subject: str) -> int:
    """Run a job with this subject; return the code of what it got."""
    form = {
        "grant_type": "client_credentials",
        "client_id": workload.client_id,
        "client_assertion_type": JWT_BEARER,
        "client_assertion": workload.assertion(overrides={"sub": subject}),
        "scope": "api://orders/.default",
    }
    answer = workload.emulator.http.post(workload.emulator.token_endpoint(), data=form)
    return 0 if answer.status_code == 200 else int(answer.json()["error_codes"][0])


@pytest.mark.slow
def test_the_whole_way_of_a_credential_in_use(emulator: Emulator) -> None:
    workload = engage(emulator, trusting=False)
    name, where = workload.application.display_name, ("--data", str(emulator.data), "--tenant", "contoso.test")
    old, new = (each.format(workload.environment) for each in (OLD, NEW))
    workload.trust(name="staging", subject=old, description="Deploys")

    def cli(*words: str):
        return ran("migration", *words, *where)

    def row():
        (found,) = cli("list", "-a", name, "-o", "json").json
        return found

    assert cli("twin", name, "staging").code == 5, "nothing told its ids yet"
    assert exchanged(workload, old) == 0
    assert (row()["state"], row()["plan"]["subject"]) == ("twinPlanned", new)
    assert "seen with 123456 (ID_CHANGED)" in " ".join(cli("twin", name, "staging", "--owner-id", "7").err.split())
    made = cli("twin", name, "staging")
    assert made.code == 0, made.err
    assert new in made.out
    assert [exchanged(workload, each) for each in (old, new)] == [0, 0]
    assert row()["state"] == "observed"
    early = cli("retire", name, "staging")
    assert early.code == 5
    assert "both have to be 14d ago" in " ".join(early.err.split())
    time.sleep(1.1)  # a time is told in whole seconds
    retired = cli("retire", name, "staging", "--after", "0s")
    assert retired.code == 0, retired.err
    assert [exchanged(workload, each) for each in (old, new)] == [700213, 0]
    token = workload.assertion(overrides={"sub": old})
    told = ran("explain", "-", "--app", name, "-o", "json", *where, stdin=token)
    assert told.json["near"][0]["cause"] == "GENERATION"
    assert retired.undo.startswith(f"accredit migration undo {name} staging")
    assert cli("undo", name, "staging").code == 0
    assert exchanged(workload, old) == 0


TRUSTS = [
    {"name": "prod", "issuer": GITHUB, "subject": OLD.format("prod"), "audiences": ["api://AzureADTokenExchange"]},
    {"name": "main", "issuer": GITHUB, "subject": "repo:p/q:ref:refs/heads/main", "audiences": ["api://x"]},
    {"name": "tpl", "issuer": GITHUB, "subject": "repository_owner:o:environment:x", "audiences": ["api://x"]},
    {"name": "new", "issuer": GITHUB, "subject": NEW.format("x"), "audiences": ["api://x"]},
]
IDS = ("--ids", "octo-org/octo-repo=123456/456789")
STATES = {
    "without ids": ((), [("main", "found"), ("prod", "found"), ("tpl", "template")]),
    "with the ids of one": (IDS, [("main", "found"), ("prod", "twinPlanned"), ("tpl", "template")]),
}


@pytest.mark.parametrize("sentence", STATES)
def test_a_file_is_told_without_an_authority(sentence, tmp_path):
    options, states = STATES[sentence]
    path = tmp_path / "credentials.json"
    path.write_text(json.dumps(TRUSTS))
    ended = ran("migration", "list", "-f", str(path), *options, "-o", "json")
    assert ended.code == 0, ended.err
    assert [(row["federatedCredentialName"], row["state"]) for row in ended.json] == states


@pytest.mark.parametrize("form", ["graph", "az", "bicep", "arm", "terraform"])
def test_the_plan_is_written_for_entra_and_deletes_nothing(form):
    ended = ran("migration", "list", "-f", "-", *IDS, "--to", form, stdin=json.dumps(TRUSTS))
    assert ended.code == 0, ended.err
    assert NEW.format("prod") in ended.out
    assert OLD.format("prod") not in ended.out
    assert "delete" not in ended.out.lower()
    assert "refs/heads/main" not in ended.out, "its ids are not known"


def test_people_are_told_what_is_next():
    ended = ran("migration", "list", "-f", "-", *IDS, stdin=json.dumps(TRUSTS))
    shown = " ".join(ended.out.split())
    assert "Add the twin." in shown
    assert "never" not in shown, "a file does not say when something was used"
    assert "prod-immutable" in shown
    assert "The ids of p/q are not known" in shown


WRONG = {
    "two places": (("-f", "-", "--all"), "give one of them"),
    "ids without a file": (IDS, "--ids goes with --file"),
    "ids that are none": (("-f", "-", "--ids", "o/r=1"), "not OWNER/REPO=ID/ID or OWNER=ID"),
}


@pytest.mark.parametrize("sentence", WRONG)
def test_what_cannot_be_asked(sentence):
    words, said = WRONG[sentence]
    ended = ran("migration", "list", *words, stdin="[]")
    assert ended.code == 2
    assert said in " ".join(ended.err.split())
