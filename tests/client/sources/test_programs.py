"""Platforms whose own command makes the token: it is run with a list of arguments, and no shell reads them."""

import json
import resource

import pytest

from accredit.client.sources import registry, running
from accredit.errors import SOURCE_MISSING, SOURCE_REFUSED, Refused
from tests.client.sources.surroundings import AUDIENCE, around, program, unsigned

TOKEN = unsigned()
HOSTILE = "api://x; echo $(id) 'y' \"z\""
SAYS = 'printf "%s\\n" "$@" > "$0.asked"; printf "%s\\n" "$TOKEN"'


def asked(folder, name):
    return (folder / f"{name}.asked").read_text().splitlines()


def test_the_agent_of_buildkite_is_asked_for_the_ids_too(tmp_path):
    path = program(tmp_path, "buildkite-agent", SAYS)
    variables = {"BUILDKITE_AGENT_ACCESS_TOKEN": "secret", "PATH": path, "TOKEN": TOKEN}
    source = registry.source("buildkite", around(variables), subject_claim="pipeline_id", lifetime="300")
    assert source.detect().found
    assert source.fetch(HOSTILE) == TOKEN
    assert asked(tmp_path, "buildkite-agent") == [
        *("oidc", "request-token", "--audience", HOSTILE, "--lifetime", "300"),
        *("--claim", "organization_id", "--claim", "pipeline_id", "--subject-claim", "pipeline_id"),
    ]
    assert "secret" not in repr(source)
    assert (source.one_shot, source.audience) == (False, "chosen")


def test_the_command_of_circleci_makes_one_for_any_audience(tmp_path):
    path = program(tmp_path, "circleci", SAYS)
    variables = {"CIRCLECI": "true", "PATH": path, "TOKEN": TOKEN, "CIRCLE_OIDC_TOKEN": "the organization's"}
    source = registry.source("circleci", around(variables))
    assert source.detect().found
    assert source.fetch(HOSTILE) == TOKEN
    *words, claims = asked(tmp_path, "circleci")
    assert words == ["run", "oidc", "get", "--claims"]
    assert json.loads(claims) == {"aud": HOSTILE}
    assert (source.one_shot, source.audience) == (False, "chosen")


def test_an_agent_that_is_not_there_is_missed(tmp_path):
    nowhere = {"PATH": str(tmp_path)}
    assert registry.source("buildkite", around(nowhere)).detect().why == "BUILDKITE_AGENT_ACCESS_TOKEN is not set"
    source = registry.source("buildkite", around({**nowhere, "BUILDKITE_AGENT_ACCESS_TOKEN": "x"}))
    seen = source.detect()
    assert (seen.found, seen.partly) == (False, True)
    assert "put it into PATH" in seen.why
    with pytest.raises(Refused, match="there is no buildkite-agent in PATH"):
        source.fetch(AUDIENCE)


FAILS = {
    "it says no": ("echo no such job >&2; exit 3", SOURCE_REFUSED, "ended with status 3", "no such job"),
    "its complaint has a token in it": (f"echo {TOKEN} >&2; exit 1", SOURCE_REFUSED, "status 1", "<jwt masked>"),
    "it never ends": ("sleep 30", SOURCE_REFUSED, "did not end within 0.2 s", ""),
    "another one goes on": ("sleep 3 & echo x", SOURCE_REFUSED, "did not end within 0.2 s", ""),
    "its complaint has no end": ("yes >&2", SOURCE_REFUSED, "did not end within 0.2 s", ""),
}


def test_a_program_that_fails_is_said_to(tmp_path):
    wrong = []
    for row, (script, wanted, reason, detail) in FAILS.items():
        program(tmp_path, "agent", script)
        with pytest.raises(Refused) as refused:
            running.run("exec", [str(tmp_path / "agent"), TOKEN], environment={"PATH": "/usr/bin:/bin"}, timeout=0.2)
        told = refused.value
        if told.row is not wanted or reason not in told.message or detail not in told.detail:
            wrong.append(f"{row}: {told} {told.detail}")
        if TOKEN in f"{told} {told.detail}":
            wrong.append(f"{row}: the token is told")
    assert not wrong, "\n".join(wrong)


def test_a_program_that_prints_without_end_is_not_read_to_it():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(Refused, match="yes printed more than 262144 characters") as refused:
        running.run("exec", ["yes"], environment={"PATH": "/usr/bin:/bin"})
    assert refused.value.row is SOURCE_REFUSED
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1_024, "kilobytes"


def test_another_program(tmp_path):
    path = program(tmp_path, "mint", 'printf %s "$TOKEN$ACCREDIT_AUDIENCE"')
    around_it = around({"PATH": path, "TOKEN": f"{TOKEN} for "})
    source = registry.source("exec", around_it, command=(str(tmp_path / "mint"),))
    assert source.detect().found
    assert source.fetch("api://x") == f"{TOKEN} for api://x"
    nothing = registry.source("exec", around_it)
    assert not nothing.detect().found
    for each, why in ((nothing, "no program was named"), (("/nowhere/mint",), "No such file"), (("\0",), "not a name")):
        named = each if not isinstance(each, tuple) else registry.source("exec", around_it, command=each)
        with pytest.raises(Refused, match=why) as refused:
            named.fetch(AUDIENCE)
        assert refused.value.row is SOURCE_MISSING
