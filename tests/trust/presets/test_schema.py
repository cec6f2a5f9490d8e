"""What must be true of every preset's file, beyond its shape: names that exist, patterns that mean whole values."""

import importlib.util
import json
import re
import runpy
import subprocess
import sys
import time
from pathlib import Path

import pytest

from accredit.errors import PRESET_UNKNOWN, Refused
from accredit.trust import presets
from accredit.trust.presets import catalogue, templates, writing
from tests.support.every import every

ROOT = Path(__file__).parents[3]
FOLDER = Path(catalogue.__file__).parent
FILES = sorted(each.stem for each in FOLDER.glob("*.toml"))
SAMPLES = json.loads((ROOT / "tests/data/sample-claims.json").read_text("utf-8"))["samples"]
SENTENCE = re.compile(r".*[.?!]", re.DOTALL)


of_every_preset = every("preset", [presets.preset(each) for each in FILES], ids=FILES)


def texts(preset):
    """Every template of the file, with the place where it stands."""
    yield from ((f"issuer.templates[{n}]", text) for n, text in enumerate(preset.issuer.templates))
    yield from ((f"audience.default[{n}]", text) for n, text in enumerate(preset.audience.default))
    yield from ((f"audience.fixed[{n}]", text) for n, text in enumerate(preset.audience.fixed))
    yield from ((f"name.templates[{n}]", text) for n, text in enumerate(preset.name.templates))
    yield from ((f"values.{name}[{n}]", t) for name, each in preset.values.items() for n, t in enumerate(each))
    for mode in preset.modes:
        if mode.subject is not None:
            yield f"modes.{mode.id}.subject", mode.subject
        for n, clause in enumerate(mode.clauses):
            yield from ((f"modes.{mode.id}.clauses[{n}]", text) for text in writing.operands(clause))


def dates(claims):
    """The claims with their dates as numbers: a sample counts some from the minting."""
    if not isinstance(claims, dict):
        return claims
    return 0 if claims.keys() == {"offset_from_iat"} else {name: dates(value) for name, value in claims.items()}


def patterns(preset):
    """Every regular expression of the file, with the place where it stands."""
    yield "issuer.match", preset.issuer.match
    yield from ((f"issuer.deprecated[{n}]", each.match) for n, each in enumerate(preset.issuer.deprecated))
    yield "audience.default_match", preset.audience.default_match
    yield from ((f"subject_forms.{each.name}", each.regex) for each in preset.subject_forms)
    for field in preset.fields:
        yield f"fields.{field.name}", field.pattern
        for n, hint in enumerate((*field.refuse, *field.warn)):
            yield f"fields.{field.name} hint {n} when", hint.when
            yield f"fields.{field.name} hint {n} unless", hint.unless


@of_every_preset
def test_names(preset):
    fields = {each.name for each in preset.fields}
    assert preset.id == next(name for name in FILES if presets.preset(name) is preset)
    assert len(fields) == len(preset.fields)
    assert len({each.id for each in preset.modes}) == len(preset.modes)
    assert len({each.name for each in preset.subject_forms}) == len(preset.subject_forms)
    assert len({each.path for each in preset.claims}) == len(preset.claims)
    defined = set(fields)
    for name, alternatives in preset.values.items():
        assert name not in fields, name
        assert {each for text in alternatives for each in templates.parse(text).names} <= defined, name
        defined.add(name)
    defined.add("mode")
    assert "mode" not in fields
    for place, text in texts(preset):
        assert templates.parse(text).names <= defined, place
    for mode in preset.modes:
        assert set(mode.needs) <= fields, mode.id
        assert {each.when for each in mode.clauses} - {""} <= fields, mode.id
        assert (mode.subject is None) == bool(mode.clauses), f"{mode.id}: a subject or clauses, one of them"
        assert mode.subject is not None or any(not each.when for each in mode.clauses), f"{mode.id}: may become empty"
    for field in preset.fields:
        assert {each.only.partition("=")[0] for each in (*field.refuse, *field.warn)} - {""} <= fields, field.name


@of_every_preset
def test_patterns(preset):
    known = {each.name for each in preset.fields} | {preset.issuer.tenant_group} - {""}
    for place, text in patterns(preset):
        assert re.compile(text), place
        assert not re.search(r"(?<!\\)[$^](?!\])", re.sub(r"\[[^\]]*\]", "", text)), f"{place} is anchored already"
        assert text.isascii(), place
    assert set(re.compile(preset.issuer.match).groupindex) <= known, "a group that is no field"
    for form in preset.subject_forms:
        assert set(re.compile(form.regex).groupindex) == set(form.segments), form.name
        for segment in form.segments.values():
            if segment.claim is not None:
                path = (segment.claim,) if isinstance(segment.claim, str) else segment.claim
                assert preset.claim(path) is not None, f"{form.name}: {path} is not in the ledger"


@of_every_preset
def test_fields(preset):
    for field in preset.fields:
        assert bool(field.pattern) != bool(field.choices), f"{field.name}: a pattern or choices"
        assert SENTENCE.fullmatch(field.help), f"{field.name}: the help is a sentence"
        assert field.choices or field.example, f"{field.name}: an example"
        for value in (field.example, field.default):
            if value:
                assert value in field.choices or re.fullmatch(field.pattern, value), f"{field.name}: {value}"
                assert len(value) <= field.max, field.name
        for hint in (*field.refuse, *field.warn):
            assert SENTENCE.fullmatch(hint.says), f"{field.name}: {hint.says}"
            assert hint.when or hint.unless, field.name


@of_every_preset
def test_modes(preset):
    for mode in preset.modes:
        for clause in mode.clauses:
            constants = [clause.boolean is not None, clause.integer is not None]
            given = sum([clause.value is not None, bool(clause.values), *constants])
            assert given == (clause.op != "exists"), f"{mode.id}: one operand"
            assert not any("'" in name or not name for name in clause.path), mode.id
            if mode.language_version == 1:
                assert clause.op in {"eq", "matches"}, f"{mode.id}: {clause.op} is not of version 1"
                assert not any(constants), f"{mode.id}: version 1 has texts only"
                assert len(clause.path) == 1, f"{mode.id}: version 1 has no members"
            row = preset.claim(clause.path)
            assert row is not None, f"{mode.id}: {clause.path} is not in the ledger"
            assert row.cls not in {"chosen", "run"}, f"{mode.id}: {clause.path} restricts nothing"
            wanted = "integer" if clause.integer is not None else "boolean" if clause.boolean is not None else "string"
            assert row.type == ("list" if clause.op == "contains" else wanted), f"{mode.id}: {clause.path}"


@of_every_preset
def test_words(preset):
    assert preset.docs_url.startswith("https://")
    assert SENTENCE.fullmatch(preset.summary)
    assert not preset.audience.how or SENTENCE.fullmatch(preset.audience.how)
    assert preset.title.strip()
    assert preset.version >= 1
    assert preset.sources, "where are the facts from?"
    assert all(each.url == "" or each.url.startswith("https://") for each in preset.sources)
    assert preset.issuer.kind == "user" or preset.issuer.canonical or preset.issuer.match
    assert preset.audience.control != "fixed" or preset.audience.fixed, "a fixed audience is said"
    assert all(re.fullmatch(r"[A-Z0-9-]+", each) for each in preset.lint), "rules without FIC-"
    assert bool(preset.audience.default) <= bool(preset.audience.default_match), "a default is recognised"


@of_every_preset
def test_samples(preset):
    for name in preset.samples:
        assert name in SAMPLES, name
    if preset.standing == "proven" and preset.id != catalogue.OTHER:
        assert preset.samples


@of_every_preset
def test_canonical_issuers_are_recognised(preset):
    for issuer in preset.issuer.canonical:
        assert re.fullmatch(preset.issuer.match, issuer), issuer
        assert presets.recognise(issuer) is preset, issuer
    for host in preset.issuer.hosts:
        known = (*preset.issuer.canonical, *preset.issuer.templates, preset.issuer.match.replace("\\", ""))
        assert any(host in each for each in known), host


@of_every_preset
def test_the_ledger_knows_every_claim_of_the_samples(preset):
    for name in preset.samples:
        assert presets.unlisted(preset, SAMPLES[name]["claims"]) == {}, name


@of_every_preset
def test_the_types_of_the_samples_are_those_of_the_ledger(preset):
    kinds = {str: "string", bool: "boolean", int: "integer", list: "list", dict: "object"}

    def compare(path, claims):
        for name, value in claims.items():
            row = preset.claim((*path, name))
            if row is None or name == "aud":
                assert row is not None or any(each.path[: len(path) + 1] == (*path, name) for each in preset.claims)
            elif value is None:
                assert row.nullable, (*path, name)
            else:
                assert row.type == kinds[type(value)], (*path, name)
            if isinstance(value, dict) and any(
                each.path[: len(path) + 1] == (*path, name) and len(each.path) > len(path) + 1 for each in preset.claims
            ):
                compare((*path, name), value)

    for name in preset.samples:
        compare((), dates(SAMPLES[name]["claims"]))


@of_every_preset
def test_the_samples_are_recognised(preset):
    for name in preset.samples:
        claims = SAMPLES[name]["claims"]
        if re.fullmatch(preset.issuer.match, claims.get("iss", "-")):
            assert presets.recognise(claims["iss"], claims.get("sub")) is preset, name
        if claims.get("sub") and preset.subject_forms:
            parts = preset.read_subject(claims["sub"])
            assert parts is not None, claims["sub"]
            for segment, (start, end) in parts.spans.items():
                assert claims["sub"][start:end] == parts.values[segment]


HOSTILE = (
    "a",
    "A1",
    "-",
    ".",
    "/",
    ":",
    "a/",
    "a:",
    "0",
    "@",
    " ",
    "a.",
    "https://a",
    "repo:a/b:",
    "%3A",
    "\\",
    "a-",
    "{a}",
)


@pytest.mark.slow
@of_every_preset
def test_every_pattern_is_linear(preset):
    """Twice the text may cost at most some three times the time; a pattern with nested choices costs thousands."""
    for place, text in patterns(preset):
        pattern = re.compile(text)
        end = "" if place.startswith("fields.") else "\n"  # a form refuses control characters before it looks further
        stems = {"", "https://", *(example for field in preset.fields if (example := field.example))}
        for stem in stems:
            for unit in HOSTILE:
                assert _grows_slowly(pattern, stem + unit, unit, end), f"{place}: {stem}{unit}…"


def _grows_slowly(pattern, stem, unit, end):
    def cost(count):
        value = stem + unit * count + end
        best = 1.0
        for _ in range(3):
            start = time.thread_time()
            pattern.fullmatch(value)
            best = min(best, time.thread_time() - start)
        return best

    # What is this quick for what can be as long as 600 characters needs no comparison. A measurement may be disturbed,
    # but not every time.
    return any(cost(600) < 0.0005 or cost(1200) < 3.5 * cost(600) for _ in range(5))


def test_the_index_is_that_of_the_files():
    spec = importlib.util.spec_from_file_location("preset_index", ROOT / "scripts/preset_index.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert catalogue.entries()
    assert (FOLDER / "index.json").read_text("utf-8") == module.text()
    for each in catalogue.entries():
        for issuer in presets.preset(each.id).issuer.canonical:
            assert issuer.startswith(each.prefix)


def test_no_two_presets_have_a_name_in_common():
    names = [name for each in catalogue.entries() for name in (each.id, *each.aliases)]
    assert len(names) == len(set(names))


GOOD = (FOLDER / "other.toml").read_text("utf-8")
BROKEN = {
    "a member that does not exist": (GOOD.replace("tier = 1", "tier = 1\nnonsense = 1"), "unknown field `nonsense`"),
    "a member below that does not exist": (GOOD + "nonsense = 1\n", "x.toml: Object contains unknown field"),
    "a class that does not exist": (
        GOOD.replace("claims = []", 'claims = [{ name = "a", type = "string", class = "secret" }]'),
        "Invalid enum value 'secret' - at `$.claims[0].class`",
    ),
    "no title": (GOOD.replace("title =", "titel =", 1), "x.toml: Object"),
    "no TOML": ("id = ", "x.toml: Invalid value"),
}


@every("case", BROKEN)
def test_a_file_that_is_wrong_says_where(case):
    text, says = BROKEN[case]
    with pytest.raises(ValueError, match=re.escape(says)):
        catalogue.load(text, "x.toml")


UNKNOWN = {
    "a misspelt id": ("github_action", "did you mean github_actions"),
    "an alias with a hyphen": ("google-cloud", "did you mean google_cloud"),
    "nothing like it": ("zzzzzz", "there are: "),
}


@every("case", UNKNOWN)
def test_a_preset_that_does_not_exist(case):
    name, says = UNKNOWN[case]
    with pytest.raises(Refused, match=says) as refused:
        presets.preset(name)
    assert refused.value.row is PRESET_UNKNOWN


def test_an_issuer_of_no_platform():
    assert presets.recognise("https://issuer.example") is None
    assert presets.recognise("https://issuer.example", "whatever") is None
    assert presets.recognise("h" * 601) is None


@of_every_preset
def test_what_a_mode_needs_has_a_part_in_it(preset):
    required = {each.name for each in preset.fields if each.required}
    for mode in preset.modes:
        texts = [*preset.issuer.templates, *preset.audience.fixed, mode.subject or ""]
        texts += [text for clause in mode.clauses for text in writing.operands(clause)]
        named = {name for way in writing.ways(preset, tuple(texts)).templates for name in way.names}
        assert {*required, *mode.needs} <= named, f"{mode.id}: what is asked for and never compared"


def test_the_page_of_the_documentation_is_that_of_the_files(capsys):
    current = runpy.run_path(str(ROOT / "scripts/catalogue.py"))["main"]("--check")
    assert current == 0, f"run scripts/catalogue.py\n{capsys.readouterr().out}"


def test_an_issuer_is_recognised_by_one_file_in_a_new_process():
    """Nothing else is read than the index and that preset, and few modules are imported beyond accredit.trust."""
    program = (
        "import sys, accredit.trust; before = set(sys.modules)\n"
        "read = []; sys.addaudithook(lambda name, given: name == 'open' and read.append(str(given[0])))\n"
        "from accredit.trust import presets; assert presets.recognise('https://gitlab.com').id == 'gitlab'\n"
        "print(len(set(sys.modules) - before), *(each for each in read if each.endswith(('.toml', '.json'))))"
    )
    ended = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    modules, *read = ended.stdout.split()
    assert int(modules) <= 20
    assert [Path(each).name for each in read] == ["index.json", "gitlab.toml"]
