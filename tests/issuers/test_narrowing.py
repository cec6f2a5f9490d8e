"""Which changes of an issuer record are proven to take something away."""

from msgspec.structs import replace

from accredit.issuers import narrows
from tests.issuers.records import record
from tests.support.every import every

BEFORE = record(
    algorithms=("RS256", "ES256"),
    networks=("10.0.0.0/8", "fd00::/8"),
    ports=(8443, 9443),
    allowed_jwks_hosts=("idp.test", "keys.test"),
    max_lifetime=3_600,
    skew=60,
    require_kid=False,
)
NARROWING = {
    "nothing": {},
    "an algorithm less": {"algorithms": ("ES256",)},
    "algorithms in another order": {"algorithms": ("ES256", "RS256")},
    "a network less": {"networks": ("fd00::/8",)},
    "no port": {"ports": ()},
    "a host of keys less": {"allowed_jwks_hosts": ("keys.test",)},
    "a shorter life": {"max_lifetime": 3_599},
    "a smaller skew": {"skew": 59},
    "tokens with a key reference only": {"require_kid": True},
    "blocking": {"blocked": True},
    "assertions that are good for one token": {"replay": "enforce"},
    "looking for assertions that were used before": {"replay": "observe"},
}
WIDENING = {
    "another algorithm": {"algorithms": ("RS256", "PS256")},
    "a network more": {"networks": ("10.0.0.0/8", "fd00::/8", "127.0.0.0/8")},
    "another port": {"ports": (8443, 1)},
    "another host of keys": {"allowed_jwks_hosts": ("idp.test", "other.test")},
    "any host of keys": {"allowed_jwks_hosts": ()},
    "a longer life": {"max_lifetime": 3_601},
    "a greater skew": {"skew": 61},
    "keys from elsewhere": {"jwks_url": "https://idp.test/keys"},
    "uploaded keys": {"key_source": "uploaded", "jwks": "{}"},
    "other roots": {"ca_bundle": "x"},
    "another URL": {"url": "https://other.test"},
    "less of one and more of another": {"skew": 0, "algorithms": ("RS256", "ES256", "PS256")},
}


@every("changes", NARROWING.values(), ids=NARROWING.keys())
def test_narrowing_is(changes):
    assert narrows(BEFORE, replace(BEFORE, **changes))


@every("changes", WIDENING.values(), ids=WIDENING.keys())
def test_widening_is(changes):
    assert not narrows(BEFORE, replace(BEFORE, **changes))


def test_what_is_strict_already_is_not_made_lax():
    strict = replace(BEFORE, require_kid=True, blocked=True, replay="enforce")
    assert not narrows(strict, replace(strict, replay="observe"))
    assert not narrows(strict, replace(strict, replay="off"))
    assert not narrows(strict, replace(strict, require_kid=False))
    assert not narrows(strict, replace(strict, blocked=False))


def test_a_record_that_lists_no_host_means_any():
    anywhere = replace(BEFORE, allowed_jwks_hosts=())
    assert narrows(anywhere, BEFORE)
    assert not narrows(BEFORE, anywhere)
