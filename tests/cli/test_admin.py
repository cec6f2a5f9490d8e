"""``accredit admin``: roles of people, the link, and who is signed in."""

import re
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from accredit.app.local import run
from accredit.directory.people import Person, Session
from accredit.issuers import base64url
from accredit.stores.portal_sessions import PortalSessions
from accredit.web.portal.session import digest

ISSUER = "https://login.contoso.test"
GIVEN = ("--claim", "groups", "--value", "g1", "--role", "admin")


@pytest.fixture
def sessions(data):
    with closing(PortalSessions(data / "accredit.db")) as found:
        yield found


def signed_in(sessions, name, minutes=0):
    at = datetime.now(UTC) - timedelta(minutes=minutes)
    person = Person(name=name, issuer=ISSUER, subject=name.lower())
    session = Session(id=digest(name.encode()), person=person, claims={}, made_at=at, seen_at=at, address="192.0.2.7")
    run(sessions.add(session, dead=at - timedelta(hours=8)))
    return session.name


def test_a_role_is_given_listed_and_taken_away(cli):
    added = cli("admin", "add", "--issuer", ISSUER, *GIVEN, "-o", "json")
    assert added.code == 0, added.err
    assert (added.json["role"], added.json["claim"], added.json["value"]) == ("admin", "groups", "g1")
    instance = cli("admin", "add", "--issuer", ISSUER, *GIVEN[:-1], "instance", "-o", "json").json
    assert instance["tenantId"] is None
    assert [each["id"] for each in cli("admin", "list", "-o", "json").json] == [added.json["id"], instance["id"]]
    assert "the instance" in cli("admin", "list").out
    removed = cli(*added.undo.split()[1:], "--yes")
    assert removed.code == 0, removed.err
    assert [each["id"] for each in cli("admin", "list", "-o", "json").json] == [instance["id"]]
    again = cli(*removed.undo.split()[1:], "-o", "json")
    assert {**again.json, "id": "", "createdDateTime": ""} == {**added.json, "id": "", "createdDateTime": ""}
    assert [each["value"] for each in cli("admin", "list", "--tenant", "contoso.test", "-o", "json").json] == [
        "g1",
        "g1",
    ]


def test_the_issuer_may_stand_in_the_settings(cli, monkeypatch):
    assert "portal.oidc.issuer" in cli("admin", "add", *GIVEN).err
    monkeypatch.setenv("ACCREDIT_PORTAL__OIDC__ISSUER", ISSUER)
    assert cli("admin", "add", *GIVEN, "-o", "json").json["issuer"] == ISSUER


WRONG = {
    "an e-mail address": (("admin", "add", "--issuer", ISSUER, "--claim", "email", *GIVEN[2:]), 2, "--claim"),
    "a role that there is not": (("admin", "add", "--issuer", ISSUER, *GIVEN[:-1], "owner"), 2, "--role"),
    "a provider that is no address": (("admin", "add", "--issuer", "contoso", *GIVEN), 2, "--issuer"),
    "a mapping that is not there": (("admin", "remove", "17", "--yes"), 4, "accredit admin list"),
    "a session that is not there": (("admin", "sign-out", "0a"), 4, "accredit admin sessions"),
    "no session at all": (("admin", "sign-out"), 2, "--all"),
    "a session and all of them": (("admin", "sign-out", "0a", "--all"), 2, "--all"),
}


@pytest.mark.parametrize(("words", "code", "says"), WRONG.values(), ids=WRONG)
def test_a_slip_is_refused_in_words(cli, words, code, says):
    ended = cli(*words)
    assert (ended.code, ended.out) == (code, "")
    assert says in ended.err


def test_a_link_is_made_on_one_line_and_recorded(cli, sessions):
    ended = cli("admin", "link")
    assert re.fullmatch(r"/portal/link/[A-Za-z0-9_-]{43}\n", ended.out), ended.out
    assert "ACCREDIT_PUBLIC_URL" in ended.err
    made = digest(base64url.decode(ended.out.strip().rpartition("/")[2]))
    assert run(sessions.link_holds(made, datetime.now(UTC)))
    assert not run(sessions.link_holds(made, datetime.now(UTC) + timedelta(minutes=15)))
    assert cli("admin", "link", "-o", "json").json["minutes"] == 15


def test_a_link_is_a_whole_address_where_the_settings_know_it(cli, monkeypatch):
    monkeypatch.setenv("ACCREDIT_PUBLIC_URL", "https://auth.contoso.test")
    assert cli("admin", "link").out.startswith("https://auth.contoso.test/portal/link/")


def test_sessions_are_listed_and_ended(cli, sessions):
    ada, _, ben = (signed_in(sessions, name, minutes) for name, minutes in (("Ada", 1), ("Old", 31), ("Ben", 5)))
    listed = cli("admin", "sessions", "-o", "json").json
    assert [(each["id"], each["displayName"]) for each in listed] == [(ada, "Ada"), (ben, "Ben")]
    assert "192.0.2.7" in cli("admin", "sessions").out
    ended = cli("admin", "sign-out", ada)
    assert (ended.code, "Ended 1 session;" in ended.err) == (0, True)
    assert [each["displayName"] for each in cli("admin", "sessions", "-o", "json").json] == ["Ben"]
    assert "Ended 1 session;" in cli("admin", "sign-out", "--all").err
    assert cli("admin", "sessions", "-o", "json").json == []
