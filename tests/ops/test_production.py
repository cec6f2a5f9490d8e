"""The production profile: what it refuses to start with, and what it believes of a proxy in front of it."""

import json
import sqlite3
import stat
from contextlib import closing
from uuid import UUID

import pytest

from accredit.app import seed
from accredit.signins import Event
from tests.ops.conftest import PROXIES
from tests.ops.servers import PUBLIC, command, initialise, serving

pytestmark = pytest.mark.slow


def serve(folder, *options, **variables):
    told = ("serve", "--data", str(folder / "data"), "--port", "0", "--admin-port", "0", *options)
    return command(*told, **variables)


@pytest.fixture
def folder(tmp_path):
    initialise(tmp_path)
    return tmp_path


def refused(done, exit_code, *words):
    assert done.returncode == exit_code, done.stderr
    assert "Traceback" not in done.stderr
    assert "fault of accredit" not in done.stderr
    for each in words:
        assert each in done.stderr
    return True


URL = ("--public-url", f"https://{PUBLIC}")


def test_init_makes_a_directory_that_only_its_owner_can_read_and_never_a_second_one(folder):
    data = folder / "data"
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert stat.S_IMODE((data / "master.key").stat().st_mode) == 0o600
    again = command("init", "--domain", "corp.test", "--data", str(data))
    assert refused(again, 5, "exists already")


def test_it_needs_a_public_url(folder):
    assert refused(serve(folder), 2, "public_url")


@pytest.mark.parametrize(
    "url",
    [
        "http://sts.corp.test",
        "https://",
        "https://a@sts.corp.test",
        "https://sts.corp.test:99999",
        "https://x/path",
        "x",
    ],
)
def test_a_public_url_that_no_client_could_use(folder, url):
    assert refused(serve(folder, "--public-url", url), 2, "public_url")


def test_it_needs_a_store(tmp_path):
    assert refused(serve(tmp_path, *URL), 4, "accredit.db")


def test_it_needs_its_master_key(folder):
    (folder / "data" / "master.key").unlink()
    assert refused(serve(folder, *URL), 2, "master.key")


def test_it_refuses_a_master_key_that_others_can_read(folder):
    (folder / "data" / "master.key").chmod(0o640)
    assert refused(serve(folder, *URL), 2, "0640")


def test_systemd_may_hand_the_master_key_over(folder):
    handed = folder / "credentials"
    handed.mkdir()
    (folder / "data" / "master.key").rename(handed / "accredit-master-key")
    with serving(folder, emulator=False, CREDENTIALS_DIRECTORY=str(handed)) as server:
        assert server.admin.get("/readyz").status_code == 200


def test_it_refuses_another_master_key(folder):
    (folder / "data" / "master.key").write_bytes(bytes(32))
    (folder / "data" / "master.key").chmod(0o600)
    assert refused(serve(folder, *URL), 2, "master key")


@pytest.mark.parametrize("version", ["9999", "0000"])
def test_it_refuses_a_schema_that_it_does_not_know(folder, version):
    with closing(sqlite3.connect(folder / "data" / "accredit.db")) as connection, connection:
        connection.execute("UPDATE schema_version SET version_num = ?", (version,))
    assert refused(serve(folder, *URL), 5, version)


def test_it_refuses_a_file_that_is_no_database(folder):
    (folder / "data" / "accredit.db").write_bytes(b"not a database" * 100)
    assert refused(serve(folder, *URL), 5)


def test_it_refuses_an_emulators_data(tmp_path):
    with serving(tmp_path):
        pass
    assert refused(serve(tmp_path, *URL), 5, "emulator")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ISSUER_OVERRIDES", json.dumps({"https://a.example": "https://localhost:1"})),
        ("EXPLAIN_TO_CALLER", "true"),
        ("EXPOSE_EMULATOR", "true"),
    ],
)
def test_it_refuses_what_exists_in_an_emulator_only(folder, name, value):
    assert refused(serve(folder, *URL, **{f"ACCREDIT_{name}": value}), 2, name.lower())


def test_it_does_not_know_a_test_issuer(folder):
    look = """
import atexit, re, sys
from pathlib import Path
IN_APP = "provoking|propagating|clock|asked|test_issuers|fresh_tenant"
NEVER = re.compile(f"testidp|accredit[.]app[.](?:{IN_APP})|accredit[.]testing")
atexit.register(lambda: Path(OUT).write_text("\\n".join(name for name in sys.modules if NEVER.search(name))))
"""
    seen = folder / "seen"
    with serving(folder, emulator=False, before=f"OUT = {str(seen)!r}\n{look}") as server:
        assert server.ready.keys() == {"url", "listen", "admin_url", "pid"}
        for path in ("/idp/_mint", "/idp/github/.well-known/openid-configuration", "/idp"):
            assert server.http.get(path).status_code == 404
            assert server.http.post(path, json={}).status_code == 404
    assert seen.read_text() == ""


def test_the_emulators_identities_mean_nothing_to_it(production):
    form = {
        "grant_type": "client_credentials",
        "client_id": str(seed.ADMIN_ID),
        "client_secret": seed.ADMIN_SECRET,
        "scope": "https://graph.microsoft.com/.default",
    }
    answer = production.token(str(seed.TENANT_ID), form)
    assert (answer.status_code, answer.json()["error_codes"]) == (400, [90002])


def last(server, tenant) -> Event:
    with server.store() as store, store.events() as log:
        return log.last(UUID(tenant), limit=1)[0]


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        (None, "127.0.0.1"),
        ("198.51.100.7", "198.51.100.7"),
        ("203.0.113.9, 198.51.100.7", "198.51.100.7"),  # what the caller invented stands further left
        ("198.51.100.7, 127.0.0.9", "198.51.100.7"),  # two proxies of ours
        ("2001:db8::1", "2001:db8::1"),
        ("not an address", "127.0.0.1"),
        ("198.51.100.7, <script>", "127.0.0.1"),
        ("", "127.0.0.1"),
        ("127.0.0.2, 127.0.0.3", "127.0.0.2"),
    ],
)
def test_the_address_is_the_nearest_that_is_no_proxy_of_ours(production, workload, forwarded, address):
    headers = {} if forwarded is None else {"x-forwarded-for": forwarded}
    assert workload.ask(**headers).status_code == 200
    assert last(production, workload.tenant).address == address


def test_without_trusted_proxies_nobody_is_believed(folder):
    from tests.ops.conftest import tenant_of  # noqa: PLC0415
    from tests.ops.workloads import employ  # noqa: PLC0415

    with serving(folder, emulator=False) as server:
        work = employ(server, tenant_of(server))
        assert work.ask(**{"x-forwarded-for": "198.51.100.7", "forwarded": "for=198.51.100.7"}).status_code == 200
        assert last(server, work.tenant).address == "127.0.0.1"


def test_urls_follow_the_public_url_whatever_headers_say(production, workload):
    forged = {"x-forwarded-host": "evil.example", "x-forwarded-proto": "http", "forwarded": "host=evil.example"}
    document = production.http.get(f"/{workload.tenant}/v2.0/.well-known/openid-configuration", headers=forged)
    assert document.json()["issuer"] == f"https://{PUBLIC}/{workload.tenant}/v2.0"
    assert "evil" not in document.text
    assert document.status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost", "127.0.0.1", f"{PUBLIC}:8443", f"{PUBLIC}.evil.example"])
def test_another_host_is_refused_before_anything_else(production, workload, host):
    answer = production.http.get(f"/{workload.tenant}/discovery/v2.0/keys", headers={"host": host})
    assert answer.status_code == 421
    assert "keys" not in answer.json()


def test_strict_transport_is_said(workload):
    assert "max-age=31536000" in workload.ask().headers["strict-transport-security"]


@pytest.mark.parametrize("host", ["evil.example", "169.254.1.1.evil.example", "localhost.evil.example:8444"])
def test_the_admin_listener_answers_probes_by_number_and_no_foreign_name(production, host):
    assert production.admin.get("/readyz", headers={"host": "10.1.2.3:8444"}).status_code == 200
    assert production.admin.get("/readyz", headers={"host": "[fd00::1]:8444"}).status_code == 200
    assert production.admin.get("/metrics", headers={"host": host}).status_code == 421


def test_settings_are_named_when_they_are_misspelt(folder):
    assert refused(serve(folder, *URL, **PROXIES, ACCREDIT_TRUSTED_PROXY="10.0.0.0/8"), 2, "trusted_proxies")


def test_a_proxy_that_is_no_network_is_named(folder):
    assert refused(serve(folder, *URL, ACCREDIT_TRUSTED_PROXIES="10.0.0.0/99"), 2, "10.0.0.0/99")


def test_a_certificate_that_is_not_there_is_named(folder):
    told = {"ACCREDIT_TLS__CERTIFICATE": "/nowhere.pem", "ACCREDIT_TLS__KEY": "/nowhere.key"}
    assert refused(serve(folder, *URL, **told), 2, "certificate")
