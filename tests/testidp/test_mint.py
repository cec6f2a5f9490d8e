"""Tokens that others can verify, and requests that cannot be met."""

import jwt as pyjwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import KeySet

from accredit.errors import Refused
from accredit.testidp import FAULTS, OUTAGES, dialects
from accredit.testidp.mint import MOST_FAULTS
from tests.forge import AT
from tests.testidp.workbench import GITHUB, Parts, issuer

ALGORITHMS = dialects()["custom"].algorithms


@pytest.fixture(scope="module")
def idp():
    return issuer()


def published(idp, name="custom"):
    found = idp.platform(name)
    return {"keys": [key.jwk for key in found.keyring.published(found.default_algorithm)]}


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")  # joserfc prefers the newer name of the same thing
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_other_libraries_verify_every_algorithm(idp, algorithm):
    minted = idp.mint({"dialect": "custom", "params": {"algorithm": algorithm}})
    keys = published(idp)
    assert jwt.decode(minted.token, KeySet.import_key_set(keys), algorithms=[algorithm]).claims == minted.claims
    key = pyjwt.PyJWKSet.from_dict(keys)[minted.header["kid"]]
    options = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}  # time stands still at another moment
    audience = "api://AzureADTokenExchange"
    assert pyjwt.decode(minted.token, key, algorithms=[algorithm], audience=audience, options=options) == minted.claims
    assert minted.header == {"typ": "JWT", "alg": algorithm, "kid": key.key_id}


def test_a_key_that_is_published_says_its_one_use(idp):
    for algorithm in ALGORITHMS:
        idp.mint({"dialect": "custom", "params": {"algorithm": algorithm}})
    keys = published(idp)["keys"]
    assert [each["alg"] for each in keys] == ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]
    assert {each["use"] for each in keys} == {"sig"}
    assert len({each["kid"] for each in keys}) == len(keys)
    private = {"d", "p", "q", "dp", "dq", "qi", "k", "oth"}
    assert not any(private & each.keys() for each in keys)


def test_dialects_have_keys_of_their_own(idp):
    kids = {name: idp.mint({"dialect": name}).header["kid"] for name in dialects()}
    assert len(set(kids.values())) == len(kids)


def test_overrides_win_and_null_stays_null(idp):
    overrides = {"sub": None, "iss": "https://issuer.example", "roles": ["a", {"b": 1}], "exp": 5}
    minted = idp.mint({"dialect": "custom", "overrides": overrides})
    claims = Parts.of(minted.token).claims
    assert claims == minted.claims
    assert {each: claims[each] for each in overrides} == overrides


def test_header_members_are_overridden_under_the_same_signature(idp):
    minted = idp.mint({"dialect": "custom", "header": {"alg": "none", "typ": None, "x": [1]}})
    honest = idp.mint({"dialect": "custom"})
    assert Parts.of(minted.token).header == {"alg": "none", "typ": None, "x": [1], "kid": honest.header["kid"]}
    key = idp.platform("custom").keyring.signing("RS256")
    made = Parts.of(minted.token)
    assert made.signature == key.sign(made.signing_input)


def test_a_fault_comes_after_the_overrides(idp):
    assert "sub" not in idp.mint({"dialect": "custom", "overrides": {"sub": None}, "faults": ["no_sub"]}).claims


TIMES = {
    "lifetime": ({"params": {"lifetime": 60}}, {"iat": AT, "nbf": AT, "exp": AT + 60}),
    "the longest lifetime": ({"params": {"lifetime": 315_360_000}}, {"iat": AT, "nbf": AT, "exp": AT + 315_360_000}),
    "issued in the past": ({"times": {"iat": -100}}, {"iat": AT - 100, "nbf": AT, "exp": AT + 3500}),
    "dates left out": ({"times": {"iat": None, "nbf": None}}, {"exp": AT + 3600}),
    "no expiry": ({"times": {"exp": None}}, {"iat": AT, "nbf": AT}),
    "expiry by itself": ({"times": {"exp": -1}}, {"iat": AT, "nbf": AT, "exp": AT - 1}),
    "lifetime of null": ({"params": {"lifetime": None}}, {"iat": AT, "nbf": AT, "exp": AT + 3600}),
}


@pytest.mark.parametrize("name", TIMES)
def test_times_are_counted_from_the_clock(idp, name):
    request, expected = TIMES[name]
    claims = idp.mint({"dialect": "custom", **request}).claims
    assert {each: claims[each] for each in ("iat", "nbf", "exp") if each in claims} == expected


REFUSED = {
    "no dialect": ({}, "DIALECT_UNKNOWN", "there is no dialect (none given) (there are: custom, github)"),
    "an unknown dialect": ({"dialect": "gitlabb"}, "DIALECT_UNKNOWN", "no dialect gitlabb (there are: custom, github)"),
    "an unknown fault": (
        {"dialect": "github", "faults": ["no_exp", "x"]},
        "FAULT_UNKNOWN",
        "there is no fault x (there",
    ),
    "an unknown member": ({"dialect": "github", "param": {}}, "INPUT_INVALID", "unknown field `param`"),
    "a dialect that is no text": ({"dialect": 1}, "INPUT_INVALID", "Expected `str`, got `int` - at `$.dialect`"),
    "params that are a list": ({"dialect": "github", "params": []}, "INPUT_INVALID", "at `$.params`"),
    "overrides that are text": ({"dialect": "github", "overrides": "x"}, "INPUT_INVALID", "at `$.overrides`"),
    "a header that is null": ({"dialect": "github", "header": None}, "INPUT_INVALID", "at `$.header`"),
    "a fault that is a number": ({"dialect": "github", "faults": [1]}, "INPUT_INVALID", "at `$.faults[0]`"),
    "too many faults": (
        {"dialect": "github", "faults": ["no_exp"] * (MOST_FAULTS + 1)},
        "INPUT_INVALID",
        "more than 20",
    ),
    "a date that does not exist": (
        {"dialect": "github", "times": {"auth_time": 1}},
        "INPUT_INVALID",
        "times.auth_time",
    ),
    "a time beyond bounds": ({"dialect": "github", "times": {"exp": 315_360_001}}, "INPUT_INVALID", "times.exp"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_request_that_cannot_be_met_says_why(idp, name):
    request, row, text = REFUSED[name]
    with pytest.raises(Refused) as refused:
        idp.mint(request)
    assert refused.value.row.name == row
    assert text in str(refused.value)


def test_the_refusal_of_a_fault_names_all_of_them(idp):
    with pytest.raises(Refused) as refused:
        idp.mint({"dialect": "github", "faults": ["x"]})
    assert len(", ".join(FAULTS)) > 800  # it must fit into what a text may show
    assert refused.value.fields["known"] == ", ".join(FAULTS)


def test_the_refusal_of_an_outage_names_all_of_them(idp):
    with pytest.raises(Refused) as refused:
        idp.down("github", "fire")
    assert refused.value.fields["known"] == ", ".join(OUTAGES)


def test_the_real_issuers_are_mapped_to_where_we_answer(idp):
    assert idp.real_issuers == {GITHUB: "https://localhost:8443/idp/github"}


def test_a_token_is_not_in_its_repr(idp):
    minted = idp.mint({"dialect": "github"})
    assert minted.token not in repr(minted)


ONE = issuer()  # for all examples: it makes its keys once
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries(
        {"dialect": st.sampled_from(["github", "custom"])},
        optional={
            "params": st.dictionaries(st.sampled_from([*dialects()["github"].params, "sub", "lifetime"]), json_values),
            "overrides": st.dictionaries(st.text(max_size=8), json_values, max_size=3),
            "header": st.dictionaries(st.text(max_size=8), json_values, max_size=3),
            "faults": st.lists(st.sampled_from([*FAULTS]), max_size=3),
            "times": st.dictionaries(st.sampled_from(["iat", "nbf", "exp"]), json_values),
        },
    )
)
def test_any_request_is_met_or_refused(request_):
    try:
        assert ONE.mint(request_).token
    except Refused as refused:
        assert refused.row.name == "INPUT_INVALID"  # noqa: PT017  either outcome is right
