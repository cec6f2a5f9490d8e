"""What lint says when trust is saved: told, recorded, and refused where the tenant takes no errors."""

from dataclasses import replace

from accredit.administer import credentials, issuers, linting, tenants
from accredit.errors import LINT_BLOCKS, PRIVILEGES_MISSING
from tests import forge
from tests.administer.office import office
from tests.support.stories import refusal, run

GITHUB = "https://token.actions.githubusercontent.com"
GOOD = "repo:octo-org@1/octo-repo@2:environment:production"


def add(by, at, name="slash", issuer=f"{GITHUB}/", subject=GOOD):
    return credentials.add(by, at.application.id, name=name, issuer=issuer, subject=subject)


def guarded():
    at = office()
    run(tenants.update(at.by, at.tenant.id, lint="block"))
    return at


def test_whoever_listens_is_told_what_is_found_and_what_is_saved_is_saved():
    at, heard = office(), []
    made = run(add(replace(at.by, notice=heard.extend), at))
    assert [each.rule for each in heard] == ["FIC-SLASH"]
    assert at.read("credentials") == [made]
    assert at.changed()["accredit.findings"] == ([], ["FIC-SLASH"])


def test_an_error_is_refused_where_the_tenant_takes_none_and_nothing_is_changed():
    at = guarded()
    refused = refusal(add(at.by, at))
    assert (refused.row, refused.fields["rules"]) == (LINT_BLOCKS, "FIC-SLASH")
    assert refused.detail.startswith("FIC-SLASH: The issuer ")
    ((rule, sentence, member),) = refused.details
    assert (rule, member) == ("FIC-SLASH", "issuer")
    assert "Take the issuer exactly" in sentence
    assert at.read("credentials") == at.read("issuers") == []
    assert run(add(at.by, at, "warned", GITHUB, "repo:o/r:environment:p")).name == "warned"


def test_a_reason_overrides_for_who_may_and_is_recorded():
    at = guarded()
    by = replace(at.by, override="until Monday")
    refused = refusal(add(replace(by, may_override=False), at))
    assert (refused.row, linting.OVERRIDE in refused.detail) == (PRIVILEGES_MISSING, True)
    run(add(by, at))
    assert at.changed()["accredit.override"] == (None, "until Monday")
    run(add(by, at, "good", GITHUB))
    assert "accredit.override" not in at.changed(), "there was nothing to override"


def test_what_only_narrows_is_never_refused_and_what_widens_is():
    at = office()
    run(add(at.by, at))
    run(tenants.update(at.by, at.tenant.id, lint="block"))
    run(credentials.update(at.by, at.application.id, "slash", description="to be mended"))
    refused = refusal(credentials.update(at.by, at.application.id, "slash", subject="repo:octo-org/*"))
    assert refused.row is LINT_BLOCKS
    run(credentials.update(at.by, at.application.id, "slash", enabled=False))
    again = refusal(credentials.update(at.by, at.application.id, "slash", enabled=True))
    assert again.row is LINT_BLOCKS, "what counts again is judged as if it were new"


def test_keys_that_were_uploaded_say_how_an_issuer_signs():
    at, heard, idp = office(), [], "https://idp.example"
    run(add(at.by, at, "first", idp, "a"))
    (record,) = at.read("issuers")
    run(issuers.upload(at.by, record.id, forge.jwks(forge.jwk(forge.rsa_key(), kid="k", alg="RS512")).decode()))
    run(add(replace(at.by, notice=heard.extend), at, "second", idp, "b"))
    assert [(each.credential, each.rule) for each in heard] == [("second", "FIC-ALG")]


def test_all_that_an_application_trusts_is_judged_together():
    at = office()
    run(add(at.by, at))
    run(add(at.by, at, "good", GITHUB))

    async def judged():
        async with at.registry.reading() as store:
            return await linting.written(store, at.application, linting.Known())

    known = linting.Known()
    found = linting.of_trusts(at.tenant, run(judged()), own=at.by.own_issuers, emulator=at.by.emulator, known=known)
    assert {(each.credential, each.rule) for each in found} == {("slash", "FIC-SLASH"), ("good", "FIC-SHARED-ISS")}
    assert {each.application for each in found} == {at.application.display_name}
