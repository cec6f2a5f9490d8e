"""Patterns over subjects: what they pin is the same in every subject that fits, whatever the forms look like."""

import re

from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from accredit.trust import presets
from accredit.trust.expression import glob
from accredit.trust.lint import subjects
from accredit.trust.presets.claims import Segment, SubjectForm
from tests.support.every import every

NAME = Segment(cls="name", of="tenant")
READ = {
    "a segment ends where the next literal begins": ("a:(?P<x>[^:]+):b", "a:1:b", 1, {"x": "1"}),
    "what cannot be this form is not it": ("a:(?P<x>[^:]+):b", "b:1:b", 1, None),
    "nor is what ends too early": ("a:(?P<x>[^:]+):b", "a:1:", 1, None),
    "a wildcard in the place of structure leaves everything open": ("a:(?P<x>[^:]+):b", "*1:b", 1, {}),
    "a wildcard at the end may be nothing": ("a:(?P<x>[^:]+):b", "a:1:b*", 1, {"x": "1"}),
    "but not a character": ("a:(?P<x>[^:]+):b", "a:1:b?", 1, None),
    "a group that may hold its delimiter is read in every way": ("(?P<x>.+):(?P<y>.+)", "1:2:3", 1, {}),
    "and pinned where all ways agree": ("(?P<x>.+):(?P<y>[^:]+)", "1:2:3", 1, {"x": "1:2", "y": "3"}),
    "two groups side by side": ("(?P<x>[0-9]+)(?P<y>/.+)", "12/*", 1, {"x": "12"}),
    "an unnamed group is passed over": ("[a-z]+:(?P<x>[0-9]+)", "abc:7", 1, {"x": "7"}),
    "an end that a wildcard may take is not sure": ("(?P<x>[^-]+)-(?P<y>[^-]+)", "a*-b", 2, {}),
    "a delimiter is one that it may not": ("(?P<x>[^/]+)/(?P<y>[^/]+)", "a*/b", 2, {"y": "b"}),
    "an optional segment may be absent": ("a(?::(?P<x>[^:]+))?", "a", 1, {}),
    "what is too long to read pins nothing": ("(?P<x>a*)(?P<y>a*)(?P<z>a*)b", "a" * 200 + "*", 1, {}),
}


def form(regex):
    names = re.compile(regex).groupindex
    return SubjectForm(name="form", regex=regex, segments=dict.fromkeys(names, NAME))


@every("sentence", READ)
def test_a_pattern_is_read_by_a_form(sentence):
    regex, pattern, version, expected = READ[sentence]
    preset = replace(presets.preset("github_actions"), subject_forms=(form(regex),))
    found = subjects.pattern(preset, glob.parse(pattern, version))
    assert [dict(each.values) for each in found] == ([] if expected is None else [expected])


OWNERS, IDS, CONTEXTS = (
    st.sampled_from(["a", "ab", "b"]),
    st.sampled_from(["", "@1", "@12", "@2"]),
    st.sampled_from(["environment:a", "environment:a:b", "ref:refs/heads/a", "ref:refs/heads/a/b@1", "pull_request"]),
)
TEXTS = st.builds("{}{}/{}{}:{}".format, OWNERS, IDS, OWNERS, IDS, CONTEXTS)
CUTS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 6)), min_size=1, max_size=3)


@given(TEXTS, CUTS, st.sampled_from([1, 2]), st.lists(TEXTS, min_size=8, max_size=8))
def test_what_is_pinned_is_the_same_in_every_subject_that_fits(text, cuts, version, others):
    """The pattern is made of the one subject; whether the other fits too is for the pattern to say."""
    pattern = "repo:" + text
    stars = ["*", "**"] if version > 1 else ["*"]
    for at, size in cuts:
        pattern = pattern[:at] + stars[size % len(stars)] + pattern[at + size :]
    assume("***" not in pattern)
    compiled = glob.parse(pattern, version)
    preset = presets.preset("github_actions")
    read = {each.form.name: each for each in subjects.pattern(preset, compiled)}
    tried = [f"repo:{each}" for each in (text, *others, *(other + text for other in others))]
    for subject in [*tried, *(pattern.replace("*", other) for other in others)]:
        parts = preset.read_subject(subject)
        if parts is None or not compiled.matches(subject):
            continue
        assert parts.form.name in read, (pattern, subject)
        for name, value in read[parts.form.name].values.items():
            assert parts.values[name] == value, (pattern, subject)
