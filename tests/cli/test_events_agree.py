"""One event, four readers: the store, Graph, the command line beside the store and at a URL say the same of it.

For a success of each kind of evidence, and for every refusal that the exchange records: each row of the catalogue that
can be answered once the application is known.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event as Signal
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from accredit.app import seed
from accredit.errors import CATALOGUE
from accredit.explain.suggestion import UNMATCHED
from accredit.interop.graph import signin
from accredit.signins import Event, checks, hashed
from accredit.stores.batches import Batch, Entry
from accredit.stores.event_reader import EventReader
from accredit.stores.sqlite_events import SqliteSink
from tests.cli.conftest import ran
from tests.support.emulator import running
from tests.wire.authority import wire
from tests.wire.test_refusals import (
    CHANGED,
    ROWS,
    VALID,
    certifies,
    posts,
    secret,
    signs,
    trusts,
)

pytestmark = pytest.mark.slow

EXPRESSION = "claims['sub'] matches 'repo:octo-org@123456/*' and claims['repository_owner_id'] eq '123456'"
BEFORE = {  # answered before the application is known, or by who does not ask for it: no event
    *("VERB_NOT_ALLOWED", "PARAMETER_MISSING", "REQUEST_MALFORMED", "GRANT_UNSUPPORTED", "GRANT_NEEDS_TENANT"),
    *("PARAMETER_UNSUPPORTED", "CREDENTIAL_REQUIRED", "TOO_MANY_REQUESTS", "TENANT_MALFORMED", "TENANT_UNKNOWN"),
    *("CLIENT_UNKNOWN", "PRINCIPAL_MISSING", "INSTANCE_UNKNOWN"),
}
RECORDED = {
    row.code for name, row in CATALOGUE.items() if row.family == "sts" and row.stage == "first" and name not in BEFORE
}


def by_expression(wire):
    trusts(wire, subject=None, expression=EXPRESSION)
    return wire.post(wire.form(client_assertion=wire.mint(branch="main")))


def by_certificate(wire):
    certifies(wire, VALID)
    return signs()(wire)


GRANTS = {
    "a subject": posts(),
    "an expression": by_expression,
    "a certificate": by_certificate,
    "a secret": secret(client_secret=seed.ADMIN_SECRET, scope="https://graph.microsoft.com/.default"),
}


@dataclass(frozen=True)
class Readers:
    """What each of them says of every event."""

    stored: dict[str, Event]  # by what was done
    graph: dict[str, dict[str, Any]]
    here: dict[str, dict[str, Any]]
    there: dict[str, dict[str, Any]]


def provoked(folder):
    """Events by what was done; a refusal that needs a change has an authority of its own."""
    found = {}
    with wire(folder / "shared") as shared:
        answers = {name: row.send(shared) for name, row in ROWS.items()}
        found |= kept(shared, answers)
    for number, (name, send) in enumerate([*GRANTS.items(), *((name, row.send) for name, row in CHANGED.items())]):
        with wire(folder / str(number)) as own:
            found |= kept(own, {name: send(own)})
    return found


def kept(wire, answers):
    with EventReader(wire.runtime.folder.database) as reader:
        told = {
            name: reader.by_id(UUID(trace))
            for name, answer in answers.items()
            if (trace := answer.headers.get("x-ms-request-id"))
        }
    return {name: event for name, event in told.items() if event is not None}


def written(database, events):
    """Write events into the log of another authority, as a server writes them."""
    sink, done = SqliteSink(database, lambda: datetime.now(UTC)), Signal()
    sink.open()
    batch = Batch([Entry(each, None, None) for each in events])
    sink.write(batch, done.set)
    assert done.wait(10)
    sink.close(10)
    assert not batch.failure


@pytest.fixture(scope="module")
def readers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("events")
    provoked_at = datetime.now(UTC).replace(microsecond=0)
    known = {
        name: replace(each, at=provoked_at - timedelta(seconds=n))
        for n, (name, each) in enumerate(provoked(folder).items())
    }
    with running(folder) as emulator:
        written(emulator.data / "accredit.db", known.values())
        with emulator.store() as store, store.events() as reader:
            stored = {name: reader.by_id(each.id) for name, each in known.items()}
        admin = emulator.ready["admin"]
        form = {"grant_type": "client_credentials", "scope": "https://graph.microsoft.com/.default"}
        form |= {name: admin[name] for name in ("client_id", "client_secret")}
        bearer = emulator.http.post(emulator.token_endpoint(), data=form).json()["access_token"]
        asked = {"authorization": f"Bearer {bearer}", "prefer": "accredit.explain"}

        def over_graph(of):
            return emulator.http.get(f"{emulator.url}/beta/auditLogs/signIns/{of.id}", headers=asked).json()

        with pytest.MonkeyPatch.context() as patched:
            for name, value in (("XDG_CONFIG_HOME", folder / "config"), ("XDG_CACHE_HOME", folder / "cache")):
                patched.setenv(name, str(value))
            local = ("--local", "--data", str(emulator.data))
            here = {name: shown(each, *local) for name, each in known.items()}
            patched.setenv("ACCREDIT_URL", emulator.url)
            patched.setenv("ACCREDIT_CA_FILE", str(emulator.ca_file))
            patched.setenv("ACCREDIT_CLIENT_ID", admin["client_id"])
            patched.setenv("ACCREDIT_CLIENT_SECRET", admin["client_secret"])
            there = {name: shown(each) for name, each in known.items()}
        yield Readers(stored, {name: over_graph(each) for name, each in known.items()}, here, there)


def shown(of, *where):
    ended = ran("logs", "show", str(of.id), "-o", "json", *where)
    assert ended.code == 0, ended.err
    return ended.json


def test_every_refusal_that_is_recorded_is_among_them(readers):
    assert {each.code for each in readers.stored.values()} == RECORDED | {0}
    assert len([each for each in readers.stored.values() if each.code == 0]) == len(GRANTS)


def test_the_store_and_graph_tell_the_same_event(readers):
    for name, event in readers.stored.items():
        known = replace(event, token_id=hashed(event.token_id))
        assert signin.read(readers.graph[name], event.tenant_id) == known, name
        told = json.loads(json.dumps(signin.write(known)))
        assert {member: readers.graph[name][member] for member in told} == told, name


def test_the_command_line_says_here_what_it_says_there(readers):
    for name in readers.stored:
        assert readers.here[name] == readers.there[name], name


def test_the_command_line_and_graph_agree_member_by_member(readers):
    for name, graph in readers.graph.items():
        every = {**graph, **graph[signin.OURS], "uti": readers.stored[name].uti or None}
        for member, value in readers.here[name].items():
            assert every[member] == value, (name, member)


def test_a_grant_names_what_it_was_granted_to(readers):
    told = {name: readers.there[name] for name in GRANTS}
    assert [each["clientCredentialType"] for each in told.values()] == [
        *["federatedIdentityCredential"] * 2,
        "certificate",
        "clientSecret",
    ]
    subject, expression, certificate, by_secret = told.values()
    assert subject["federatedCredentialName"] == "github-production"
    assert subject["matchedClause"] == f"sub eq '{subject['assertion']['subject']}'"
    assert (expression["federatedCredentialName"], expression["matchedClause"]) == ("another", EXPRESSION)
    assert {"key": "repository_owner_id", "value": "123456", "type": "string"} in expression["claims"]
    assert "environment" in expression["claimsLacking"]
    assert not {"actor", "run_id", "jti", "sub"} & {each["key"] for each in expression["claims"]}
    assert certificate["servicePrincipalCredentialThumbprint"] == VALID.sha1.hex().upper()
    for each in (certificate, by_secret):
        assert UUID(each["servicePrincipalCredentialKeyId"])
        assert each["federatedCredentialId"] == ""
    for each in told.values():
        assert (each["proof"], each["nearest"], each["verdicts"]) == ("proven", None, [])
        assert each["uti"]


def test_a_refusal_names_the_credential_or_the_nearest_one_with_the_first_difference(readers):
    for name, event in readers.stored.items():
        told, near = readers.there[name], readers.there[name]["nearest"]
        if event.code == 70025:
            assert near["difference"].startswith("The application `accredit-admin` trusts nobody yet"), name
        elif event.code in UNMATCHED or name == "no subject, though issuer and audience are known":
            assert near["federatedCredentialName"] in {"github-production", "another"}, name
            assert near["federatedCredentialId"] == told["verdicts"][0]["credentialId"], name
            assert near["difference"].endswith("."), name
            assert not all(each["passed"] for each in told["verdicts"][0]["checks"]), name
        elif event.code and event.credential_id is not None:
            assert told["federatedCredentialName"] in {"github-production", "another"}, name
            if event.proof != "proven" or event.code in {700024, 70023, 700238}:
                assert near["federatedCredentialId"] == told["federatedCredentialId"], name
                assert near["difference"], name


NAMED = {  # by the key id of what was meant, though it proved nothing
    "an expired secret": True,
    "self-signed for another audience": True,
    "self-signed with an expired certificate": True,
    "self-signed with a certificate that nobody registered": False,
    "a wrong secret": False,
}


@pytest.mark.parametrize("name", NAMED)
def test_a_secret_or_certificate_that_was_meant_is_named(readers, name):
    assert bool(readers.there[name]["servicePrincipalCredentialKeyId"]) is NAMED[name]


def test_every_refusal_came_from_one_check(readers):
    for name, event in readers.stored.items():
        failed = [each.name for each in checks(event) if each.result == "fail"]
        assert len(failed) == (event.code not in {0, 90033}), name
        if event.resource_app_id is not None and event.code != 90033:
            assert failed in ([], ["roles"], ["replay"]), name  # these come after the API was found


def test_nothing_of_a_token_is_in_any_of_them(readers):
    for told in (readers.graph, readers.here, readers.there):
        assert "eyJ" not in json.dumps(told)
