"""The subjects of GitHub are taken apart here as the catalogue does it: a form that one learns the other has too."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accredit.explain import github
from accredit.trust import presets

NAMES = st.sampled_from(["octo-org", "o", "r.s_t", "1", "", "a/b", "a@1", "a:b"])
IDS = st.sampled_from(["@1", "@4567", "@", "@x", "@1@2"])
CONTEXTS = st.sampled_from(
    ["ref:refs/heads/a/b", "pull_request", "environment:p", "environment:a:b", "job_workflow_ref:x", "", ":"]
)
DEFAULT = ("immutable", "legacy")


@st.composite
def subjects(draw):
    first, second = draw(st.one_of(st.just(("", "")), st.tuples(IDS, IDS)))
    begins = draw(st.sampled_from(["repo:", "repo:", "repository:", "Repo:", ""]))
    return f"{begins}{draw(NAMES)}{first}/{draw(NAMES)}{second}:{draw(CONTEXTS)}"


@given(subjects())
def test_a_subject_has_the_parts_that_the_catalogue_says(subject):
    mine, theirs = github.read(subject), presets.preset("github_actions").read_subject(subject)
    if mine is not None and (mine.owner_id is None) is not (mine.name_id is None):
        return  # below
    if theirs is None or theirs.form.name not in DEFAULT:
        assert mine is None
        return
    assert mine is not None
    said = {"owner": mine.owner, "repo": mine.name, "context": mine.context}
    ids = {"owner_id": mine.owner_id, "repo_id": mine.name_id} if mine.immutable else {}
    assert said | ids == theirs.values
    assert mine.immutable is (theirs.form.name == "immutable")


@pytest.mark.parametrize("subject", ["repo:o@1/r:pull_request", "repo:o/r@2:pull_request"])
def test_half_of_the_ids_are_seen_where_github_never_sends_them(subject):
    found = github.read(subject)
    assert found is not None
    assert (found.owner, found.name, found.immutable) == ("o", "r", False)


def test_a_server_of_ones_own_has_the_form_without_ids():
    parts = presets.preset("github_enterprise_server").read_subject("repo:o/r:environment:p")
    assert parts is not None
    assert (parts.form.name, parts.values) == ("legacy", {"owner": "o", "repo": "r", "context": "environment:p"})
