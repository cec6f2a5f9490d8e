"""What people paste at a platform is what the platform reads: every snippet of every preset, in every mode.

YAML, JSON, HCL and shell are parsed, by readers that know nothing of presets, and held against what the platforms
document. Groovy and TypeScript are only looked at: there is no reader of theirs here.
"""

import json
import re
import subprocess
from pathlib import Path

import jsonschema_rs
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from accredit.interop.files import read, write
from accredit.trust import presets
from accredit.trust.written import WrittenTrust
from tests.interop.files import languages
from tests.support.every import every
from tests.trust.presets.trusts import MODES

CLIENT = "6b2f1c9e-0000-4000-8000-00000000c11e"
TENANT = "acc7ed17-0000-4000-8000-0000000000aa"
AUTHORITY = "https://accredit.example"
ENDPOINT = f"{AUTHORITY}/{TENANT}/oauth2/v2.0/token"
SCHEMAS = json.loads((Path(__file__).parents[2] / "data/snippet-schemas.json").read_text("utf-8"))
CHECKED = {name: jsonschema_rs.validator_for(each) for name, each in SCHEMAS.items()}
PLAIN = "api://AzureADTokenExchange"
HOSTILE = st.lists(
    st.sampled_from(
        ["'", '"', "\\", "$", "${x}", "$(x)", "`x`", "%{x}", "{{", "#", ": ", "- ", "!", "a", " b", "é", "*/"]
    ),
    min_size=1,
    max_size=6,
).map(lambda parts: ("api://" + "".join(parts)).strip())
LOOKED_AT = {"groovy", "typescript"}


def example(name, mode):
    """The form of a mode, filled in with the examples of its fields: those that it needs, and no other."""
    preset = presets.preset(name)
    values = {}
    for _ in preset.fields:
        try:
            return preset, presets.render(preset, values, mode=mode)
        except presets.FormError as error:
            lacking = [preset.field(each.field) for each in error.findings]
            values |= {each.name: each.example for each in lacking if each is not None}
    return preset, presets.render(preset, values, mode=mode)


def pasted(preset, rendered):
    return presets.snippets(preset, rendered, client_id=CLIENT, tenant=TENANT, authority=AUTHORITY)


EXAMPLES = {f"{name} {mode}": example(name, mode) for name, mode in MODES}
SNIPPETS = {
    f"{what}: {each.title}": (preset, rendered, each)
    for what, (preset, rendered) in EXAMPLES.items()
    for each in pasted(preset, rendered)
}


def parsed(snippet):
    """The document, as whoever takes it reads it; the words of a script."""
    if snippet.language == "json":
        return json.loads(snippet.text)
    if snippet.language == "yaml":
        return yaml.safe_load(re.sub(r"(?m)^on:", '"on":', snippet.text))  # YAML 1.1 takes on for true; GitHub does not
    if snippet.language in {"hcl", "terraform"}:
        return languages.hcl(snippet.text)
    assert snippet.language in {"shell", "sh"}
    checked = subprocess.run(["bash", "-n"], input=snippet.text, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    return snippet.text


def texts(document):
    """Every text in a document."""
    if isinstance(document, dict):
        return [each for pair in document.items() for part in pair for each in texts(part)]
    if isinstance(document, list | tuple):
        return [each for part in document for each in texts(part)]
    return [document] if isinstance(document, str) else []


@every("what", [each for each in SNIPPETS if SNIPPETS[each][2].language not in LOOKED_AT])
def test_every_snippet_is_read_by_what_takes_it(what):
    _, _, snippet = SNIPPETS[what]
    document = parsed(snippet)
    if snippet.schema in CHECKED:
        CHECKED[snippet.schema].validate(document)
    assert "«" not in snippet.text
    assert snippet.text.strip()


def names_the_endpoint(snippet):
    """Whether authority and tenant stand in variables of the job, and its script puts them together."""
    variables = {AUTHORITY, TENANT} <= set(texts(parsed(snippet)))
    return variables and "$AUTHORITY/$TENANT/oauth2/v2.0/token" in snippet.text


@every("what", SNIPPETS)
def test_every_exchange_names_the_client_the_tenant_and_the_authority(what):
    _, _, snippet = SNIPPETS[what]
    if "grant_type" in snippet.text:
        assert ENDPOINT in snippet.text or names_the_endpoint(snippet)
        assert CLIENT in snippet.text
        assert "jwt-bearer" in snippet.text
    if "az login" in snippet.text or "azure/login" in snippet.text:
        assert {CLIENT, TENANT} <= set(texts(parsed(snippet)))


def test_every_schema_is_somebodys():
    named = {each.schema for name in presets.ids() for each in presets.preset(name).snippets if each.schema}
    assert named - SCHEMAS.keys() <= {"terraform-tfe-variable"}  # HCL, whose one resource is looked at below
    assert named >= SCHEMAS.keys()


ASKED = {  # where the platform is told which audience to put into the token
    "github_actions": lambda doc: doc["jobs"]["deploy"]["env"]["AUDIENCE"],
    "github_enterprise_server": lambda doc: doc["jobs"]["deploy"]["env"]["AUDIENCE"],
    "gitlab": lambda doc: doc["deploy"]["id_tokens"]["ID_TOKEN"]["aud"],
    "kubernetes": lambda doc: doc["spec"]["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"]["audience"],
    "aws_outbound": lambda doc: doc["Statement"][0]["Condition"]["ForAllValues:StringEquals"][
        "sts:IdentityTokenAudience"
    ][0],
    "bitbucket": lambda doc: doc["pipelines"]["branches"]["main"][0]["step"]["oidc"]["audiences"][0],
    "circleci": lambda doc: doc["jobs"]["deploy"]["environment"]["AUDIENCE"],
    "terraform": lambda doc: doc[0][1]["value"],
    "keycloak": lambda doc: doc["config"]["included.custom.audience"],
}


@every("what", [each for each in EXAMPLES if each.split()[0] in ASKED])
def test_the_platform_is_asked_for_the_audience_that_is_trusted(what):
    preset, rendered = EXAMPLES[what]
    first = pasted(preset, rendered)[0]
    assert ASKED[preset.id](parsed(first)) == rendered.audience == PLAIN


@every("what", [each for each in EXAMPLES if each.startswith("github_actions")])
def test_a_workflow_may_ask_for_a_token_in_the_place_that_is_trusted(what):
    preset, rendered = EXAMPLES[what]
    document = parsed(pasted(preset, rendered)[0])
    assert document["permissions"]["id-token"] == "write"
    trusted = rendered.values["value"] if rendered.values.get("entity") == "environment" else None
    assert document["jobs"]["deploy"].get("environment") == trusted


def test_a_pod_runs_as_the_account_that_is_trusted():
    preset, rendered = EXAMPLES["kubernetes subject"]
    document = parsed(pasted(preset, rendered)[0])
    account = f"system:serviceaccount:{document['metadata']['namespace']}:{document['spec']['serviceAccountName']}"
    assert account == rendered.subject
    env = {each["name"]: each["value"] for each in document["spec"]["containers"][0]["env"]}
    assert (env["AZURE_CLIENT_ID"], env["AZURE_TENANT_ID"]) == (CLIENT, TENANT)
    mounted = document["spec"]["containers"][0]["volumeMounts"][0]["mountPath"]
    path = document["spec"]["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"]["path"]
    assert env["AZURE_FEDERATED_TOKEN_FILE"] == f"{mounted}/{path}"


@pytest.mark.parametrize("what", EXAMPLES)
@settings(max_examples=10, deadline=None)
@given(audience=HOSTILE)
def test_an_audience_is_never_more_than_text(what, audience):
    """Whatever it holds: a snippet has the shape that it always has, and the audience is in it as text."""
    preset, rendered = EXAMPLES[what]
    try:
        rendered = presets.render(preset, rendered.values, mode=rendered.mode, audience=audience)
    except presets.FormError:
        return  # its platform decides about the audience
    for n, each in enumerate(pasted(preset, rendered)):
        if each.language in LOOKED_AT:
            continue
        document = parsed(each)
        if each.schema in CHECKED:
            CHECKED[each.schema].validate(document)
        if each.language not in {"shell", "sh"} and n == 0 and preset.id in ASKED:
            assert ASKED[preset.id](document) == audience


@every("audience", ["api://a\nb", "api://a\x1b[2J", "api://\u202ea"])
def test_an_audience_that_cannot_be_seen_is_refused(audience):
    preset, rendered = EXAMPLES["kubernetes subject"]
    with pytest.raises(presets.FormError, match="a character in it that cannot be seen"):
        presets.render(preset, rendered.values, mode="subject", audience=audience)


@every("form", ["json", "yaml", "graph", "arm", "terraform", "bicep", "az"])
@every("what", EXAMPLES)
def test_the_trust_of_every_form_goes_through_every_document(what, form):
    _, rendered = EXAMPLES[what]
    trust = WrittenTrust(
        name=rendered.name,
        issuer=rendered.issuer,
        subject=rendered.subject,
        expression=rendered.expression,
        language_version=rendered.language_version,
        audiences=(rendered.audience,),
        application="deploy-bot",
    )
    document = write([trust], form)
    if document.notes:
        assert form not in {"json", "yaml"}
        assert rendered.expression is not None  # what a subject trusts exactly goes everywhere
        return
    again = {"terraform": planned, "bicep": compiled, "az": asked}.get(form, str)(document.text)
    (found,) = read(again, "f").trusts
    assert (found.name, found.issuer, found.subject, found.expression, found.language_version, found.audiences) == (
        *(trust.name, trust.issuer, trust.subject, trust.expression, trust.language_version, trust.audiences),
    )


def planned(text):
    return json.dumps(languages.plan(text))


def compiled(text):
    return json.dumps(
        {
            "contentVersion": "1.0.0.0",
            "resources": {
                name: {"type": kind, "properties": said} for name, (kind, said) in languages.bicep(text).items()
            },
        }
    )


def asked(text):
    words = [each for command in languages.commands(text) for each in command]
    return next(each for each in words if each.startswith('{"'))
