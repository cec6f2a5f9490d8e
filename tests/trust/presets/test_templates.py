"""The small language of templates, and what snippets make of it."""

import pytest
import yaml
from msgspec.structs import replace

from accredit.trust import presets
from accredit.trust.presets import templates
from accredit.trust.presets.model import Snippet
from tests.support.every import every

VALUES = {"a": "1", "b": "x:y", "kind": "tag"}

FILLED = {
    "text only": ("plain", "plain"),
    "a place": ("<{a}>", "<1>"),
    "an encoded place": ("{b|colon}", "x%3Ay"),
    "a plain place with a colon": ("{b}", "x:y"),
    "what must be given, is": ("{a?}yes", "yes"),
    "what must be given, is not": ("{z?}yes", None),
    "what must be absent, is": ("{not_z?}yes", "yes"),
    "what must be absent, is not": ("{not_a?}yes", None),
    "what must be so, is": ("{kind=tag?}yes", "yes"),
    "what must be so, is not": ("{kind=branch?}yes", None),
    "what must be so, is absent": ("{z=1?}yes", None),
    "something absent": ("{a}{z}", None),
    "braces": ("{{{a}}}", "{1}"),
    "nothing": ("", ""),
}


@every("case", FILLED)
def test_a_template_is_filled(case):
    text, expected = FILLED[case]
    assert templates.parse(text).fill(VALUES) == expected


def test_only_what_is_put_in_is_escaped():
    assert templates.parse("*{a}*").fill({"a": "*"}, lambda text: text.replace("*", "\\*")) == "*\\**"


WRONG = {"an open brace": "{a", "a closing brace": "a}", "an unknown filter": "{a|upper}", "capitals": "{A}"}


@every("case", WRONG)
def test_a_template_that_is_wrong(case):
    with pytest.raises(ValueError, match=r"brace|filter"):
        templates.parse(WRONG[case])


def test_a_named_value_is_each_of_its_templates_in_order():
    values = {"v": (templates.parse("{kind=tag?}t/{a}"), templates.parse("h"))}
    ways = templates.expand(templates.parse("<{v}:{v}>"), values)
    assert [each.fill(VALUES) for each in ways] == ["<t/1:t/1>", "<t/1:h>", "<h:t/1>", "<h:h>"]
    assert templates.first(ways, {"a": "1"}) is ways[3]
    assert templates.first(ways[:3], {"a": "1"}) is None


GITHUB = {"org": "o", "org_id": "1", "repo": "r", "repo_id": "2", "value": 'it\'s "here": #1'}


def filled(text, **options):
    preset = presets.preset("github_actions")
    snippet = Snippet(title="T", language="text", text=text, **options)
    changed = replace(preset, snippets=(snippet,))
    rendered = presets.render(preset, GITHUB)
    return [each.text for each in presets.snippets(changed, rendered, client_id="c", authority="https://a.example")]


def test_an_authority_that_nobody_knows_is_seen_to_be_filled_in():
    preset = presets.preset("github_actions")
    (found, *_) = presets.snippets(preset, presets.render(preset, GITHUB))
    assert 'AUTHORITY: "https://YOUR-AUTHORITY"' in found.text


SNIPPETS = {
    "a field": ("«org»/«repo»", ["o/r\n"]),
    "what the trust is": ("«issuer» «mode»", ["https://token.actions.githubusercontent.com immutable\n"]),
    "what the caller says": ("«client_id» «authority»", ["c https://a.example\n"]),
    "what the caller does not say": ("«tenant»", ["00000000-0000-0000-0000-000000000000\n"]),
    "as JSON": ("«value|json»", ['"it\'s \\"here\\": #1"\n']),
    "for a shell": ("«value|sh»", ["'it'\"'\"'s \"here\": #1'\n"]),
    "a line that counts": ("a\n«entity=environment?»b", ["a\nb\n"]),
    "a line that does not": ("a\n«entity=branch?»b\nc", ["a\nc\n"]),
    "a line for what is absent": ("«not_folder?»a\n«folder?»«folder»", ["a\n"]),
}


@every("case", SNIPPETS)
def test_a_snippet_is_filled(case):
    text, expected = SNIPPETS[case]
    assert filled(text) == expected


MEANT = {
    "always": ("", 1),
    "its mode": ("immutable", 1),
    "another mode": ("legacy", 0),
    "a field": ("entity=environment", 1),
}


@every("case", MEANT)
def test_a_snippet_goes_with_some_trusts(case):
    when, count = MEANT[case]
    assert len(filled("a", when=when)) == count


LOUD = {"an unknown name": "«nonsense»", "an unknown condition": "«nonsense?»a", "a field that is absent": "«folder»"}


@every("case", LOUD)
def test_a_snippet_never_has_a_blank(case):
    with pytest.raises(LookupError, match=r"names nonsense|has no folder"):
        filled(LOUD[case])


WRITTEN = {
    "a workflow": ("github", None, GITHUB, lambda found: found["jobs"]["deploy"]["environment"], GITHUB["value"]),
    "a workflow for branches": (
        "github",
        "branches",
        {"org": "o", "org_id": "1", "repo": "r", "repo_id": "2", "folder": "release"},
        lambda found: found[True]["push"]["branches"],  # YAML 1.1 reads `on` as a truth value
        ["release/**"],
    ),
    "a server's workflow": (
        "ghes",
        None,
        {"hostname": "g.example", "org": "o", "repo": "r", "value": "no"},
        lambda found: (found["jobs"]["deploy"]["environment"], found["permissions"]["id-token"]),
        ("no", "write"),
    ),
    "a pipeline": (
        "gitlab",
        "protected",
        {"group": "g", "project": "p", "project_id": "1", "environment": "on"},
        lambda found: (found["deploy"]["id_tokens"]["ID_TOKEN"]["aud"], found["deploy"]["environment"]),
        ("api://AzureADTokenExchange", "on"),
    ),
    "a pod": (
        "k8s",
        None,
        {"cluster_issuer": "https://c.example", "namespace": "1e3", "service_account": "true"},
        lambda found: (
            found["metadata"]["namespace"],
            found["spec"]["serviceAccountName"],
            found["spec"]["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"]["audience"],
        ),
        ("1e3", "true", "api://AzureADTokenExchange"),
    ),
}


@every("case", WRITTEN)
def test_what_is_pasted_says_what_was_typed(case):
    name, mode, values, look, expected = WRITTEN[case]
    preset = presets.preset(name)
    found = next(
        each for each in presets.snippets(preset, presets.render(preset, values, mode=mode)) if each.language == "yaml"
    )
    assert look(yaml.safe_load(found.text)) == expected
    assert found.file
    assert found.schema
