import pytest

from accredit import errors
from accredit.errors import Refused
from accredit.trust import discovery_suffix, read
from accredit.trust.credential import KIND, LONGEST
from tests.support.every import every
from tests.support.trusting import credential

GITHUB = "https://token.actions.githubusercontent.com"
ISSUER = "https://idp.test/"
PORTABLE = "claims['sub'] matches 'repo:octo-org/*' and claims['repository_id'] eq '456789'"


def typed(**given):
    known = {"name": "github", "issuer": GITHUB, "subject": "s", "expression": None, "audiences": ("a",)}
    return read(**known | {"portable": True} | given)


def test_values_are_kept_as_they_were_typed():
    trust = typed(subject="repo:Octo/É:*", audiences=(" a".strip(),), description=" d ")
    assert (trust.subject, trust.audience, trust.description) == ("repo:Octo/É:*", "a", " d ")
    assert (trust.issuer, trust.expression) == (GITHUB, None)


def test_an_expression_takes_the_place_of_a_subject():
    trust = typed(subject="", expression=PORTABLE)
    assert (trust.subject, trust.expression.text) == (None, PORTABLE)


def test_an_expression_that_entra_id_does_not_allow_is_fine_where_it_need_not_be_imitated():
    assert typed(subject=None, expression="claims['x'] eq 'y'", portable=False).expression
    with pytest.raises(Refused) as refused:
        typed(subject=None, expression="claims['x'] eq 'y'")
    assert refused.value.row is errors.EXPRESSION_CLAIMS


def test_an_emulator_allows_plain_http_on_loopback_and_uploaded_keys_any_text():
    assert typed(issuer="http://127.0.0.1:1/x", loopback_http=True).issuer == "http://127.0.0.1:1/x"
    assert typed(issuer="kubernetes/serviceaccount", opaque_issuer=True).issuer == "kubernetes/serviceaccount"


FIRST_FINDING = {  # everything is wrong from the row named on: what stands first is raised
    "the name": ({"name": "x", "issuer": None}, errors.NAME_INVALID),
    "the issuer that is missing": ({"issuer": None, "audiences": ()}, errors.TRUST_INCOMPLETE),
    "the issuer that is none": ({"issuer": "x", "audiences": ()}, errors.TRUST_INCOMPLETE),
    "how many audiences there are": ({"audiences": (), "subject": ""}, errors.AUDIENCES_NOT_ONE),
    "an audience that is empty": ({"audiences": ("",), "subject": ""}, errors.AUDIENCES_NOT_ONE),
    "what the audience is": ({"audiences": (" ",), "subject": ""}, errors.AUDIENCES_NOT_ONE),
    "both a subject and an expression": ({"expression": "?", "description": "d" * 601}, errors.SUBJECT_AND_EXPRESSION),
    "neither a subject nor an expression": ({"subject": None, "description": "d" * 601}, errors.SUBJECT_EMPTY),
    "the expression": ({"subject": "", "expression": "?", "description": "d" * 601}, errors.EXPRESSION_SYNTAX),
    "the version of the expression": (
        {"subject": "", "expression": PORTABLE, "language_version": 2},
        errors.EXPRESSION_SYNTAX,
    ),
    "the subject": ({"subject": " s", "description": "d" * 601}, errors.PROPERTY_INVALID),
    "the description": ({"description": "d" * 601}, errors.PROPERTY_INVALID),
}


@every("what", FIRST_FINDING)
def test_the_first_finding_is(what):
    given, row = FIRST_FINDING[what]
    with pytest.raises(Refused) as refused:
        typed(**given)
    assert refused.value.row is row


LIMITS = {
    "issuer": (lambda text: ISSUER + text[len(ISSUER) :], errors.TRUST_INCOMPLETE, {}),
    "subject": (str, errors.PROPERTY_INVALID, {"property": "subject", "kind": KIND}),
    "audiences": (lambda text: (text,), errors.AUDIENCES_NOT_ONE, {}),
    "description": (str, errors.PROPERTY_INVALID, {"property": "description", "kind": KIND}),
}


@every("member", LIMITS)
def test_a_value_may_have_600_characters_and_no_more(member):
    value, row, fields = LIMITS[member]
    typed(**{member: value("x" * LONGEST)})
    with pytest.raises(Refused) as refused:
        typed(**{member: value("x" * (LONGEST + 1))})
    assert (refused.value.row, refused.value.fields) == (row, fields)


REASONS = {  # what Microsoft Graph has no words for is in the detail
    "an issuer of plain http": ({"issuer": "http://idp.test"}, errors.TRUST_INCOMPLETE, "issuer: it must be https"),
    "an issuer with a space at its end": (
        {"issuer": GITHUB + " "},
        errors.TRUST_INCOMPLETE,
        "issuer: a space or control character",
    ),
    "an issuer that is too long": (
        {"issuer": "https://idp.test/" + "a" * 584},
        errors.TRUST_INCOMPLETE,
        "issuer: it has 601 characters, not 1 to 600",
    ),
    "an audience that is empty": ({"audiences": ("",)}, errors.AUDIENCES_NOT_ONE, "audiences: empty"),
    "an audience that is too long": (
        {"audiences": ("a" * 601,)},
        errors.AUDIENCES_NOT_ONE,
        "audiences: 601 characters; at most 600 are compared",
    ),
    "an audience with white space at its end": (
        {"audiences": ("a\n",)},
        errors.AUDIENCES_NOT_ONE,
        "audiences: white space at an end; the comparison is exact, so this would never match",
    ),
    "no audience": ({"audiences": ()}, errors.AUDIENCES_NOT_ONE, "0 audiences were given"),
    "a subject with white space at its end": (
        {"subject": "s "},
        errors.PROPERTY_INVALID,
        "white space at an end; the comparison is exact, so this would never match",
    ),
}


@every("sentence", REASONS)
def test_the_detail_says_what_is_wrong_with(sentence):
    given, row, detail = REASONS[sentence]
    with pytest.raises(Refused) as refused:
        typed(**given)
    assert (refused.value.row, refused.value.detail) == (row, detail)


SUFFIXES = {
    "https://a.test/.well-known/openid-configuration": "/.well-known/openid-configuration",
    "https://a.test/x/.well-known/oauth-authorization-server/": "/.well-known/oauth-authorization-server/",
    "https://a.test/.well-known/jwks.json": "/.well-known/jwks.json",
    "https://a.test/.well-known": "",
    "https://a.test/.well-known/a/b": "",
    "https://a.test": "",
}


@every("issuer", SUFFIXES)
def test_the_discovery_address_at_the_end_of(issuer):
    assert discovery_suffix(issuer) == SUFFIXES[issuer]


def test_seniority_puts_a_plain_subject_first_then_the_older_then_the_lower_id():
    plain, expression = credential(9), credential(1, expression="claims['sub'] eq 'x'")
    assert plain.seniority < expression.seniority
    assert credential(1).seniority < credential(2).seniority
