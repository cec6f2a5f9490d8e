"""Whether a change let more in: what its record alone proves."""

import json
from uuid import UUID

from accredit.explain.effect import effect
from accredit.signins import Modified, Target
from tests.signins.changes import NOBODY, record
from tests.support.every import every

ONE, OTHER = (str(UUID(int=n)) for n in (1, 2))
MAIN = {
    "id": ONE,
    "name": "main",
    "issuer": "https://token.actions.githubusercontent.com",
    "issuerRecordId": ONE,
    "subject": "repo:a@1/b@2:ref:refs/heads/main",
    "claimsMatchingExpression": None,
    "audiences": ["api://AzureADTokenExchange"],
    "description": None,
    "enabled": True,
    "multiAudience": None,
    "listedAudiences": [],
}
ANY = {
    **MAIN,
    "subject": None,
    "claimsMatchingExpression": {"value": "claims['sub'] matches 'repo:a@1/b@2:*'", "languageVersion": 1},
}
OLD_WORDS = {**ANY, "claimsMatchingExpression": {"value": "claims like", "languageVersion": 1}}
KEY = {
    "keyId": ONE,
    "displayName": "ci",
    "startDateTime": "2026-01-01T00:00:00Z",
    "endDateTime": "2027-01-01T00:00:00Z",
}
SHORTER = {**KEY, "endDateTime": "2026-06-01T00:00:00Z"}
A, B = "https://a.test", "https://b.test"

CREDENTIALS = {
    "one is new": ([], [MAIN], "widened"),
    "one is gone": ([MAIN], [], "narrowed"),
    "another subject": ([MAIN], [{**MAIN, "subject": "repo:a@1/b@2:environment:x"}], "widened"),
    "another record of one issuer": ([MAIN], [{**MAIN, "issuerRecordId": OTHER}], "widened"),
    "another audience": ([MAIN], [{**MAIN, "audiences": ["api://x"]}], "widened"),
    "a subject that the expression covers": ([ANY], [MAIN], "narrowed"),
    "an expression that covers the subject": ([MAIN], [ANY], "widened"),
    "disabled": ([MAIN], [{**MAIN, "enabled": False}], "narrowed"),
    "enabled": ([{**MAIN, "enabled": False}], [MAIN], "widened"),
    "a description": ([MAIN], [{**MAIN, "description": "x"}], None),
    "one is gone, another is narrower": ([ANY, {**MAIN, "id": OTHER}], [MAIN], "narrowed"),
    "one is new, another is gone": ([MAIN], [{**MAIN, "id": OTHER}], "widened"),
    "an expression that is none any more": ([OLD_WORDS], [MAIN], None),
    "a member that is not known": ([MAIN], [{**MAIN, "state": "audit"}], None),
}
KEYS = {
    "one is new": ([], [KEY], "widened"),
    "one is gone": ([KEY], [], "narrowed"),
    "valid for less": ([KEY], [SHORTER], "narrowed"),
    "valid for longer": ([SHORTER], [KEY], "widened"),
    "another name": ([KEY], [{**KEY, "displayName": None}], None),
    "another certificate": ([{**KEY, "customKeyIdentifier": "AA"}], [{**KEY, "customKeyIdentifier": "BB"}], "widened"),
}
MEMBERS = {
    "an owner": ("Owner.ObjectID", None, ONE, "widened"),
    "no owner any more": ("Owner.ObjectID", ONE, None, "narrowed"),
    "enabled": ("enabled", False, True, "widened"),
    "not enabled": ("enabled", True, False, "narrowed"),
    "disabled": ("disabled", False, True, "narrowed"),
    "disabled no more": ("disabled", True, None, "widened"),
    "disabled as it was": ("disabled", None, False, None),
    "no assignment needed": ("assignmentRequired", True, False, "widened"),
    "every issuer": ("allowedIssuers", [A], None, "widened"),
    "one issuer": ("allowedIssuers", None, [A], "narrowed"),
    "fewer issuers": ("allowedIssuers", [A, B], [A], "narrowed"),
    "another issuer": ("allowedIssuers", [A], [B], "widened"),
    "the same issuers": ("allowedIssuers", [A, B], [B, A], None),
    "no list of issuers": ("allowedIssuers", 1, [A], None),
    "a list of issuers that is enforced": ("allowedIssuersMode", "audit", "enforce", "narrowed"),
    "a list of issuers that is only noted": ("allowedIssuersMode", "enforce", "audit", "widened"),
    "fewer algorithms of all": ("allowedAlgorithms", None, ["RS256"], "narrowed"),
    "every algorithm": ("allowedAlgorithms", ["RS256"], None, "widened"),
    "a shorter life": ("maxAssertionLifetime", None, 600, "narrowed"),
    "a longer life": ("maxAssertionLifetime", 600, 601, "widened"),
    "a life of any length": ("maxAssertionLifetime", 600, None, "widened"),
    "ids that are demanded": ("immutableIds", "audit", "enforce", "narrowed"),
    "ids that are only noted, where nobody looked": ("immutableIds", "off", "audit", None),
    "ids that are demanded no more": ("immutableIds", "enforce", "off", "widened"),
    "lint that blocks": ("lint", "warn", "block", "narrowed"),
    "a mode that is a number": ("lint", 1, "block", None),
    "a name": ("displayName", "a", "b", None),
    "what nobody judges": ("tokenVersion", 1, 2, None),
}
ISSUERS = {
    "fewer algorithms": ({"algorithms": (["RS256", "ES256"], ["RS256"])}, "narrowed"),
    "more algorithms": ({"algorithms": (["RS256"], ["RS256", "ES256"])}, "widened"),
    "shorter and more algorithms": ({"maxLifetime": (600, 60), "algorithms": (["RS256"], ["ES256"])}, "widened"),
    "blocked": ({"blocked": (False, True)}, "narrowed"),
    "assertions that are good for one token": ({"replay": ("observe", "enforce")}, "narrowed"),
    "assertions that are good for many": ({"replay": ("enforce", "observe")}, "widened"),
    "assertions that are looked for": ({"replay": ("off", "observe")}, None),
    "keys from elsewhere": ({"jwksUrl": (None, A)}, "widened"),
    "its keys": ({"jwks": ("sha256:1", "sha256:2")}, "widened"),
    "nothing": ({}, None),
    "a member that is not known": ({"alarms": (1, 2)}, None),
    "a value that is none": ({"skew": (1, "x")}, None),
}


def told(name, old, new):
    return Modified(name, json.dumps(old), json.dumps(new))


@every("row", CREDENTIALS.values(), ids=CREDENTIALS.keys())
def test_credentials(row):
    old, new, expected = row
    assert effect(record(told("FederatedIdentityCredentials", old, new))) == expected


@every("name", ["PasswordCredentials", "KeyCredentials"])
@every("row", KEYS.values(), ids=KEYS.keys())
def test_secrets_and_certificates(row, name):
    old, new, expected = row
    assert effect(record(told(name, old, new))) == expected


@every("row", MEMBERS.values(), ids=MEMBERS.keys())
def test_other_members(row):
    name, old, new, expected = row
    assert effect(record(told(name, old, new))) == expected


@every("row", ISSUERS.values(), ids=ISSUERS.keys())
def test_issuer_records(row):
    members, expected = row
    changes = [told(name, *both) for name, both in members.items()]
    assert effect(record(*changes, activity="Update issuer", kind="Issuer")) == expected


WHOLE = {
    "Add tenant": None,
    "Add application": None,
    "Add service principal": None,
    "Add issuer": "widened",
    "Delete application": "narrowed",
    "Remove service principal": "narrowed",
    "Delete issuer": "narrowed",
}


@every("activity", WHOLE)
def test_whole_objects(activity):
    assert effect(record(told("enabled", None, True), activity=activity)) == WHOLE[activity]


def test_a_role_that_is_granted_and_taken_away():
    given = told("AppRole.Id", None, ONE), told("AppRole.Value", None, "Orders.Read")
    taken = told("AppRole.Id", ONE, None), told("AppRole.Value", "Orders.Read", None)
    assert effect(record(*given, activity="Add app role assignment to service principal")) == "widened"
    assert effect(record(*taken, activity="Remove app role assignment from service principal")) == "narrowed"


def test_one_that_widens_makes_it_wider_and_one_that_nobody_judges_leaves_nothing_to_say():
    narrower, wider, strange = told("enabled", True, False), told("assignmentRequired", True, False), told("x", 1, 2)
    assert effect(record(narrower, wider, strange)) == "widened"
    assert effect(record(narrower, strange)) is None
    assert effect(record(narrower, told("displayName", "a", "b"))) == "narrowed"
    assert effect(record(targets=())) is None
    apart = [Target(id=NOBODY, kind="ServicePrincipal", name="a", modified=(each,)) for each in (narrower, wider)]
    assert effect(record(targets=tuple(apart))) == "widened"
