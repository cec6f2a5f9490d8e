"""The directory API as a whole authority serves it: behind the front door, under the settings of its profile."""

import pytest

from accredit import config
from accredit.app.judge import judge
from accredit.errors import SETTING_INVALID, Refused
from tests.web.graph.callers import Graph
from tests.wire.authority import wire


def test_production_asks_for_roles_whatever_its_settings_say() -> None:
    told = config.read(
        {}, secrets=None, profile="production", public_url="https://sts.test", graph_authorization="any-token"
    )
    with pytest.raises(Refused) as caught:
        judge(told)
    assert caught.value.row is SETTING_INVALID
    assert caught.value.fields["name"] == "graph_authorization"
    judge(config.read({}, secrets=None, profile="production", public_url="https://sts.test"))


def test_an_emulator_may_take_any_token(tmp_path) -> None:
    for setting, status in (("enforce", 403), ("any-token", 200)):
        with wire(tmp_path / setting, upload=False, graph_authorization=setting) as made:
            graph = Graph(made)
            token = graph.caller().token
            assert graph.ask("GET", "/v1.0/applications", token).status == status
            assert graph.ask("GET", "/v1.0/applications").status == 401


def test_another_host_is_refused_before_the_token_is_looked_at(tmp_path) -> None:
    with wire(tmp_path / "data", upload=False) as made:
        graph = Graph(made)
        answer = graph.ask("GET", "/v1.0/applications", graph.admin(), headers={"host": "evil.test"})
    assert answer.status == 421


def test_a_credential_written_here_holds_for_the_next_exchange_and_no_longer_than_it_exists(tmp_path) -> None:
    with wire(tmp_path / "data") as made:
        graph = Graph(made)
        token, credential = graph.admin(), "/v1.0/applications(appId='{}')/federatedIdentityCredentials"
        path = credential.format("acc7ed17-0000-4000-8000-000000000003")
        other = {"sub": "repo:octo-org@123456/octo-repo@456789:environment:staging"}
        form = made.form(client_assertion=made.mint(overrides=other))
        assert made.post(form).code == 700213
        body = {
            "name": "staging",
            "issuer": "https://token.actions.githubusercontent.com",
            "subject": other["sub"],
            "audiences": ["api://AzureADTokenExchange"],
        }
        written = graph.ask("POST", path, token, body)
        assert written.status == 201, written.body
        assert made.post(form).status == 200
        assert graph.ask("DELETE", f"{path}/staging", token).status == 204
        assert made.post(form).code == 700213
