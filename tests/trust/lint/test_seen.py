"""What is known around a trust: of the keys of its issuer, and of the form in which its subject comes."""

from datetime import timedelta
from uuid import UUID

from msgspec.structs import replace

from accredit.issuers.keyset import KeySet, VerificationKey
from accredit.issuers.record import Issuer
from accredit.issuers.url import IssuerUrl
from accredit.trust.lint import Context, lint
from accredit.trust.lint.seen import Seen, generations, keys_at_hand, uploaded
from accredit.trust.written import WrittenTrust
from tests import forge
from tests.support.every import every
from tests.trust.lint.corpus import NOW

GITHUB = "https://token.actions.githubusercontent.com"
LEGACY = "repo:octo-org/octo-repo:environment:production"
IMMUTABLE = "repo:octo-org@1/octo-repo@2:environment:production"
NEWER, OLDER = NOW, NOW - timedelta(days=1)


def record(number: int, url: str) -> Issuer:
    return Issuer(id=UUID(int=number), tenant_id=UUID(int=9), url=IssuerUrl(url), algorithms=("RS256",))


def key(thumbprint: str, alg: str | None = "RS256", algorithms: tuple[str, ...] = ("RS256",)) -> VerificationKey:
    return VerificationKey(
        kid=thumbprint,
        kty="RSA",
        alg=alg,
        thumbprint=thumbprint,
        x5t=None,
        x5t_s256=None,
        public_key=forge.rsa_key().public_key(),
        algorithms=algorithms,
    )


def trust(subject: str = LEGACY, issuer: str = GITHUB, used: object = None, **members: object) -> WrittenTrust:
    fields = {"name": "trust", "audiences": ("api://AzureADTokenExchange",), **members}
    return WrittenTrust(issuer=issuer, subject=subject, last_used_at=used, **fields)  # type: ignore[arg-type]


def test_keys_say_how_they_sign_and_who_else_has_them() -> None:
    one, two, again = record(1, "https://a.example"), record(2, "https://b.example"), record(3, "https://a.example")
    found = keys_at_hand(
        [
            (one, KeySet((key("x"), key("y", "ES384", ("ES384",)), key("z", None, ("PS256",)), key("v", None, ())))),
            (two, KeySet((key("x"),))),
            (again, KeySet((key("y"),))),
        ]
    )
    assert found[one.id] == Seen(algorithms=frozenset({"RS256", "ES384", "PS256"}), shared_thumbprints=frozenset({"x"}))
    assert found[two.id] == Seen(algorithms=frozenset({"RS256"}), shared_thumbprints=frozenset({"x"}))
    assert found[again.id].shared_thumbprints == frozenset()


def test_uploaded_keys_are_read_and_a_set_that_is_none_says_nothing() -> None:
    document = forge.jwks(forge.jwk(forge.rsa_key(), kid="k", alg="RS256")).decode()
    good, bad = record(1, "https://a.example"), record(2, "https://b.example")
    found = uploaded([replace(good, jwks=document), replace(bad, jwks="{}"), record(3, "https://c.example")])
    assert {key: each.algorithms for key, each in found.items()} == {good.id: frozenset({"RS256"})}


def test_what_was_seen_of_an_issuer_is_told_of_its_trusts_and_of_no_other() -> None:
    a, b = record(1, "https://a.example"), record(2, "https://b.example")
    seen = {a.id: Seen(shared_thumbprints=frozenset({"x"}), unresolvable=True, lifetime=7_200, without_exp=True)}
    trusts = [trust("w", a.url, name="one", record=a), trust("w", b.url, name="two", record=b)]
    found = {(each.credential, each.rule) for each in lint(trusts, Context(seen=seen))}
    assert found == {("one", f"FIC-{name}") for name in ("SHARED-KEY", "DANGLING", "PRIVATE-ISS", "LIFE", "NOEXP")}


TWINS = {
    "a twin was used, this one never": (None, trust(IMMUTABLE, used=NEWER), {"immutable"}),
    "a twin was used after this one": (OLDER, trust(IMMUTABLE, used=NEWER), {"immutable"}),
    "this one was used after its twin": (NEWER, trust(IMMUTABLE, used=OLDER), set()),
    "the twin was never used": (None, trust(IMMUTABLE), set()),
    "another environment is no twin": (None, trust(IMMUTABLE + "-2", used=NEWER), set()),
    "another issuer's is no twin": (None, trust(IMMUTABLE, "https://ghes.example/_services/token", NEWER), set()),
    "the same subject is no twin": (None, trust(LEGACY, used=NEWER), set()),
    "an expression is no twin": (None, replace(trust(used=NEWER), subject=None, expression="x"), set()),
}


@every("says", TWINS)
def test_the_form_in_use_is_that_of_the_twin_that_was_used_last(says: str) -> None:
    used, twin, expected = TWINS[says]
    assert generations(trust(used=used), [twin]) == expected


def test_only_subjects_of_github_have_generations() -> None:
    twin = trust(IMMUTABLE, used=NEWER)
    assert generations(trust("system:serviceaccount:a:b"), [twin]) == frozenset()
    assert generations(replace(trust(), subject=None, expression="x"), [twin]) == frozenset()
    assert generations(trust("repo:x", "https://idp.example"), [twin]) == frozenset()


def test_a_retired_generation_is_told() -> None:
    trusts = [trust(name="old", used=OLDER), trust(IMMUTABLE, name="new", used=NEWER)]
    assert ("old", "FIC-GENERATION") in {(each.credential, each.rule) for each in lint(trusts)}
    assert ("new", "FIC-GENERATION") not in {(each.credential, each.rule) for each in lint(trusts)}
