import msgspec

from accredit.issuers import Issuer, KeyReference
from tests.issuers.records import extended, record
from tests.support.every import every


@every(("source", "fetches"), [("discovery", True), ("jwks_url", True), ("uploaded", False)])
def test_uploaded_keys_are_never_fetched(source, fetches):
    assert record(key_source=source).fetches is fetches


PORTABLE = {
    "RS256": (record(), True),
    "every RS": (record(algorithms=("RS256", "RS384", "RS512")), True),
    "ES256 too": (record(algorithms=("RS256", "ES256")), False),
    "no kid": (record(require_kid=False), False),
    "everything": (extended(), False),
}


@every(("issuer", "portable"), PORTABLE.values(), ids=PORTABLE.keys())
def test_portable_is_what_entra_would_take(issuer, portable):
    assert issuer.portable is portable


@every("name", ["kid", "x5t", "x5t_s256"])
def test_one_name_is_a_key_reference(name):
    assert KeyReference("RS256").missing
    assert not KeyReference("RS256", **{name: ""}).missing


def test_a_record_that_was_stored_before_a_member_was_known_is_read_with_its_default():
    stored = msgspec.json.decode(msgspec.json.encode(record()))
    del stored["ports"], stored["allowed_jwks_hosts"]
    assert msgspec.json.decode(msgspec.json.encode(stored), type=Issuer) == record()
