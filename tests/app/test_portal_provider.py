"""The provider at which people sign in: its settings, judged before a server starts, and how often it is visited."""

import asyncio

import pytest

from accredit import config
from accredit.app.judge import judge
from accredit.app.portal_provider import ASK_AGAIN, LONGEST_SECRET, FetchedProvider, read_secret, record
from accredit.config import Oidc
from accredit.errors import INPUT_UNREADABLE, SETTING_INVALID, Refused
from accredit.outbound import PRODUCTION, emulator
from tests.support.every import every

ISSUER = "https://login.contoso.test:9443/tenant/v2.0"
GIVEN = {"issuer": ISSUER, "client_id": "portal"}


def judged(profile="production", **oidc):
    told = {"public_url": "https://auth.contoso.test", "portal": {"oidc": oidc}}
    judge(config.read({}, secrets=None, profile=profile, **told))


def kept(path, text, mode=0o600):
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def test_settings_that_are_right_are_taken(tmp_path):
    judged()
    judged(**GIVEN)
    judged(**GIVEN, client_secret_file=kept(tmp_path / "s", "secret\n"), networks=["10.0.0.0/8"], name="Contoso")
    judged("emulator", issuer="http://localhost:8080/idp", client_id="portal")


@pytest.fixture
def folder(tmp_path):
    kept(tmp_path / "open", "secret", 0o604)
    kept(tmp_path / "empty", " \n")
    kept(tmp_path / "lines", "a\nb")
    kept(tmp_path / "long", "x" * (LONGEST_SECRET + 1))
    kept(tmp_path / "no.pem", "none")
    return tmp_path


WRONG = {
    "a client of no provider": ({"client_id": "portal"}, "client_id"),
    "a secret for no provider": ({"client_secret_file": "lines"}, "client_secret_file"),
    "a provider that knows nobody": ({"issuer": ISSUER}, "client_id"),
    "plain http": ({**GIVEN, "issuer": "http://login.contoso.test"}, "issuer"),
    "plain http on this machine": ({**GIVEN, "issuer": "http://localhost:8080/idp"}, "issuer"),
    "no address": ({**GIVEN, "issuer": "contoso"}, "issuer"),
    "a secret that is not there": ({**GIVEN, "client_secret_file": "absent"}, "client_secret_file"),
    "a secret that everybody can read": ({**GIVEN, "client_secret_file": "open"}, "client_secret_file"),
    "an empty secret": ({**GIVEN, "client_secret_file": "empty"}, "client_secret_file"),
    "a secret of two lines": ({**GIVEN, "client_secret_file": "lines"}, "client_secret_file"),
    "a secret that is too long": ({**GIVEN, "client_secret_file": "long"}, "client_secret_file"),
    "a CA that is not there": ({**GIVEN, "ca_file": "absent"}, "ca_file"),
    "a CA that is none": ({**GIVEN, "ca_file": "no.pem"}, "ca_file"),
    "a network that is none": ({**GIVEN, "networks": ["10.0.0.0/99"]}, "networks"),
}


@pytest.mark.parametrize(("oidc", "name"), WRONG.values(), ids=WRONG)
def test_settings_that_no_server_takes_are_refused_by_name(folder, oidc, name):
    paths = {each: str(folder / oidc[each]) for each in ("client_secret_file", "ca_file") if each in oidc}
    with pytest.raises(Refused) as refused:
        judged(**{**oidc, **paths})
    assert (refused.value.row, refused.value.fields["name"]) == (SETTING_INVALID, f"portal.oidc.{name}")
    assert "secret" not in refused.value.fields["reason"].replace("a secret", "").replace(str(folder), "")


@every(
    "setting, value",
    [("idle_minutes", 0), ("idle_minutes", 1_441), ("absolute_hours", 0), ("absolute_hours", 169), ("idle", 5)],
)
def test_sessions_have_bounds(setting, value):
    with pytest.raises(Refused) as refused:
        config.read({}, secrets=None, portal={setting: value})
    assert refused.value.row is SETTING_INVALID


def test_lists_within_groups_come_from_variables_too():
    found = config.read({"ACCREDIT_PORTAL__OIDC__SCOPES": "openid, groups"}, secrets=None)
    assert found.portal.oidc.scopes == ("openid", "groups")
    with pytest.raises(Refused):
        config.read({"ACCREDIT_PORTAL__OIDC__SCOPE": "openid"}, secrets=None)


def test_the_provider_is_visited_at_its_own_port_besides_the_usual_ones():
    found = record(Oidc(issuer=ISSUER, networks=("10.0.0.0/8",)), emulator=False)
    assert (found.url, found.ports, found.networks) == (ISSUER, (9443,), ("10.0.0.0/8",))
    assert not {"none", "HS256"} & {*found.algorithms}


def test_the_button_says_the_host_where_there_is_no_name():
    given = {"base": "https://auth.contoso.test", "emulator": False, "rules": PRODUCTION, "seconds": lambda: 0.0}
    assert FetchedProvider(Oidc(**GIVEN), **given).name == "login.contoso.test"
    named = FetchedProvider(Oidc(**GIVEN, name="Contoso"), **given)
    assert (named.name, named.client.redirect_uri) == ("Contoso", "https://auth.contoso.test/portal/oidc/callback")


def test_a_secret_is_read_anew_each_time(tmp_path):
    path = kept(tmp_path / "secret", "one\n")
    assert (read_secret(""), read_secret(path)) == ("", "one")
    kept(tmp_path / "secret", " two ")
    assert read_secret(path) == "two"
    (tmp_path / "secret").unlink()
    with pytest.raises(Refused) as refused:
        read_secret(path)
    assert refused.value.row is INPUT_UNREADABLE


async def asked_at_once(provider, times):
    """How many of so many requests for the provider's addresses failed."""
    found = await asyncio.gather(*(provider.endpoints() for _ in range(times)), return_exceptions=True)
    return [type(each) for each in found if isinstance(each, Refused)]


def test_a_provider_that_is_down_is_not_visited_for_everybody_who_asks():
    """Whoever presses the button is not signed in yet: no crowd of them makes a crowd of visits."""
    visits, now = [], [0.0]

    async def hang_up(_, writer):
        visits.append(now[0])
        writer.close()

    async def story():
        async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
            issuer = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/idp"
            given = {"base": "https://localhost", "emulator": True, "rules": emulator(), "seconds": lambda: now[0]}
            provider = FetchedProvider(Oidc(issuer=issuer, client_id="portal"), **given)
            assert len(await asked_at_once(provider, 50)) == 50
            now[0] = ASK_AGAIN - 0.1
            assert len(await asked_at_once(provider, 50)) == 50
            assert visits == [0.0], "one visit tells all of them"
            now[0] = ASK_AGAIN
            assert len(await asked_at_once(provider, 2)) == 2
            assert visits == [0.0, ASK_AGAIN]

    asyncio.run(story())
