"""The APIs of docs/recipes, served as their pages say, with the tokens of a running authority."""

import re
from contextlib import ExitStack

import pytest

from tests.recipes.presented import shown
from tests.recipes.serving import CODE, NOBODY, PAGES, commands, configured, served, settings, until_it_answers

pytestmark = pytest.mark.xdist_group("recipes")  # what they are shown is made once
PYTHON = ("fastapi", "starlette", "flask", "django")
NO_KEYS = {"api.mjs": 401}  # express-oauth2-jwt-bearer makes no difference; whatever lets nobody in is safe


@pytest.fixture(scope="module")
def what():
    with shown() as found:
        yield found


def asked(client, token):
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return client.get("/orders", headers=headers)


def problems(what, accepting, in_production, cut_off, *, no_keys=503):
    """Compare what three servers of one API answer with what they should; every difference is a line."""
    answer = asked(accepting, what.good)
    if (answer.status_code, answer.text and answer.json().get("caller")) != (200, what.caller):
        yield f"the right token: {answer.status_code} {answer.text[:300]}"
    for sentence, (token, status) in what.refused.items():
        answer = asked(accepting, token)
        if answer.status_code != status:
            yield f"{sentence}: {answer.status_code}, not {status}: {answer.text[:300]}"
        if status == 401 and not answer.headers.get("www-authenticate", "").lower().startswith("bearer"):
            yield f"{sentence}: no challenge in {dict(answer.headers)}"
    answer = asked(in_production, what.good)
    if (answer.status_code, "emulator" in answer.text) != (401, True):
        yield f"an emulator's token in production: {answer.status_code} {answer.text[:300]}"
    answer = asked(cut_off, what.good)
    if answer.status_code != no_keys:
        yield f"without its issuer: {answer.status_code} {answer.text[:300]}"


def examine(what, command, folder, **more):
    with ExitStack() as ending:
        clients = [
            ending.enter_context(served(command, folder, configured(what, **changes), **more))
            for changes in ({}, {"EMULATOR": ""}, {"ISSUER": NOBODY})
        ]
        for each in clients:
            until_it_answers(each)
        assert list(problems(what, *clients, no_keys=NO_KEYS.get(command[1], 503))) == []


@pytest.mark.clients
@pytest.mark.parametrize("framework", PYTHON)
def test_an_api_takes_its_callers_tokens_and_no_others(framework, what):
    (command,) = commands(f"{framework}.md")
    assert settings(f"{framework}.md") <= set(configured(what))
    examine(what, command, CODE / framework)


@pytest.mark.clients_node
def test_an_api_on_node_does_too(what, clients_node, tmp_path):
    (tmp_path / "node_modules").symlink_to(clients_node.folder / "node_modules")
    for script in (CODE / "express").iterdir():
        (tmp_path / script.name).write_bytes(script.read_bytes())
    found = commands("express.md")
    assert [each[:1] for each in found] == [["node"], ["node"]]
    for command in found:
        examine(what, command, tmp_path, programs=clients_node.node.parent)


@pytest.mark.clients
def test_the_page_says_what_they_are_shown(what):
    rows = re.findall(r"^\| (.+) \| (\d{3}) \|$", (PAGES / "README.md").read_text("utf-8"), re.MULTILINE)
    assert rows == [(sentence, str(status)) for sentence, (_, status) in what.refused.items()]
