from accredit.issuers import IssuerUrl, keyhosts
from tests.issuers.records import record
from tests.support.every import every

PINNED = {
    "https://idp.test/x": ("idp.test",),
    "https://IDP.test:8443": ("idp.test",),
    "https://accounts.google.com": ("accounts.google.com", "www.googleapis.com"),
    "spiffe://example.org": (),
}


@every("issuer", PINNED)
def test_a_new_record_lists_the_hosts_that_are_known(issuer):
    assert keyhosts.pinned(issuer) == PINNED[issuer]


def test_a_list_means_its_hosts_and_the_issuers_own_and_what_was_written_out():
    url = IssuerUrl("https://idp.test")
    assert keyhosts.allows(record(url=url), "anywhere.test")
    listed = record(url=url, allowed_jwks_hosts=("keys.test",))
    assert [keyhosts.allows(listed, host) for host in ("keys.test", "idp.test", "evil.test")] == [True, True, False]
    written = record(url=url, allowed_jwks_hosts=("keys.test",), jwks_url="https://Other.test/jwks")
    assert [keyhosts.allows(written, host) for host in ("other.test", "evil.test")] == [True, False]
