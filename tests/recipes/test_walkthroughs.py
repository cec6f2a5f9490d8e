"""The walk-throughs of docs/recipes: their commands, programs and steps, as they stand, with an emulator and an API."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from accredit.testing.there import There
from tests.recipes.serving import CODE, PAGES, commands, served, until_it_answers

pytestmark = [pytest.mark.slow, pytest.mark.clients, pytest.mark.xdist_group("recipes")]

SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
YAML = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
JSON = re.compile(r"^```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)
AUDIENCE = "api://AzureADTokenExchange"
WITHIN = 55.0  # seconds


def ran(text, folder, variables):
    """Run a script of bash as a runner does, and return all that it said."""
    ended = subprocess.run(
        ["bash", "--noprofile", "--norc", "-euo", "pipefail", "-c", text],
        cwd=folder,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=WITHIN,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


def page(name):
    return (PAGES / name).read_text("utf-8")


@pytest.fixture(scope="module")
def variables(emulator, tmp_path_factory):
    """What "Before you begin" is about: an authority, a tenant that is administered from here, and an API that runs."""
    home = tmp_path_factory.mktemp("home")
    place = There(emulator.ready)
    tenant = place.fresh()
    place.close()
    ca = str(emulator.ca_file)
    found = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        **dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"), str(home)),
        **dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "ACCREDIT_CA_FILE"), ca),
        **dict.fromkeys(("AUTHORITY", "ACCREDIT_URL"), emulator.url),
        **dict.fromkeys(("TENANT", "ACCREDIT_TENANT"), str(tenant.tenant_id)),
        "ACCREDIT_CLIENT_ID": tenant.client_id,
        "ACCREDIT_CLIENT_SECRET": tenant.client_secret,
        "NO_COLOR": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    (before,) = SHELL.findall(page("README.md"))
    said = ran(f'{before}\necho "$ISSUER $AUDIENCE"', home, found).split()
    found |= {"ISSUER": said[-2], "AUDIENCE": said[-1]}
    (command,) = commands("flask.md")
    with served(command, CODE / "flask", {**found, "EMULATOR": "accepted"}) as api:
        until_it_answers(api)
        yield {**found, "API": str(api.base_url).rstrip("/")}


@pytest.mark.parametrize("name", ["github-actions", "kubernetes", "aws", "google-cloud"])
def test_a_walk_through(name, variables, emulator, tmp_path):
    (tmp_path / "ready.json").write_text(json.dumps(dict(emulator.ready)), "utf-8")
    for program in (CODE / name.replace("-", "_")).glob("*.py"):
        (tmp_path / program.name).write_bytes(program.read_bytes())
    blocks = SHELL.findall(page(f"{name}.md"))
    assert len(blocks) == 3
    said = ran("\n".join(blocks + steps(name)), tmp_path, variables)
    assert len(re.findall(r"""["']orders["']: ?\[["']4711["']\]""", said)) == (2 if name == "github-actions" else 1)
    assert said.count("error AADSTS700213") == 1
    if "accredit logs list" in blocks[-1]:
        log = said[said.rindex("Request ID") :]
        assert ("AADSTS700213" in log, "granted" in log) == (True, True)


def steps(name):
    """The steps of a workflow, as a runner runs them: each in a shell of its own, with the variables that it names."""
    if name != "github-actions":
        return []
    (job,) = yaml.safe_load(YAML.findall(page(f"{name}.md"))[0])["jobs"].values()
    wanted = "".join(f': "${{{variable}:?}}"\n' for variable in job["env"])
    return [f"(\n{wanted}{step['run']}\n)" for step in job["steps"]]


def test_the_workflow_is_the_one_that_is_trusted():
    workflow = yaml.safe_load(YAML.findall(page("github-actions.md"))[0])
    assert workflow["permissions"]["id-token"] == "write"
    (job,) = workflow["jobs"].values()
    assert f"--entity environment --value {job['environment']}" in page("github-actions.md")
    assert {"AUTHORITY", "TENANT", "CLIENT_ID", "API"} == set(job["env"])


def test_the_pod_is_the_one_that_is_trusted():
    text = page("kubernetes.md")
    account, pod = yaml.safe_load_all(YAML.findall(text)[0])
    spec, (container,), (volume,) = pod["spec"], pod["spec"]["containers"], pod["spec"]["volumes"]
    projected = volume["projected"]["sources"][0]["serviceAccountToken"]
    assert account["metadata"] == {"name": spec["serviceAccountName"], "namespace": pod["metadata"]["namespace"]}
    assert f"--namespace {account['metadata']['namespace']} --service-account {account['metadata']['name']}" in text
    assert projected["audience"] == AUDIENCE
    (mount,) = container["volumeMounts"]
    assert mount["name"] == volume["name"]
    given = {each["name"]: each["value"] for each in container["env"]}
    assert given.pop("AZURE_FEDERATED_TOKEN_FILE") == f"{mount['mountPath']}/{projected['path']}"
    assert set(given) == {"AZURE_AUTHORITY_HOST", "AZURE_TENANT_ID", "AZURE_CLIENT_ID", "API"}
    assert container["command"] == ["python", "worker.py"]


def test_the_policy_allows_what_the_program_asks_for():
    (statement,) = json.loads(JSON.findall(page("aws.md"))[0])["Statement"]
    program = (CODE / "aws/worker.py").read_text("utf-8")
    asked = statement["Condition"]
    (audience,) = asked["ForAllValues:StringEquals"]["sts:IdentityTokenAudience"]
    assert audience == AUDIENCE
    assert f'Audience=["{audience}"]' in program
    assert f'SigningAlgorithm="{asked["StringEquals"]["sts:SigningAlgorithm"]}"' in program
    assert f"DurationSeconds={asked['NumericLessThanEquals']['sts:DurationSeconds']}" in program
