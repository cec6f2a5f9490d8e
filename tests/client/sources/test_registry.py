"""All sources: in the fixed order, each found for the reason it gives, none of them loaded before it is asked."""

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from accredit.cli.token_options import SOURCES as OFFERED
from accredit.client import assertion
from accredit.client.sources import registry
from accredit.client.sources.source import Surroundings
from accredit.errors import SOURCE_NONE, SOURCE_UNREACHABLE, Refused
from tests.client.sources.surroundings import AUDIENCE, around, unsigned

ROOT = Path(__file__).parents[3]
ORDER = (
    *("github_actions", "azure_devops", "gitlab", "buildkite", "circleci", "terraform", "bitbucket", "semaphore"),
    *("spacelift", "env0", "vercel", "fly", "kubernetes_file", "spiffe", "google_cloud", "aws_outbound", "imds"),
)
NAMED = ("vault", "client_credentials", "jenkins", "file", "env", "exec", "stdin")
PREFIX = "accredit.client.sources."


def unreachable(source, method, url, **_):
    raise Refused(SOURCE_UNREACHABLE, source=source, url=url, reason="there is no network here")


def alone(environment, **more):
    """Surroundings in which nobody can be asked."""
    return around(environment, ask=unreachable, **more)


def test_they_are_looked_for_in_this_order():
    assert tuple(each.name for each in registry.SOURCES if each.automatic) == ORDER
    assert tuple(each.name for each in registry.SOURCES if not each.automatic) == NAMED
    assert tuple(each.name for each in registry.SOURCES) == OFFERED


def test_a_name_means_one_source():
    names = [name for each in registry.SOURCES for name in (each.name, *each.aliases)]
    assert len(names) == len(set(names))
    short = {"github": "github_actions", "gcp": "google_cloud", "google": "google_cloud", "aws": "aws_outbound"}
    for alias, name in {**short, "azure_pipelines": "azure_devops", "azure-pipelines": "azure_devops"}.items():
        assert registry.known(alias).name == name


def test_each_is_what_is_known_of_it():
    wrong = []
    for each in registry.SOURCES:
        source = registry.source(each.name, alone({}))
        if source.name != each.name or source.audience not in ("chosen", "fixed", "preset"):
            wrong.append(f"{each.name}: {source.name}, {source.audience}")
        if source.detect().found and each.automatic:
            wrong.append(f"{each.name}: it is found where nothing is")
        if next(field.name for field in fields(source)) != "around":
            wrong.append(f"{each.name}: its surroundings come first")
        if not (ROOT / each.test).is_file():
            wrong.append(f"{each.name}: there is no {each.test}")
    assert not wrong, "\n".join(wrong)


def test_what_proves_a_source_names_it():
    wrong = []
    for each in registry.SOURCES:
        shown = (ROOT / each.test).read_text("utf-8")
        if not any(f'"{name}"' in shown for name in (each.name, *each.aliases)):
            wrong.append(each.name)
    assert not wrong


def test_the_first_that_is_found_is_taken_and_others_are_told():
    seen = registry.look(alone({"GITLAB_CI": "true", "T": unsigned(), "TFC_WORKLOAD_IDENTITY_TOKEN": unsigned()}))
    assert [each.known.name for each in seen] == list(ORDER)
    assert [each.name for each in registry.chosen(seen)] == ["gitlab", "terraform"]
    unasked = [each.known.name for each in seen if each.detection is None]
    assert unasked == [each.name for each in registry.SOURCES if each.asks]


def test_where_nothing_is_found_it_is_said_why_for_each():
    with pytest.raises(Refused) as refused:
        assertion(around=alone({"TFC_RUN_ID": "run-1"}))
    assert refused.value.row is SOURCE_NONE
    assert [line.partition(":")[0] for line in refused.value.detail.splitlines()] == [
        "terraform",
        *(each for each in ORDER if each != "terraform"),
    ]


def test_what_may_not_be_looked_at_is_not_there():
    """A folder that is not ours, a name that no file can have: both are refused by the system, and say nothing."""
    long = "/" + "x" * 5_000
    named = dict.fromkeys(("AZURE_FEDERATED_TOKEN_FILE", "ACCREDIT_FLY_SOCKET", "HOME"), long)
    for variables, root in ((named, "/nonexistent"), ({}, long)):
        around_it = around({"GCE_METADATA_IP": "127.0.0.1:1", **variables}, Path(root))
        seen = registry.look(around_it)
        assert [each.known.name for each in seen if each.detection is not None and each.detection.found] == []
    assert not registry.source("file", around_it, file=long).detect().found


def test_a_function_gives_the_token_of_the_platform_that_is_found():
    token = unsigned()
    found = assertion(around=alone({"TFC_WORKLOAD_IDENTITY_TOKEN": token}))
    assert (found.source.name, found()) == ("terraform", token)
    assert token not in repr(found)
    assert assertion("env", variable="T", audience=AUDIENCE, around=alone({"T": token}))() == token


def test_what_surrounds_a_workload_is_the_process_unless_it_is_said(monkeypatch):
    monkeypatch.setenv("SOME_TOKEN", unsigned())
    assert assertion("env", variable="SOME_TOKEN")() == unsigned()
    assert "SOME_TOKEN" not in repr(Surroundings())


def test_none_is_loaded_before_it_is_asked_for():
    program = (
        "import sys; from accredit.client.sources import registry; "
        f"print(*[each for each in sys.modules if each.startswith({PREFIX!r})]); "
        "print(*[each for each in ('boto3', 'botocore', 'google.auth', 'spiffe', 'grpc') if each in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30)
    ours, theirs = ended.stdout.splitlines()
    assert {each.removeprefix(PREFIX) for each in ours.split()} == {"asking", "claims", "registry", "running", "source"}
    assert theirs == ""
