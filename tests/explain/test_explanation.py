from datetime import timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from accredit import assertions, errors, issuers
from accredit.assertions import ENTRA, EXTENDED, parse
from accredit.assertions.times import refuse_long_lived, refuse_untimely
from accredit.directory import Tenant
from accredit.errors import Refused
from accredit.explain import Explanation, explain, unreadable
from accredit.issuers import EMPTY, OwnIssuers, jwks
from accredit.trust import choose, match
from tests.forge import (
    AT,
    AUDIENCE,
    ISSUER,
    NOW,
    SUBJECT,
    assemble,
    claims,
    jwk,
    key_for,
    token,
)
from tests.forge import (
    jwks as published,
)
from tests.support.every import every
from tests.support.trusting import credential, presented, record, trusted
from tests.trust.test_matching import CREDENTIALS, RULES, TOKENS, made

BASE = "https://localhost:8443"
OWN = OwnIssuers([BASE])
OTHER = "https://gitlab.com"


def told(*held, own=OWN, keys=None, proof="unknown", disabled=(), said=None, **changes):
    shown = said or presented(**changes)
    return explain(
        shown, trusted(*held), client="deploy-bot", now=NOW, own=own, keys=keys, proof=proof, disabled=disabled
    )


def keys_of(at, *kids, alg="RS256", number=0):
    document = published(*(jwk(key_for(alg, number), kid=kid) for kid in kids))
    return jwks.parse(document, at)


def statuses(explanation):
    return {each.id: each.status for each in explanation.steps}


def test_a_token_that_matches_is_accepted_as_far_as_was_looked():
    found = told(credential())
    assert (found.outcome, found.code, found.stage, found.cause, found.near) == ("accepted", "", None, "", ())
    assert found.sentence == "The token matches the credential `credential-1`. Its signature was not checked."
    assert (found.complete, found.proof, found.warning, found.credential) == (False, "unknown", "", "credential-1")
    assert statuses(found) == {
        "parse": "pass",
        "issuer": "pass",
        "audience": "pass",
        "subject": "pass",
        "self": "pass",
        "algorithm": "pass",
        "signature": "skip",
        "time": "pass",
        "lifetime": "pass",
    }


def test_where_the_tenant_lists_its_issuers_a_step_says_whether_this_is_one():
    tenant = Tenant(id=UUID(int=7), display_name="C", domains=("c.test",), created_at=NOW, allowed_issuers=(OTHER,))
    found = explain(presented(), trusted(credential()), client="deploy-bot", now=NOW, own=OWN, tenant=tenant)
    assert (found.outcome, found.stage, found.code, found.cause) == ("refused", "policy", "AADSTS700238", "POLICY")
    assert found.sentence == f"The tenant allows some issuers only, and `{ISSUER}` is none of them."
    assert found.steps[-1].detail == "the issuer is not one that the tenant allows"
    allowing = replace(tenant, allowed_issuers=(OTHER, ISSUER))
    found = explain(presented(), trusted(credential()), client="deploy-bot", now=NOW, own=OWN, tenant=allowing)
    assert (found.outcome, statuses(found)["policy"]) == ("accepted", "pass")
    anybody = replace(tenant, allowed_issuers=None)
    found = explain(presented(), trusted(credential()), client="deploy-bot", now=NOW, own=OWN, tenant=anybody)
    assert "policy" not in statuses(found)


ACCESS = {
    "a token of this authority": ({"iss": f"{BASE}/{UUID(int=7)}/v2.0"}, "this authority itself issued for `"),
    "a token of this authority for Graph": (
        {"iss": f"{BASE}/{UUID(int=7)}/", "aud": "https://graph.microsoft.com"},
        "this authority itself issued for Microsoft Graph",
    ),
    "Microsoft's token for its resource manager": (
        {"iss": "https://sts.windows.net/x/", "aud": "https://management.azure.com/"},
        "`https://sts.windows.net/x/` issued for Azure Resource Manager",
    ),
    "a token for Graph by its appId": ({"aud": "00000003-0000-0000-c000-000000000000"}, "for Microsoft Graph"),
}


@every("sentence", ACCESS)
def test_an_access_token_is_told_from_an_assertion(sentence):
    claims, said = ACCESS[sentence]
    found = told(credential(), **claims)
    assert (found.outcome, found.cause) == ("refused", "ACCESS_TOKEN")
    assert said in found.sentence
    assert [(each.target, each.what) for each in found.edits] == [("workload", "token")]


def test_an_audience_that_is_no_api_of_this_authority_makes_no_access_token():
    assert told(credential(), aud="api://orders").cause != "ACCESS_TOKEN"
    assert told(credential(), aud="https://vault.azure.net").cause != "ACCESS_TOKEN"


def test_with_keys_at_hand_the_answer_is_complete():
    at = record()
    signed = parse(token(claims()), ENTRA)
    found = told(credential(issuer=at), said=signed, keys={at.id: keys_of(at, "key-1")})
    assert (found.outcome, found.complete, found.proof) == ("accepted", True, "proven")
    assert found.sentence == "The token matches the credential `credential-1`."
    assert [each.detail for each in found.steps] == [
        "alg RS256, kid key-1",
        "",
        "",
        "",
        "",
        "RS256",
        "key key-1",
        "5 min left",
        "",
    ]


def test_every_later_check_that_can_be_made_is_made():
    found = told(credential(subject="other"), exp=AT - 301)
    assert statuses(found)["subject"] == statuses(found)["time"] == "fail"
    assert (found.stage, found.code) == ("subject", "AADSTS700213")
    assert statuses(found)["lifetime"] == "pass"
    found = told(credential(issuer=OTHER))
    assert statuses(found)["algorithm"] == statuses(found)["signature"] == "skip"
    assert (statuses(found)["audience"], statuses(found)["subject"]) == ("pass", "pass")
    assert [each.code for each in found.steps if each.code] == ["AADSTS700211"]


def test_an_application_that_trusts_nobody_is_told_so():
    found = told()
    assert (found.code, found.cause, found.near) == ("AADSTS70025", "NONE", ())
    assert found.sentence == "The application `deploy-bot` trusts nobody yet: it has no enabled credential."
    assert [each.status for each in found.steps[1:4]] == ["fail", "skip", "skip"]


def test_a_disabled_credential_that_would_match_is_the_reason():
    off = credential(7, enabled=False)
    found = told(credential(1, "other"), off, disabled=(off, credential(8, "nobody", enabled=False)))
    assert (found.code, found.cause, found.outcome) == ("AADSTS700213", "STATE", "refused")
    assert found.sentence == "The credential `credential-7` matches, but it is disabled."
    assert (found.near[0].name, found.near[0].state, found.near[0].score) == ("credential-7", "disabled", 100)
    assert [each.kind for each in found.edits] == ["enable"]


RANKED = {  # credentials in the order in which they came near, and their scores
    "who passes more checks stands higher": (
        [credential(1, issuer=ISSUER + "/"), credential(2, "other")],
        [("credential-2", 60), ("credential-1", 90)],
    ),
    "a case difference stands before other near subjects": (
        [credential(1, SUBJECT + "x"), credential(2, SUBJECT.upper())],
        [("credential-2", 96), ("credential-1", 87)],
    ),
    "a longer common beginning stands before a shorter one": (
        [credential(1, "repo:octo"), credential(2, "repo:octo-org/octo-repo:ref")],
        [("credential-2", 87), ("credential-1", 68)],
    ),
    "names decide between equals": (
        [credential(2, "xx"), credential(1, "xy")],
        [("credential-1", 60), ("credential-2", 60)],
    ),
    "audiences that differ only by case are near": (
        [credential(1, audience=AUDIENCE.lower()), credential(2, audience="z")],
        [("credential-1", 92), ("credential-2", 80)],
    ),
    "no more than five are shown": (
        [credential(n, f"nobody-{n}") for n in range(1, 8)],
        [(f"credential-{n}", 60) for n in range(1, 6)],
    ),
    "an expression that reads like the subject": (
        [credential(1, expression="claims['sub'] eq 'x'")],
        [("credential-1", 96)],
    ),
}


@every("sentence", RANKED)
def test_ranked(sentence):
    credentials, order = RANKED[sentence]
    assert [(each.name, each.score) for each in told(*credentials).near] == order


def test_the_values_of_each_credential_stand_beside_the_tokens():
    (near,) = told(credential(subject="repo:octo-org/other:x")).near
    issuer, _, subject = near.comparisons
    assert (issuer.passed, issuer.difference) == (True, None)
    assert (subject.expected, subject.presented, subject.passed) == ("repo:octo-org/other:x", SUBJECT, False)
    assert (subject.difference.character, subject.difference.segment) == (16, 2)
    assert (subject.difference.expected, subject.difference.presented) == ("other", "octo-repo")


# ── after matching ───────────────────────────────────────────────────────────────────────────────────────────────────

UPLOADED = {"key_source": "uploaded", "jwks": "{}"}
AFTER = {  # record, keys (a key set, a refusal, None), claims, header -> code, cause, first line, proof
    "an own issuer": (
        {"url": f"{BASE}/acc7ed17-0000-4000-8000-000000000001/v2.0"},
        None,
        {"iss": f"{BASE}/acc7ed17-0000-4000-8000-000000000001/v2.0"},
        {},
        700222,
        "SELF",
        "The token was issued by this authority itself; an authority cannot federate with itself.",
        "unknown",
    ),
    "an issuer of Entra ID": (
        {"url": "https://sts.windows.net/x/"},
        None,
        {"iss": "https://sts.windows.net/x/"},
        {},
        700222,
        "ENTRA_ISSUER",
        "The token was issued by Microsoft Entra ID, whose tokens are not federated.",
        "unknown",
    ),
    "an algorithm that the record does not list": (
        {"algorithms": ("RS384", "RS512")},
        None,
        {},
        {},
        5002738,
        "ALG",
        "The token is signed with RS256; the issuer's record allows RS384, RS512.",
        "unknown",
    ),
    "a blocked issuer": (
        {"blocked": True},
        None,
        {},
        {},
        700238,
        "POLICY",
        "The issuer is blocked: nothing that it signs is accepted until somebody unblocks it.",
        "unknown",
    ),
    "an issuer that cannot be reached": (
        {},
        Refused(errors.ISSUER_UNREACHABLE, detail="discovery: status: 502"),
        {},
        {},
        90061,
        "ISSUER_UNREACHABLE(status)",
        "The issuer's keys could not be had: discovery: status: 502.",
        "unknown",
    ),
    "a key that is not published": (
        {},
        ("other", "another"),
        {},
        {},
        7000272,
        "KEY_UNKNOWN",
        "The token was signed with key `key-1`, which the issuer does not publish; it publishes `other`, `another`.",
        "unproven",
    ),
    "a key that was not uploaded": (
        UPLOADED,
        ("other",),
        {},
        {},
        7000272,
        "KEY_STALE_UPLOAD",
        (
            "The token was signed with key `key-1`, which is not among the uploaded keys: they are older than that "
            "key, or it is none of the issuer's. "
            "Upload the issuer's present keys."
        ),
        "unproven",
    ),
    "no uploaded key at all": (
        UPLOADED,
        (),
        {},
        {},
        7000272,
        "KEY_STALE_UPLOAD",
        (
            "The token was signed with key `key-1`, which is not among the uploaded keys: they are older than that "
            "key, or it is none of the issuer's. "
            "Upload the issuer's present keys."
        ),
        "unproven",
    ),
    "a signature of somebody else": (
        {},
        ("key-1",),
        {"jti": "forged"},
        {},
        700027,
        "SIGNATURE",
        "The registered key does not verify the signature: the token was altered, or signed by another issuer.",
        "unproven",
    ),
    "a signature under a key that the header brings along": (
        {},
        ("key-1",),
        {"jti": "forged"},
        {"jku": "https://evil.test"},
        700027,
        "SIGNATURE",
        (
            "The registered key does not verify the signature: the token was altered, or signed by another issuer (the "
            "header's jku was ignored: only registered keys count)."
        ),
        "unproven",
    ),
    "a token that has expired": (
        {"skew": 60},
        None,
        {"exp": AT - 60, "iat": AT - 400, "nbf": AT - 400},
        {},
        700024,
        "EXPIRED",
        "The token expired 1 min ago; 1 min are tolerated.",
        "unknown",
    ),
    "a clock that is ahead": (
        {},
        None,
        {"nbf": AT + 600, "iat": AT, "exp": AT + 900},
        {},
        700024,
        "SKEW",
        "The token becomes valid in 10 min; one of the two clocks is wrong.",
        "unknown",
    ),
    "a token of tomorrow": (
        {},
        None,
        {"nbf": ..., "iat": AT + 601, "exp": AT + 900},
        {},
        700024,
        "NOT_YET",
        "The token becomes valid in 10 min 1 s.",
        "unknown",
    ),
    "a token that lives too long": (
        {"max_lifetime": 600},
        None,
        {"iat": AT, "exp": AT + 601},
        {},
        70023,
        "LIFETIME",
        "The token lives 10 min 1 s; at most 10 min are accepted.",
        "unknown",
    ),
    "a token that lives too long, as far as it says": (
        {"max_lifetime": 600},
        None,
        {"iat": ..., "nbf": ..., "exp": AT + 601},
        {},
        70023,
        "LIFETIME",
        "The token lives 10 min 1 s; at most 10 min are accepted.",
        "unknown",
    ),
}


@every("sentence", AFTER)
def test_a_token_that_is_trusted_is_refused_for(sentence):
    changes, keys, said, header, code, cause, first_line, proof = AFTER[sentence]
    at = record(**changes)
    known = {}
    if isinstance(keys, tuple):
        known = {at.id: keys_of(at, *keys) if keys else EMPTY}
    elif keys is not None:
        known = {at.id: keys}
    found = told(credential(issuer=at), said=presented(header=header, **said), keys=known)
    assert (found.code, found.cause) == (f"AADSTS{code}", cause)
    assert found.sentence == first_line
    assert (found.proof, found.outcome, found.credential) == (proof, "refused", "")


def test_a_key_that_breaks_a_rule_and_a_token_without_a_key_reference():
    at = record(algorithms=EXTENDED.algorithms)
    dropped = jwks.parse(
        published(jwk(key_for("RS256"), kid="key-1", use="enc"), jwk(key_for("RS256", 1), kid="good")), at
    )
    found = told(credential(issuer=at), keys={at.id: dropped})
    assert (found.code, found.cause) == ("AADSTS5002730", "KEY_POLICY")
    assert found.sentence == "The key that the token names is not used: KP-07: its use is not sig."
    nameless = presented(extended=True, header={"kid": "k"})
    without = parse(assemble({"alg": "RS256"}, claims()), EXTENDED)
    assert nameless.key.kid == "k"
    found = told(credential(issuer=at), said=without, keys={at.id: dropped})
    assert (found.code, found.cause) == ("AADSTS5002723", "KID_MISSING")
    lax = record(require_kid=False, algorithms=("RS256",))
    found = told(credential(issuer=lax), said=without, keys={lax.id: keys_of(lax, None)})
    assert (found.code, found.steps[0].detail) == ("AADSTS700027", "alg RS256")
    es256 = parse(assemble({"alg": "ES256"}, claims()), EXTENDED)
    mixed = record(require_kid=False, algorithms=("RS256", "ES256"))
    found = told(credential(issuer=mixed), said=es256, keys={mixed.id: keys_of(mixed, None)})
    assert found.code == "AADSTS7000272"
    assert found.sentence == "The token was signed with a key, which the issuer does not publish."


def test_of_several_records_the_one_that_proves_is_meant_or_the_first_that_may_fetch():
    uploaded, fetched = record(1, **UPLOADED), record(2)
    held = (credential(1, issuer=uploaded), credential(2, issuer=fetched))
    signed = parse(token(claims()), ENTRA)
    both = {uploaded.id: keys_of(uploaded, "other"), fetched.id: keys_of(fetched, "key-1")}
    assert told(*held, said=signed, keys=both).credential == "credential-2"
    assert told(*held, said=signed).credential == "credential-2", "the keys of the other one are known already"
    found = told(*held, said=signed, keys={uploaded.id: keys_of(uploaded, "other")})
    assert (found.credential, found.complete) == ("credential-2", False)
    neither = told(credential(1, issuer=uploaded), said=signed, keys={uploaded.id: keys_of(uploaded, "other")})
    assert neither.cause == "KEY_STALE_UPLOAD"


# ── who sent it ──────────────────────────────────────────────────────────────────────────────────────────────────────


@every("proof", ["unknown", "unproven", "proven"])
def test_only_for_a_proven_token_is_a_change_of_trust_offered(proof):
    found = told(credential(subject="repo:octo-org/octo-repo:environment:production"), proof=proof)
    assert found.proof == proof
    assert found.warning == ("" if proof == "proven" else "Nobody has proven who sent this token.")
    offered = {each.target: each.offered for each in found.edits}
    assert offered == {"workload": True, "credential": proof == "proven"}
    assert found.near[0].edits == found.edits


def test_what_the_platform_was_not_known_to_send_is_told_of_a_proven_token_only():
    said = {"new": "", "object\u202e": {"deep": 1}}
    assert [(each.name, each.type) for each in told(credential(), proof="proven", **said).unlisted] == [
        ("new", "string"),
        ("object\\u202e", "object"),
    ]
    assert told(proof="proven", repository_id="1").unlisted == ()
    for proof in ("unproven", "unknown"):
        assert told(credential(), proof=proof, **said).unlisted == ()


def test_keys_at_hand_say_more_than_what_was_known_before():
    at = record()
    signed = parse(token(claims(sub="repo:octo-org/octo-repo:environment:x")), ENTRA)
    found = told(credential(issuer=at), said=signed, keys={at.id: keys_of(at, "key-1")})
    assert (found.code, found.proof) == ("AADSTS700213", "proven")
    found = told(credential(issuer=at), keys={at.id: keys_of(at, "key-1")}, proof="proven")
    assert (found.code, found.proof) == ("AADSTS700027", "unproven")


def test_what_an_application_signed_itself_is_not_a_matter_of_trust():
    found = told(credential(), iss="4a7d9f02", sub="4a7d9f02")
    assert (found.cause, found.code, found.outcome) == ("SELF_SIGNED", "", "refused")
    assert "with a certificate" in found.sentence


UNREADABLE = {
    "text": ("notatoken", "AADSTS50027", "MALFORMED", "The token cannot be read: 1 segments, not 3."),
    "an algorithm": (
        assemble({"alg": "ES384", "kid": "k"}, claims()),
        "AADSTS5002738",
        "ALG",
        "The token is signed with ES384; this tenant accepts what Entra ID accepts, RS256, RS384, RS512.",
    ),
    "a type": (
        assemble({"alg": "RS256", "kid": "k", "typ": "at+jwt"}, claims()),
        "AADSTS5002727",
        "TYP",
        "A token of this type is not accepted: header: typ 'at+jwt'.",
    ),
    "no key reference": (
        assemble({"alg": "RS256"}, claims()),
        "AADSTS5002723",
        "KID_MISSING",
        "The token does not say which key signed it; this tenant demands that it does.",
    ),
    "no audience": (
        assemble({"alg": "RS256", "kid": "k"}, claims(aud=...)),
        "AADSTS90014",
        "CLAIM_MISSING(aud)",
        "The token has no audience.",
    ),
    "no expiry": (
        assemble({"alg": "RS256", "kid": "k"}, claims(exp=...)),
        "AADSTS90014",
        "CLAIM_MISSING(exp)",
        "The token has no time of expiry.",
    ),
}


@every("sentence", UNREADABLE)
def test_a_token_that_cannot_be_read_for(sentence):
    text, code, cause, first_line = UNREADABLE[sentence]
    with pytest.raises(Refused) as refused:
        parse(text, ENTRA)
    found = unreadable(refused.value, client="deploy-bot", now=NOW)
    assert (found.code, found.cause, found.sentence) == (code, cause, first_line)
    assert (found.stage, found.complete, found.assertion) == ("parse", False, None)


def texts(value):
    """Every text in an explanation."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [text for each in value for text in texts(each)]
    return [value] if isinstance(value, str) else []


STRANGE = {
    "an issuer": {"iss": "https://a\x1b[2J\u202e/"},
    "a subject": {"sub": "repo:octo-org/octo-repo:ref:\x1b[2J\u202e"},
    "a branch": {"sub": "repo:octo-org/octo-repo:ref:refs/heads/\x1b[2J\u202e"},
    "an owner": {"sub": "repo:octo-org@1/\x1b[2J@2:ref:refs/heads/main"},
    "an audience": {"aud": "api://\x1b[2J\u202e"},
    "a key id and a type": {"header": {"kid": "\x1b[2J", "typ": "\x1b[2J"}},
}


@every("what", STRANGE)
def test_a_stranger_moves_no_cursor_by(what):
    environment, owner = "repo:octo-org/octo-repo:environment:x", "repo:octo-org/\x1b[2J:ref:refs/heads/main"
    held = (credential(1, environment), credential(2, owner), credential(3, expression="claims['sub'] eq 'x'"))
    found = told(*held, said=presented(extended=True, **STRANGE[what]))
    for text in texts(msgspec.json.decode(msgspec.json.encode(found))):
        assert text.isprintable(), text


def test_a_clause_that_was_not_looked_at_is_not_blamed():
    spending = [credential(n, expression=f"claims['sub'] matches 'x?{n}*'") for n in range(1, 40)]
    last = credential(99, expression="claims['sub'] matches 'x*'", created_at=NOW + timedelta(days=1), name="a")
    found = told(*spending, last, sub="x" * 4_000)
    assert (found.code, found.near[0].name, found.cause) == ("AADSTS7002131", "a", "BUDGET")
    assert told(last, sub="x" * 4_000).outcome == "accepted"


def test_an_expression_that_the_exchange_did_not_ask_is_asked_by_the_explanation():
    found = told(credential(1, expression="claims['sub'] matches 'repo:*'", issuer="https://gitlab.com"), keys={})
    assert (found.code, found.cause) == ("AADSTS700211", "DIFFERENT")
    assert [(each.claim, each.passed) for each in found.near[0].comparisons] == [
        ("iss", False),
        ("aud", True),
        ("sub", True),
    ]
    assert {each.id: each.status for each in found.steps}["subject"] == "pass"


def test_an_explanation_is_json_of_schema_1_and_comes_back_equal():
    found = told(credential(1, "other"), credential(2, expression="claims['sub'] eq 'x'"), keys={})
    encoded = msgspec.json.encode(found)
    assert msgspec.json.decode(encoded, type=Explanation) == found
    assert msgspec.json.decode(encoded)["schema"] == 1
    assert found.assertion.sha256 == presented().digest


# ── laws ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def answered(trust, shown):
    """What the exchange refuses, as far as no keys are needed."""
    try:
        candidate = choose("a", match(trust, shown))[0]
        issuers.refuse_own(shown.issuer, OWN)
        assertions.refuse_algorithm(shown.key, candidate.issuer)
        refuse_untimely(shown, candidate.issuer.skew, NOW)
        refuse_long_lived(shown, candidate.issuer.max_lifetime, NOW)
    except Refused as refused:
        return refused
    return None


@given(CREDENTIALS, TOKENS, RULES, st.booleans())
def test_explain_and_the_exchange_agree(rows, changes, rule, late):
    trust = trusted(*made(rows), multi_audience=rule)
    shown = presented(extended=True, **changes, **({"exp": AT - 1_000, "iat": AT - 2_000} if late else {}))
    found = explain(shown, trust, client="a", now=NOW, own=OWN)
    refused = answered(trust, shown)
    if refused is None:
        assert (found.outcome, found.code) == ("accepted", "")
        assert found.credential == choose("a", match(trust, shown))[0].name
    else:
        assert (found.outcome, found.code, found.message) == ("refused", refused.row.label, refused.message)
    if found.near:
        missed = next(each for each in found.near[0].comparisons if not each.passed)
        assert {"iss": "issuer", "aud": "audience", "sub": "subject"}[missed.claim] == found.stage
    assert {each.status for each in found.steps} <= {"pass", "fail", "skip"}
    assert all(0 <= each.score < 100 for each in found.near)
