import pytest
from hypothesis import given
from hypothesis import strategies as st

from accredit.errors import OWN_ISSUER, PROPERTY_INVALID, Refused
from accredit.issuers import url
from accredit.issuers.url import OwnIssuers
from tests.refusals import refusal
from tests.strategies import issuers
from tests.support.every import every

TENANT = "8f3e6c1a-2b4d-4e5f-9a70-1c2d3e4f5a6b"

ACCEPTED = {
    "GitHub": "https://token.actions.githubusercontent.com",
    "a path and a trailing slash": "https://eastus.oic.prod-aks.azure.com/tid/cluster/",
    "a port": "https://gitlab.example:8443",
    "an IPv4 address": "https://127.0.0.1:6463",
    "an IPv6 address": "https://[2001:db8::1]:6443/x",
    "upper case, kept as it is": "https://OIDC.EKS.example/id/0123ABCD",
    "an underscore and punycode": "https://my_host.xn--bcher-kva.example",
    "percent signs in the path": "https://a.example/x%2Fy",
    "an at sign in the path": "https://a.example/@me",
    "a label that looks like a number before the last": "https://123.example",
    "one label": "https://idp",
}
REFUSED = {
    "nothing": ("", "it has 0 characters"),
    "http": ("http://a.example", "it must be https"),
    "http on this machine": ("http://localhost:8080", "it must be https"),
    "another scheme": ("ftp://a.example", "not an absolute https URL"),
    "no scheme": ("a.example", "not an absolute https URL"),
    "no host": ("https:///path", "no host"),
    "a user": ("https://ok@evil.example", "userinfo"),
    "a user and a password": ("https://ok:pw@evil.example/", "userinfo"),
    "a query": ("https://a.example/?x=1", "it has a query"),
    "an empty query": ("https://a.example/?", "it has a query"),
    "a fragment": ("https://a.example/#x", "a fragment"),
    "a backslash": ("https://a.example\\@evil.example", "a backslash"),
    "a space": ("https://a.example/ x", "a space or control character"),
    "a space at the end": ("https://a.example ", "a space or control character"),
    "a new line": ("https://a.example\n", "a space or control character"),
    "letters outside ASCII": ("https://bücher.example", "punycode"),
    "a percent sign in the host": ("https://a%2eexample", "letters, digits and hyphens"),
    "two dots": ("https://a..example", "letters, digits and hyphens"),
    "a dot at the end": ("https://a.example.", "letters, digits and hyphens"),
    "a hyphen at an end": ("https://-a.example", "letters, digits and hyphens"),
    "a label of 64 characters": (f"https://{'a' * 64}.example", "letters, digits and hyphens"),
    "a host of 254 characters": ("https://" + ".".join(["a" * 62] * 4) + ".ab", "letters, digits and hyphens"),
    "a decimal address": ("https://2130706433", "an address in an unusual form"),
    "a hexadecimal address": ("https://0x7f000001", "an address in an unusual form"),
    "hexadecimal without digits": ("https://127.0.0.0x", "an address in an unusual form"),
    "an octal address": ("https://0177.0.0.1", "an address in an unusual form"),
    "a short address": ("https://127.1", "an address in an unusual form"),
    "an IPv6 address with a zone": ("https://[fe80::1%eth0]", "an IPv6 zone"),
    "a broken IPv6 address": ("https://[::g]", "the IPv6 address cannot be read"),
    "brackets that do not close": ("https://[::1", "host and port cannot be read"),
    "a port that is none": ("https://a.example:port", "host and port cannot be read"),
    "port 0": ("https://a.example:0", "port 0 does not exist"),
    "a port too large": ("https://a.example:65536", "port 65536 does not exist"),
}


@every("text", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_accepted_and_kept_byte_for_byte(text):
    assert url.parse(text) == text


@every(("text", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_refused_with_the_exact_reason(text, reason):
    with pytest.raises(Refused) as refused:
        url.parse(text)
    assert refused.value.row is PROPERTY_INVALID
    assert refused.value.fields == {"property": "issuer", "kind": "FederatedIdentityCredential"}
    assert reason in refused.value.detail


@pytest.mark.parametrize("length", [599, 600])
def test_up_to_600_characters(length):
    text = "https://a.example/"
    assert url.parse(text + "x" * (length - len(text)))


def test_601_characters_are_too_many():
    with pytest.raises(Refused) as refused:
        url.parse("https://a.example/".ljust(601, "x"))
    assert "601 characters" in refused.value.detail


@every("text", ["http://localhost:8080/idp", "http://127.0.0.1", "http://[::1]:1", "http://127.9.9.9"])
def test_http_for_this_machine_where_it_is_allowed(text):
    assert url.parse(text, loopback_http=True) == text


@every("text", ["http://a.example", "http://10.0.0.1", "http://localhost.example", "http://[::2]"])
def test_http_for_another_machine_never(text):
    with pytest.raises(Refused):
        url.parse(text, loopback_http=True)


@every("text", ["cluster-7", "spiffe://prod.example", "kubernetes/serviceaccount", "x"])
def test_any_text_is_an_opaque_issuer(text):
    assert url.parse(text, opaque=True) == text


@every("text", ["two words", "tab\t", "ümlaut", "", "x" * 601, "a\\b", "HTTPS://ok@evil", "http://a.example"])
def test_an_opaque_issuer_is_printable_ascii_and_an_opaque_url_is_still_a_url(text):
    with pytest.raises(Refused):
        url.parse(text, opaque=True)


PARTS = {
    "everything": ("https://A.example:8443/x?y=1", ("https", "a.example", 8443, "/x", "y=1", False)),
    "nothing but a host": ("HTTPS://a.example", ("https", "a.example", 443, "", None, False)),
    "http": ("http://localhost/", ("http", "localhost", 80, "/", None, True)),
    "IPv4": ("https://127.0.0.1", ("https", "127.0.0.1", 443, "", None, True)),
    "IPv6, long form": ("https://[0:0:0:0:0:0:0:1]", ("https", "::1", 443, "", None, True)),
}


@every(("text", "parts"), PARTS.values(), ids=PARTS.keys())
def test_a_url_taken_apart(text, parts):
    found = url.split(text)
    assert (found.scheme, found.host, found.port, found.path, found.query, found.loopback) == parts


def test_a_url_of_2048_characters_is_the_longest():
    assert url.split("https://a.example/".ljust(2048, "x"))
    with pytest.raises(ValueError, match="longer than 2048"):
        url.split("https://a.example/".ljust(2049, "x"))


@given(st.text(max_size=80) | issuers().flatmap(lambda text: st.text(max_size=5).map(lambda more: text + more)))
def test_any_text_is_an_issuer_or_refused(text):
    assert refusal(url.parse, text) in {None, PROPERTY_INVALID}


OWN = OwnIssuers(["https://localhost:8443", "https://old.example"], ["https://alias.example/v2.0"])

OURS = {
    "version 1": f"https://localhost:8443/{TENANT}/",
    "version 2": f"https://localhost:8443/{TENANT}/v2.0",
    "a former public URL": f"https://old.example/{TENANT}/v2.0",
    "a tenant that does not exist yet": "https://localhost:8443/00000000-0000-0000-0000-000000000000/",
    "the document of all tenants": "https://localhost:8443/{tenantid}/v2.0",
    "a stored string": "https://alias.example/v2.0",
}
NOT_OURS = {
    "the test identity provider on our origin": "https://localhost:8443/idp/github",
    "our origin": "https://localhost:8443",
    "our origin with a slash": "https://localhost:8443/",
    "no slash behind the tenant": f"https://localhost:8443/{TENANT}",
    "a slash behind the version": f"https://localhost:8443/{TENANT}/v2.0/",
    "the tenant in upper case": f"https://localhost:8443/{TENANT.upper()}/",
    "another port": f"https://localhost:8444/{TENANT}/",
    "a host that begins like ours": f"https://localhost:8443.evil.example/{TENANT}/",
    "another origin": f"https://evil.example/https://localhost:8443/{TENANT}/",
}


@every("issuer", OURS.values(), ids=OURS.keys())
def test_own_issuers_are_refused(issuer):
    with pytest.raises(Refused) as refused:
        url.refuse_own(issuer, OWN)
    assert refused.value.row is OWN_ISSUER
    assert "own" in refused.value.detail


@every("issuer", NOT_OURS.values(), ids=NOT_OURS.keys())
def test_others_are_not(issuer):
    assert issuer not in OWN
    url.refuse_own(issuer, OWN)


MARKED = OwnIssuers(["https://sts.example"], tenant_mark="acc7ed17", kid_mark="emulator-")
EMULATORS = {
    "its tenant, version 2": ("https://localhost:8443/acc7ed17-0000-4000-8000-000000000001/v2.0", None),
    "its tenant, version 1": ("https://old.example/acc7ed17-0000-4000-8000-000000000009/", "kid-1"),
    "its key": ("https://idp.example", "emulator-YmFzZTY0dXJs"),
}
NO_EMULATORS = {
    "a host of that name": ("https://acc7ed17.example/", None),
    "a path that goes on with it": ("https://idp.example/xacc7ed17-0000", "kid-1"),
    "a key that is named so further on": ("https://idp.example", "x-emulator-1"),
    "a key without a name": ("https://idp.example", None),
}


@every(("issuer", "kid"), EMULATORS.values(), ids=EMULATORS)
def test_what_bears_an_emulators_mark_is_refused_where_there_is_none(issuer, kid):
    with pytest.raises(Refused) as refused:
        url.refuse_own(issuer, MARKED, kid)
    assert refused.value.row is OWN_ISSUER
    assert "emulator" in refused.value.detail
    url.refuse_own(issuer, OwnIssuers(), kid)


@every(("issuer", "kid"), NO_EMULATORS.values(), ids=NO_EMULATORS)
def test_what_only_looks_like_an_emulators_is_not(issuer, kid):
    url.refuse_own(issuer, MARKED, kid)


ENTRA = {
    "version 2": f"https://login.microsoftonline.com/{TENANT}/v2.0",
    "version 1": f"https://sts.windows.net/{TENANT}/",
    "upper case": f"https://LOGIN.microsoftonline.com/{TENANT}/v2.0",
    "a sub-domain": "https://europe.login.microsoft.com/x",
    "a port": "https://login.windows.net:443/x",
    "customers": "https://contoso.ciamlogin.com/x/v2.0",
    "China": "https://login.partner.microsoftonline.cn/x",
}


@every("issuer", ENTRA.values(), ids=ENTRA.keys())
def test_issuers_of_entra_are_refused(issuer):
    with pytest.raises(Refused) as refused:
        url.refuse_own(issuer, OwnIssuers())
    assert refused.value.row is OWN_ISSUER


@every(
    "issuer",
    ["https://mylogin.microsoftonline.com.example", "https://xsts.windows.net/", "login.windows.net", "opaque"],
)
def test_hosts_that_look_like_entra_are_not(issuer):
    url.refuse_own(issuer, OwnIssuers())
