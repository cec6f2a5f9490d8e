"""What is written can be read again, and no value is ever more than text in any language."""

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from accredit.interop.files import FORMS, read, write
from accredit.interop.files.quoting import bicep, hcl
from accredit.interop.files.quoting import yaml as quoted
from accredit.interop.files.yamltext import loads
from accredit.trust.written import WrittenTrust
from tests.interop.files import languages
from tests.strategies import ISSUERS, SUBJECTS

GITHUB = ISSUERS[0]
HOSTILE = [
    "${",
    "$${",
    "%{",
    "%%${",
    "\\",
    '"',
    "'",
    "''",
    "`",
    "$(",
    "\n",
    "\r\n",
    "\t",
    "\0",
    "\x1b",
    "\u202e",
    "[x]",
    "[[x]",
]
HOSTILE += ["{{", "}}", "#", "//", "\u2028", "\U0001f600", "é", " - a: b", "*x", "&x", "!x", "é'\"${x}"]
ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
TEXT = st.lists(st.sampled_from(HOSTILE) | ANY, min_size=1, max_size=5).map("".join)
BARE = TEXT.filter(lambda text: text.strip() == text and text != "")
NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{2,20}", fullmatch=True)


@st.composite
def trusts(draw, *, portable: bool) -> WrittenTrust:
    subject = draw(st.sampled_from(SUBJECTS) | BARE)
    comparand = subject.replace("'", "''")
    exact = draw(st.booleans())
    made = WrittenTrust(
        name=draw(NAMES),
        issuer=draw(st.sampled_from(ISSUERS)) if exact else GITHUB,
        subject=subject if exact else None,
        expression=None if exact else f"claims['sub'] matches '{comparand}' and claims['repository_id'] eq '1'",
        audiences=(draw(BARE),),
        description=draw(st.none() | TEXT),
        application=draw(st.just("") | BARE),
    )
    if portable:
        return made
    return replace(
        made,
        name=draw(TEXT),
        issuer=draw(BARE),
        language_version=1 if exact else draw(st.sampled_from([1, 2])),
        audiences=tuple(draw(st.lists(TEXT, max_size=3))),
        enabled=draw(st.booleans()),
        multi_audience=draw(st.sampled_from([None, "contained", "listed", "refuse"])),
        listed_audiences=tuple(draw(st.lists(TEXT, max_size=2))),
        preset=draw(st.none() | TEXT),
        application=draw(ANY),
    )


def lists(*, portable: bool, most: int = 4):
    return st.lists(trusts(portable=portable), max_size=most, unique_by=lambda each: (each.application, each.name))


def said(those, *, without=()):
    """What documents keep of trusts, in an order of their own."""
    kept = [replace(each, source="", **dict.fromkeys(without)) for each in those]
    return sorted(kept, key=lambda each: (each.application, each.name, str(each)))


@given(lists(portable=False), st.sampled_from(["json", "yaml"]))
def test_our_own_documents_hold_everything(those, form):
    document = write(those, form)
    assert document.notes == ()
    assert said(read(document.text, "f").trusts) == said(those)


def test_most_of_what_is_drawn_is_portable():
    """So that the laws below are about something: what Entra ID would refuse is not in the documents."""
    taken = []

    @settings(max_examples=50)
    @given(trusts(portable=True))
    def draw(each):
        taken.append(not write([each], "graph").notes)

    draw()
    assert sum(taken) > len(taken) / 2


def written(those, form):
    """A document, and the trusts that are in it."""
    kept = [each for each in those if not write([each], form).notes]
    document = write(kept, form)
    assert document.notes == ()
    return document.text, said(kept)


@given(lists(portable=True))
def test_what_graph_is_told_reads_as_it_was(those):
    text, kept = written(those, "graph")
    assert said(read(text, "f").trusts) == kept


@given(lists(portable=True))
def test_a_template_reads_as_it_was(those):
    text, kept = written(those, "arm")
    assert said(read(text, "f").trusts) == kept


@given(lists(portable=True))
def test_bicep_says_what_the_template_says(those):
    text, _ = written(those, "bicep")
    template = json.loads(written(those, "arm")[0])
    parameter = {"application": {"defaultValue": "?"}}
    found = languages.bicep(text)
    assert found.keys() == template["resources"].keys()
    for symbol, (kind, members) in found.items():
        assert kind == template["resources"][symbol]["type"]
        template["resources"][symbol]["properties"] = {"name": members["name"]}
        alone = json.dumps(
            {**template, "parameters": parameter, "resources": {symbol: {"type": kind, "properties": members}}}
        )
        whole = json.dumps({**json.loads(written(those, "arm")[0]), "parameters": parameter})
        assert said(read(escaped(alone), "f").trusts)[0] in said(read(whole, "f").trusts)


def escaped(template):
    """A template in which every string of a member is text."""

    def text(value):
        if isinstance(value, str) and value.startswith("[") and value.endswith("]"):
            return "[" + value
        if isinstance(value, list):
            return [text(each) for each in value]
        return {name: text(each) for name, each in value.items()} if isinstance(value, dict) else value

    found = json.loads(template)
    return json.dumps({**found, "resources": {name: text(each) for name, each in found["resources"].items()}})


@given(lists(portable=True))
def test_terraform_plans_what_was_written(those):
    text, kept = written(those, "terraform")
    without = [replace(each, description=each.description or None) for each in kept]
    assert said(read(json.dumps(languages.plan(text)), "f").trusts) == said(without)


@given(lists(portable=True))
def test_commands_of_az_carry_what_was_written(those):
    text, kept = written(those, "az")
    bodies = []
    for words in languages.commands(text):
        for option in ("--parameters", "--body"):
            if option in words:
                assert words[:2] in (["az", "ad"], ["az", "rest"])
                bodies.append(json.loads(words[words.index(option) + 1]))
    found = read(json.dumps(bodies), "f").trusts
    anonymous = [replace(each, application="") for each in kept]
    assert said(found) == said(anonymous)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(lists(portable=True, most=3))
def test_a_shell_runs_nothing_but_az(tmp_path_factory, those):
    """``az`` is a program of ours here that writes its words down: what a real shell makes of the script."""
    text, kept = written(those, "az")
    folder = tmp_path_factory.mktemp("az")
    said_by_az = folder / "words"
    program = folder / "az"
    writes = f'for each; do printf "%s\\0" "$each"; done >>"{said_by_az}"'
    program.write_text(f'#!/bin/sh\nif [ "$3" = list ]; then printf %36s x; else {writes}; fi\n')
    program.chmod(0o700)
    run = subprocess.run(
        ["/bin/sh", "-c", text], env={"PATH": f"{folder}", "APP_ID": "x"}, capture_output=True, cwd=folder, check=False
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, b"", b"")
    assert {each.name for each in Path(folder).iterdir()} <= {"az", "words"}
    words = said_by_az.read_bytes().decode().split("\0") if kept else []
    bodies = [json.loads(each) for each in words if each.startswith("{")]
    assert said(read(json.dumps(bodies), "f").trusts) == said([replace(each, application="") for each in kept])


@given(TEXT)
def test_text_is_text_in_every_language(text):
    assert languages.hcl_string(hcl(text)) == text
    assert languages.bicep_string(bicep(text)) == text
    assert loads(quoted(text), depth=1)[0] == text
    for each in (hcl(text), bicep(text), quoted(text)):
        assert "\n" not in each
        assert each.isprintable()


@given(lists(portable=False), st.sampled_from(FORMS))
def test_every_trust_is_written_or_told(those, form):
    """Whatever is written in the directory: a writer leaves nothing out in silence, and never fails."""
    document = write(those, form)
    assert form in {"json", "yaml"} or len(document.notes) >= len(those) - document.text.count(GITHUB)
