"""What an emulator leaves behind is refused in production, whichever part of it; and it is told by what is in it."""

import base64
import json
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from accredit import config
from accredit.administer import tenants
from accredit.app.local import local
from accredit.app.marks import MARK, own_issuers
from accredit.errors import Refused
from accredit.issuers import refuse_own
from accredit.signing import EMULATOR_NAME, generate
from accredit.signing.developmentca import development_tls
from tests.ops.servers import PUBLIC, command, initialise
from tests.signing.grants import MASTER, NOW

TENANT = f"{MARK}-0000-4000-8000-000000000009"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    initialise(folder)
    return folder / "data"


@pytest.fixture
def data(made, tmp_path):
    return shutil.copytree(made, tmp_path / "data")


def certified():
    """The certificate of an emulator's signing key, as it stands in a body."""
    key = generate("ES256", now=NOW, activates_at=NOW, master_key=MASTER, name=EMULATOR_NAME)
    return json.dumps(base64.b64encode(key.certificate).decode())


NEW_TENANT = "INSERT INTO tenants (seq, id, revision, body) VALUES (1000, ?, 1, x'')"
NEW_APPLICATION = (
    "INSERT INTO applications (seq, id, tenant_id, app_id, display_name, revision, body) "
    "SELECT 1, '2', id, ?, 'x', 1, x'' FROM tenants"
)
ISSUER = "INSERT INTO issuers (seq, id, tenant_id, url, revision, body) SELECT ?1, ?1, id, ?2, 1, x'' FROM tenants"
CERTIFICATE = "UPDATE signing_keys SET body = json_set(body, '$.certificate', json(?))"

MARKS = {
    "a tenant's id": (NEW_TENANT, [TENANT], f"tenant {TENANT}"),
    "an appId": (NEW_APPLICATION, [TENANT], f"application {TENANT}"),
    "a key's name": ("UPDATE signing_keys SET body = json_set(body, '$.kid', ?)", ["emulator-x"], "key emulator-x"),
    "a certificate": (CERTIFICATE, [certified()], "signing key"),
    "an emulator's issuer": (ISSUER, [1, f"https://localhost:1/{TENANT}/v2.0"], f"issuer https://localhost:1/{TENANT}"),
    "a test issuer": (ISSUER, [1, "https://[::1]:8443/idp/kubernetes"], "issuer https://[::1]:8443/idp/kubernetes"),
    "an issuer that it emitted": ("INSERT INTO emitted_issuers VALUES (?)", [f"https://x.test/{TENANT}/"], "issuer"),
}


@pytest.mark.parametrize(("change", "values", "what"), MARKS.values(), ids=MARKS)
def test_a_production_server_starts_with_nothing_that_bears_a_mark(data, change, values, what):
    with closing(sqlite3.connect(data / "accredit.db", isolation_level=None)) as connection:
        connection.execute(change, values)
    given = ("--public-url", f"https://{PUBLIC}", "--port", "0", "--admin-port", "0")
    done = command("serve", "--data", str(data), *given)
    assert done.returncode == 5, done.stderr
    assert what in " ".join(done.stderr.split())
    assert "emulator" in done.stderr


def test_issuers_of_others_bear_none(data):
    with closing(sqlite3.connect(data / "accredit.db", isolation_level=None)) as connection:
        for number, url in enumerate(("spiffe opaque", "https://localhost/other", "https://idp.test/idp/github")):
            connection.execute(ISSUER, [number, url])
    master = (data / "master.key").read_bytes()
    (data / "master.key").write_bytes(bytes(32))
    given = ("--public-url", f"https://{PUBLIC}", "--port", "0", "--admin-port", "0")
    done = command("serve", "--data", str(data), *given)
    (data / "master.key").write_bytes(master)
    assert done.returncode == 2, "it goes on to the master key"
    assert "master key" in done.stderr


def names(certificate):
    return [each.value for each in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]


def test_everything_that_an_emulator_hands_out_bears_its_marks(tmp_path):
    from tests.wire.authority import wire  # noqa: PLC0415

    with wire(tmp_path / "data") as emulator:
        answer = emulator.post(emulator.form()).json["access_token"]
        header, claims = (json.loads(base64.urlsafe_b64decode(each + "==")) for each in answer.split(".")[:2])
        assert header["kid"].startswith("emulator-")
        assert claims["tid"].startswith(MARK)
        assert f"/{MARK}" in claims["iss"]
        assert claims["azp"].startswith(MARK)
        assert claims["oid"].startswith(MARK)
        for each in emulator.ask("GET", f"/{claims['tid']}/discovery/v2.0/keys").json["keys"]:
            assert each["kid"].startswith("emulator-")
            certificate = x509.load_der_x509_certificate(base64.b64decode(each["x5c"][0]))
            assert names(certificate) == ["accredit emulator, not for production"]
        made = emulator.run(tenants.create, emulator.administrator, display_name="B", domains=("b.test",), enable=())
        assert str(made.id).startswith(MARK)
    files = development_tls(tmp_path, now=datetime.now(UTC))
    assert names(x509.load_pem_x509_certificate(files.certificate_file.read_bytes())) == [EMULATOR_NAME]
    assert names(x509.load_pem_x509_certificate(files.ca_file.read_bytes()))[0].endswith("not for production")


def test_every_fixed_id_of_an_emulator_bears_its_mark(tmp_path):
    from tests.wire.authority import wire  # noqa: PLC0415

    with wire(tmp_path / "data"):
        pass
    with closing(sqlite3.connect(tmp_path / "data" / "accredit.db")) as connection:
        for table in ("tenants", "applications", "principals", "credentials", "issuers", "assignments"):
            ids = [each for (each,) in connection.execute(f"SELECT id FROM {table}")]  # noqa: S608  the names are above
            assert ids, table
            assert [each for each in ids if not str(each).startswith(MARK)] == [], table


def opened(data):
    return local(config.read({}, secrets=None, data=str(data), public_url=f"HTTPS://{PUBLIC.upper()}:443/"))


def test_a_file_beside_it_makes_no_database_an_emulators(data):
    (data / "ca.pem").write_text("of the operator's proxy")
    with opened(data) as store:
        assert not store.folder.emulator
        assert not store.administrator(None).emulator
        made_key = store.make_key()("ES256", NOW)
        assert not made_key.kid.startswith("emulator-")


def test_an_emulators_database_is_one_without_the_files_beside_it(tmp_path):
    from tests.wire.authority import wire  # noqa: PLC0415

    with wire(tmp_path / "data"):
        pass
    with opened(tmp_path / "data") as store:
        assert store.folder.emulator
        assert store.make_key()("ES256", NOW).kid.startswith("emulator-")
        refuse_own(f"https://localhost:1/{TENANT}/v2.0", store.own_issuers, "emulator-x")


def test_a_command_knows_the_public_url_as_the_server_says_it(data):
    with opened(data) as store:
        assert store.base == f"https://{PUBLIC}"
        assert f"https://{PUBLIC}/{TENANT}/v2.0" in store.own_issuers


def test_in_production_an_emulators_issuers_and_keys_are_never_believed():
    production, emulator = (own_issuers((), (), emulator=each) for each in (False, True))
    for issuer, kid in ((f"https://localhost:1/{TENANT}/v2.0", "k"), ("https://idp.test", "emulator-k")):
        refuse_own(issuer, emulator, kid)
        with pytest.raises(Refused, match="AADSTS700222"):
            refuse_own(issuer, production, kid)
