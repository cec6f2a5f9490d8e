"""Clients that are pointed at an authority."""

import re

import pytest

from accredit.interop import clients
from tests.support.every import every

TOLD = {"url": "https://sts.contoso.test:8443", "tenant": "T", "client_id": "C", "scope": "api://orders/.default"}


@every("name", clients.names())
def test_nothing_is_left_to_fill_in_and_what_is_not_known_is_named(name):
    told = clients.client(name, TOLD)
    texts = [told.title, told.sample, *told.variables.values(), *told.steps, *told.traps]
    assert not [each for each in texts if re.search(r"\$[a-z_]", each)]
    assert "" not in told.variables.values()
    assert bool(told.sample) == bool(told.language)


def test_what_is_not_known_is_named():
    told = clients.client("curl", {"url": "https://sts.contoso.test", "ca_file": "/ca.pem", "tenant": ""})
    assert "https://sts.contoso.test/TENANT_ID/oauth2" in told.steps[0]
    assert told.variables == {"CURL_CA_BUNDLE": "/ca.pem"}


def test_a_sample_asks_for_the_scope():
    assert 'get_token("api://orders/.default")' in clients.client("azure-identity", TOLD).sample


def test_variables_are_quoted_for_a_shell():
    assert clients.exports({"A": "b c", "D": "e"}) == ["export A='b c'", "export D=e"]


def test_an_unknown_client_is_none():
    with pytest.raises(KeyError):
        clients.client("cobol", TOLD)
