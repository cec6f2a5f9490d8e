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
from accredit.testidp.platforms import MOST_INSTANCES
from tests.forge import AT
from tests.testidp.workbench import GITHUB, Parts, issuer, shared

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


def test_dialects_have_keys_of_their_own():
    kids = {name: shared().mint({"dialect": name}).header["kid"] for name in dialects()}
    assert len(set(kids.values())) == len(kids)


def test_an_instance_is_an_issuer_of_its_own(idp):
    minted = idp.mint({"dialect": "github", "instance": "staging"})
    found = idp.platform("github_actions", "staging")
    assert found.address == minted.claims["iss"] == "https://localhost:8443/idp/github/staging"
    assert minted.header["kid"] == found.keyring.signing("RS256").kid
    assert minted.header["kid"] != idp.platform("github").keyring.signing("RS256").kid
    assert idp.platform("github", "default") is idp.platform("github")
    assert idp.platform("github", "staging") is found


def test_a_parameter_says_the_issuer_of_an_instances_token(idp):
    request = {"dialect": "kubernetes", "instance": "staging"}
    assert idp.mint(request).claims["iss"] == "https://localhost:8443/idp/kubernetes/staging"
    own = idp.mint({**request, "params": {"issuer": "https://k8s.example"}})
    assert own.claims["iss"] == "https://k8s.example"
    assert own.header["kid"] == idp.mint(request).header["kid"]


def test_an_issuer_that_parameters_make_has_an_address_and_its_dialects_keys(idp):
    account = "https://00001000-aaaa-4bbb-8ccc-ddddeeeeffff.tokens.sts.global.api.aws"
    answering = idp.real_issuers
    assert account not in answering
    minted = idp.mint({"dialect": "aws", "params": {"issuer": account, "algorithm": "ES384"}})
    found, rest = idp.locate(answering[account].removeprefix("https://localhost:8443") + "/.well-known/jwks.json")
    assert (found.issuer, rest) == (account, "/.well-known/jwks.json")
    assert minted.header["kid"] == found.keyring.signing("ES384").kid
    assert found.keyring is idp.platform("aws").keyring
    idp.down("aws", "status_500")
    assert found.outage is OUTAGES["status_500"]
    idp.heal()
    assert idp.platform("aws").outage is None


def test_an_issuer_string_has_the_keys_of_who_signed_first_in_its_name():
    idp = issuer()
    entra = "https://login.microsoftonline.com/11111111-2222-4333-8444-555555555555/v2.0"
    signed = [
        idp.mint(each) for each in ({"dialect": "entra"}, {"dialect": "azure_devops", "params": {"form": "entra"}})
    ]
    assert [each.claims["iss"] for each in signed] == [entra, entra]
    assert signed[0].header["kid"] == signed[1].header["kid"]
    assert idp.real_issuers[entra] == "https://localhost:8443/idp/entra"


def test_after_a_restart_an_issuer_that_parameters_make_has_its_address_again(tmp_path):
    request = {"dialect": "kubernetes", "params": {"issuer": "https://k8s.example", "algorithm": "ES256"}}
    first, second = issuer(tmp_path), issuer(tmp_path)
    minted = first.mint(request)
    path = first.real_issuers["https://k8s.example"].removeprefix("https://localhost:8443")
    assert second.locate(f"{path}/x")[0].issuer == f"https://localhost:8443{path}"  # nobody said yet whose it is
    assert second.mint(request).header == minted.header
    assert second.locate(f"{path}/x")[0].issuer == "https://k8s.example"


def test_others_may_answer_for_an_issuer_first(idp):
    answers = idp.answers({GITHUB: "https://github.example"})
    assert answers[GITHUB] == "https://github.example"
    assert {*answers} == {*idp.real_issuers}
    assert len(answers) == len(idp.real_issuers)


def test_an_instance_is_rotated_and_goes_down_alone(idp):
    default, found = idp.platform("github"), idp.platform("github", "alone")
    before = [each.keyring.signing("RS256").kid for each in (default, found)]
    idp.rotate("github", instance="alone")
    idp.down("github", "status_500", instance="alone")
    after = [each.keyring.signing("RS256").kid for each in (default, found)]
    assert (before[0] == after[0], before[1] == after[1]) == (True, False)
    assert default.outage is None
    assert found.outage is OUTAGES["status_500"]


LOCATED = {
    "/idp/github/.well-known/jwks": ("github", "default", "/.well-known/jwks"),
    "/github_actions/.well-known/jwks": ("github", "default", "/.well-known/jwks"),
    "/idp/github": ("github", "default", "/"),
    "/idp/github/": ("github", "default", "/"),
    "/idp/github/_token": ("github", "default", "/_token"),
    "/idp/github/staging": ("github", "default", "/staging"),
    "/idp/github/staging/": ("github", "staging", "/"),
    "/idp/github/staging/_rotate": ("github", "staging", "/_rotate"),
    "/idp/github/default/_rotate": ("github", "default", "/_rotate"),
    "/idp/kubernetes/openid/v1/jwks": ("kubernetes", "default", "/openid/v1/jwks"),
    "/idp/kubernetes/prod/openid/v1/jwks": ("kubernetes", "prod", "/openid/v1/jwks"),
    "/idp/google/computeMetadata/v1/": ("google", "default", "/computeMetadata/v1/"),
}


def test_an_address_is_that_of_an_issuer(idp):
    found = {path: idp.locate(path) for path in LOCATED}
    assert {path: (at.dialect.name, at.instance, rest) for path, (at, rest) in found.items()} == LOCATED
    for unknown in ("/idp", "/idp/", "/idp/githubb/x", "/"):
        with pytest.raises(Refused) as refused:
            idp.locate(unknown)
        assert refused.value.row.name == "NOT_FOUND"


def test_the_documents_of_every_issuer_and_instance_are_found(idp):
    for name, dialect in dialects().items():
        for path in (dialect.jwks_path, *dialect.discovery_paths):
            assert idp.locate(f"/idp/{name}{path}") == (idp.platform(name), path)
            assert idp.locate(f"/idp/{name}/other{path}") == (idp.platform(name, "other"), path)


def test_there_is_an_end_to_instances():
    idp = issuer()
    for number in range(MOST_INSTANCES):
        idp.platform("custom", f"n{number}")
    with pytest.raises(Refused, match="there are 1000 instances already"):
        idp.platform("custom", "one-more")
    assert idp.platform("custom", "n0").instance == "n0"


def test_the_keys_of_an_instance_outlive_the_process(tmp_path):
    first = issuer(tmp_path).mint({"dialect": "custom", "instance": "a", "params": {"algorithm": "ES256"}})
    second = issuer(tmp_path).mint({"dialect": "custom", "instance": "a", "params": {"algorithm": "ES256"}})
    assert first.header == second.header
    assert [each.name for each in (tmp_path / "testidp").iterdir()] == ["custom.a-ES256.pem"]


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
    "lifetime as text": ({"params": {"lifetime": "60"}}, {"iat": AT, "nbf": AT, "exp": AT + 60}),
    "the longest lifetime": ({"params": {"lifetime": 315_360_000}}, {"iat": AT, "nbf": AT, "exp": AT + 315_360_000}),
    "issued in the past": ({"times": {"iat": -100}}, {"iat": AT - 100, "nbf": AT, "exp": AT + 3500}),
    "dates left out": ({"times": {"iat": None, "nbf": None}}, {"exp": AT + 3600}),
    "no expiry": ({"times": {"exp": None}}, {"iat": AT, "nbf": AT}),
    "expiry by itself": ({"times": {"exp": -1}}, {"iat": AT, "nbf": AT, "exp": AT - 1}),
    "a lifetime wins over a sample's": (
        {"dialect": "nomad", "sample": "nomad_without_exp", "params": {"lifetime": 60}},
        {"iat": AT, "nbf": AT, "exp": AT + 60},
    ),
    "lifetime of null": ({"params": {"lifetime": None}}, {"iat": AT, "nbf": AT, "exp": AT + 3600}),
}


@pytest.mark.parametrize("name", TIMES)
def test_times_are_counted_from_the_clock(idp, name):
    request, expected = TIMES[name]
    claims = idp.mint({"dialect": "custom", **request}).claims
    assert {each: claims[each] for each in ("iat", "nbf", "exp") if each in claims} == expected


REFUSED = {
    "no dialect": ({}, "DIALECT_UNKNOWN", f"there is no dialect (none given) (there are: {', '.join(dialects())})"),
    "an unknown dialect": (
        {"dialect": "gitlabb"},
        "DIALECT_UNKNOWN",
        "there is no dialect gitlabb (did you mean gitlab or github?)",
    ),
    "an instance with a slash": ({"dialect": "github", "instance": "a/b"}, "INPUT_INVALID", "instance is not valid"),
    "an instance in capitals": ({"dialect": "github", "instance": "A"}, "INPUT_INVALID", "1 to 63 lower case"),
    "an instance called like a path": ({"dialect": "github", "instance": "v1"}, "INPUT_INVALID", "no part of a"),
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
    "a claim that is no JSON": (
        {"dialect": "github", "overrides": {"x": {1, 2}}},
        "INPUT_INVALID",
        "Object of type set is not JSON serializable",
    ),
    "faults that exclude each other": (
        {"dialect": "github", "faults": ["utf16", "utf16"]},
        "INPUT_INVALID",
        "faults is not valid: these faults cannot be made of one token",
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
    assert refused.value.fields["meant"] == f"there are: {', '.join(FAULTS)}"


def test_the_refusal_of_an_outage_names_all_of_them(idp):
    with pytest.raises(Refused) as refused:
        idp.down("github", "fire")
    assert refused.value.fields["meant"] == f"there are: {', '.join(OUTAGES)}"


def test_the_real_issuers_are_mapped_to_where_we_answer(idp):
    assert idp.real_issuers[GITHUB] == "https://localhost:8443/idp/github"
    assert idp.real_issuers["https://accounts.google.com"] == "https://localhost:8443/idp/google"
    assert {*issuer().real_issuers.values()} == {idp.platform(name).address for name in dialects() if name != "custom"}
    said = issuer(issuers={"github": "https://github.example"})
    assert GITHUB not in said.real_issuers
    assert said.mint({"dialect": "github"}).claims["iss"] == "https://github.example"


def test_a_token_is_not_in_its_repr(idp):
    minted = idp.mint({"dialect": "github"})
    assert minted.token not in repr(minted)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def requests(draw):
    """Draw a request of any dialect, with parameters that it has and values that it may not take."""
    name = draw(st.sampled_from([*dialects()]))
    params = st.sampled_from([*dialects()[name].parameters, "lifetime", "instance"])
    return draw(
        st.fixed_dictionaries(
            {"dialect": st.just(name)},
            optional={
                "params": st.dictionaries(params, json_values, max_size=5),
                "overrides": st.dictionaries(st.text(max_size=8), json_values, max_size=3),
                "header": st.dictionaries(st.text(max_size=8), json_values, max_size=3),
                "faults": st.lists(st.sampled_from([*FAULTS]), max_size=3),
                "times": st.dictionaries(st.sampled_from(["iat", "nbf", "exp"]), json_values),
                "sample": st.sampled_from([*dialects()[name].samples, "x"]),
            },
        )
    )


@given(requests())
def test_any_request_is_met_or_refused(request_):
    try:
        assert shared().mint(request_).token
    except Refused as refused:
        assert refused.row.name == "INPUT_INVALID"  # noqa: PT017  either outcome is right
