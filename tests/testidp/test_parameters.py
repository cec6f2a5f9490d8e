"""Parameters of the dialects: what each kind takes, what it becomes, and what is said where it cannot be used."""

import msgspec
import pytest

from accredit.errors import Refused
from accredit.testidp.dialect import Dialect, load
from accredit.testidp.filling import Given
from accredit.testidp.parameters import LARGEST, Parameter
from tests.forge import AT

TAKEN = {
    "text": ({}, "a", {"p": "a"}),
    "no text": ({}, None, {"not_p": True}),
    "false is no text": ({}, False, {"not_p": True}),
    "texts, one": ({"kind": "texts"}, ["a"], {"p": ["a"]}),
    "several, one": ({"kind": "several"}, ["a"], {"p": "a"}),
    "several, two": ({"kind": "several"}, ["a", "b"], {"p": ["a", "b"]}),
    "several, plain": ({"kind": "several"}, "a", {"p": "a"}),
    "a list, plain": ({"kind": "list"}, "a", {"p": ["a"]}),
    "a list": ({"kind": "list"}, ["a", "b"], {"p": ["a", "b"]}),
    "an id": ({"kind": "id"}, 7, {"p": "7"}),
    "true, where it stands for something": ({"kind": "id", "when_true": "9"}, True, {"p": "9"}),
    "a number": ({"kind": "number"}, 7, {"p": 7}),
    "a number as text": ({"kind": "number"}, "-7", {"p": -7}),
    "no number": ({"kind": "number"}, None, {"not_p": True}),
    "nought is a number": ({"kind": "number"}, 0, {"p": 0}),
    "a moment": ({"kind": "moment"}, 60, {"p": AT + 60}),
    "a flag": ({"kind": "flag"}, True, {"p": True}),
    "a flag that is off": ({"kind": "flag"}, False, {"not_p": True}),
    "no flag": ({"kind": "flag"}, None, {"not_p": True}),
    "a table": ({"kind": "json"}, {"a": [1, None]}, {"p": {"a": [1, None]}}),
    "false as JSON": ({"kind": "json"}, False, {"p": False}),
    "no JSON": ({"kind": "json"}, None, {"not_p": True}),
    "one of its choices": ({"one_of": ("a", "b")}, "b", {"p": "b"}),
    "of its form": ({"pattern": "[0-9]+"}, "12", {"p": "12"}),
    "two parts": ({"split": ("o", "n")}, "a/b", {"p": "a/b", "o": "a", "n": "b"}),
    "the last of many parts": ({"split": ("o", "n"), "slash": "last"}, "a/b/c", {"p": "a/b/c", "o": "a/b", "n": "c"}),
}


def test_what_a_parameter_takes_and_becomes():
    found = {name: Parameter("p", **members).read("p", value, AT) for name, (members, value, _) in TAKEN.items()}
    assert found == {name: expected for name, (*_, expected) in TAKEN.items()}


REFUSED = {
    "a flag as a number": ({"kind": "number"}, True, "it must be a whole number (p), or null to remove it"),
    "a fraction": ({"kind": "number"}, 1.5, "it must be a whole number"),
    "words as a number": ({"kind": "number"}, "1e3", "it must be a whole number"),
    "a number that readers would round": ({"kind": "number"}, LARGEST + 1, "it must be a whole number"),
    "words as a moment": ({"kind": "moment"}, "soon", "it must be a whole number of seconds (p)"),
    "another form": ({"pattern": "[0-9]+"}, "12x", "it must be p, of the form [0-9]+"),
    "none of the choices": ({"one_of": ("a", "b")}, "c", "it must be one of a, b"),
    "two slashes": ({"split": ("o", "n")}, "a/b/c", "it must be o/n"),
    "a slash at the end": ({"split": ("o", "n"), "slash": "last"}, "a/b/", "it must be o/n"),
    "true as text": ({}, True, "it must be text (p), or null to remove it"),
}


def test_what_a_parameter_refuses():
    wrong = {}
    for name, (members, value, reason) in REFUSED.items():
        with pytest.raises(Refused) as refused:
            Parameter("p", **members).read("p", value, AT)
        said = refused.value.fields
        if said["what"] != "params.p" or not said["reason"].startswith(reason):
            wrong[name] = said
    assert wrong == {}


DIALECT = load(
    """
name = "t"
title = "T"
issuer = ["{form=own?}https://{host}/{tenant}", "{form=shared?}https://{host}", "{form=bare?}https://{host}"]
jwks_path = "/k"
algorithms = ["RS256", "ES256"]
lifetime = 60
times = { iat = 0 }
header = { typ = "JWT", form = "{form}" }
required = ["sub", "aud"]

[params]
host = { says = "the host", default = "t.example" }
tenant = { says = "the tenant" }
form = { says = "the form", default = "shared", one_of = ["shared", "own", "bare"] }
sub = { says = "the subject", default = "s" }
aud = { says = "the audience" }

[claims]
iss = "{issuer}"
sub = "{sub}"
aud = "{aud}"

[variants.form.bare]
header = {}
times = {}
lifetime = 90
algorithms = ["ES256"]
required = ["sub"]
kid = false
"""
)
GIVEN = Given("https://here.example/idp/t", "id", AT)


def test_a_variant_takes_the_place_of_what_the_dialect_says():
    plain, bare = (DIALECT.fill(params, GIVEN) for params in ({"aud": "a"}, {"form": "bare"}))
    assert (plain.header, plain.shape.times, plain.shape.lifetime) == ({"typ": "JWT", "form": "shared"}, {"iat": 0}, 60)
    assert (plain.algorithm, plain.shape.kid) == ("RS256", True)
    assert (bare.header, bare.shape.times, bare.shape.lifetime) == ({}, {}, 90)
    assert (bare.algorithm, bare.shape.kid, bare.claims) == ("ES256", False, {"iss": "https://t.example", "sub": "s"})
    assert DIALECT.fill({"form": "bare", "algorithm": "RS256"}, GIVEN).algorithm == "RS256"


ISSUERS = {
    "as the file says": ({}, None, "https://t.example"),
    "of a parameter": ({"host": "h.example"}, None, "https://h.example"),
    "of two": ({"form": "own", "tenant": "x"}, None, "https://t.example/x"),
    "what was said for all tokens": ({"sub": "x"}, "https://said.example", "https://said.example"),
    "a parameter wins over what was said for all": ({"host": "h.example"}, "https://said.example", "https://h.example"),
}


def test_the_issuer_is_made_of_parameters():
    found = {name: DIALECT.issuer_of(params, _given(said)) for name, (params, said, _) in ISSUERS.items()}
    assert found == {name: expected for name, (*_, expected) in ISSUERS.items()}
    assert DIALECT.issuer == "https://t.example"
    assert DIALECT.issuer_parameters == {"form", "host", "tenant"}


def _given(issuer):
    return Given(GIVEN.address, GIVEN.jti, GIVEN.now, issuer)


UNFORMED = {
    "a part of the issuer": ({"form": "own"}, "without tenant the issuer cannot be formed"),
    "no issuer at all": ({"form": None}, "without form or tenant the issuer cannot be formed"),
    "a claim": ({"sub": None}, "without sub the claim sub cannot be formed"),
    "a claim that a variant does not ask for": ({}, "without aud the claim aud cannot be formed"),
}


@pytest.mark.parametrize("name", UNFORMED)
def test_what_is_missing_is_named(name):
    params, reason = UNFORMED[name]
    with pytest.raises(Refused) as refused:
        DIALECT.fill(params, GIVEN)
    assert refused.value.fields == {"what": "params", "reason": reason}


def test_what_a_choice_excludes_is_no_parameters_fault():
    text = {"name": "t", "title": "T", "issuer": "", "jwks_path": "/k", "lifetime": 1, "algorithms": ["RS256"]}
    text |= {"times": {}, "header": {}, "required": ["sub"], "claims": {"sub": "{on?}s"}}
    found = msgspec.convert(text | {"params": {"on": {"says": "o", "kind": "flag"}}}, Dialect)
    with pytest.raises(Refused, match="with these parameters the claim sub cannot be formed"):
        found.fill({"on": False}, GIVEN)
