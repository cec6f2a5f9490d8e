"""The catalogue of rules: all of them are there, complete and documented, and what they say is of use to people."""

import re
import runpy
from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from accredit.trust.lint import LEVELS, MODULES, RULES, Finding, Rule, lint
from accredit.trust.written import WrittenTrust
from tests.support.every import every
from tests.trust.lint.corpus import ROWS

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "scripts/lint_rules.py"
CATALOGUE = frozenset(
    re.findall(
        r"\S+",
        """
    SLASH WILD-ORG WILD-ID WILD-SEGMENT NAME-ONLY PR BRANCH-EVENT WORKFLOW-ONLY REF-WILD FORK EXACT-NEVER PERSON-SUB
    AUD-DEFAULT AUD-FIXED AUD-CLOUD AUD-AS MULTI-AUD SHARED-ISS SHARED-KEY ROOT-ISSUER LIFE NOEXP ALG DEPRECATED
    EMAIL-SUB ARN-SESSION CALLER-CLAIM PRIVATE-ISS K8S-SHARED DEFAULT-SA INSTANCE-ID ENT-SLUG TEMPLATE GENERATION
    LITERAL-STAR PLACEHOLDER CONFUSABLE EXPR-REQUIRED EXPR-UNALLOWED EXPR-QUOTE EXPR-TYPE EXPR-DEAD
    EXPR-GRANDFATHERED NOT-PORTABLE SELF ENTRA-ISSUER PRESET-HOST DUP LIMIT-20 DANGLING RECYCLED AUDIT-ONLY
    """,
    )
)
OURS = {"FIC-MALFORMED", "FIC-NOT-ISSUER"}  # beyond the catalogue
REFUSED = {"FIC-EXPR-REQUIRED", "FIC-EXPR-UNALLOWED", "FIC-DUP", "FIC-LIMIT-20"}  # the catalogue's mark of Entra's own
FOUND: dict[str, tuple[Finding, ...]] = {says: lint([row.trust], row.known) for says, row in ROWS.items()}


def test_every_rule_of_the_catalogue_is_there_or_said_to_be_absent() -> None:
    absent = runpy.run_path(str(SCRIPT))["ABSENT"]
    assert all(why.endswith(".") for why in absent.values())
    assert {each.id for each in RULES} | set(absent) == {f"FIC-{name}" for name in CATALOGUE} | OURS
    assert not {each.id for each in RULES} & set(absent)


def test_every_rule_has_a_file_of_its_name_and_is_listed_once() -> None:
    for module in MODULES:
        name = module.__name__.rpartition(".")[2]
        assert module.RULE.id == f"FIC-{name.upper().replace('_', '-')}"
    assert len({each.id for each in RULES}) == len(RULES)
    folder = ROOT / "src/accredit/trust/lint"
    files = {each.stem for each in folder.glob("*.py") if "RULE: Final" in each.read_text("utf-8")}
    assert files == {module.__name__.rpartition(".")[2] for module in MODULES}


@every("rule", RULES, ids=lambda each: each.id)
def test_a_rule_says_what_it_is_about_in_whole_sentences(rule: Rule) -> None:
    assert rule.level in LEVELS
    assert rule.title
    assert not rule.title.endswith(".")
    for said in (rule.why, rule.remedy):
        assert re.fullmatch(r"[A-Z`].*\.", said, re.DOTALL), said
        assert "  " not in said
        assert "invalid" not in said.lower()


def test_what_is_true_of_a_whole_platform_is_marked_and_asks_for_nothing() -> None:
    assert {(each.id, each.level) for each in RULES if each.quiet} == {("FIC-SHARED-ISS", "info")}


def test_what_entra_id_refuses_is_marked() -> None:
    assert {each.id for each in RULES if each.refused} - OURS == REFUSED


@every("says", ROWS)
def test_a_finding_is_a_sentence_about_a_value_and_its_place_is_within_it(says: str) -> None:
    trust = ROWS[says].trust
    texts = dict(trust.texts)
    for found in FOUND[says]:
        assert re.fullmatch(r"\S.*[.…]", found.message, re.DOTALL), found.message
        assert found.why.endswith(".")
        assert found.remedy.endswith((".", ")", "`"))
        assert found.docs_url.endswith(f"#{found.rule.lower()}")
        if found.start is not None and found.end is not None:
            assert 0 <= found.start < found.end <= len(texts[found.path])


@every("says", [says for says, found in FOUND.items() if any(each.edit for each in found)])
def test_an_edit_mends_what_it_is_for(says: str) -> None:
    row = ROWS[says]
    for found in FOUND[says]:
        if found.edit:
            mended = _edited(row.trust, found.edit)
            assert found.rule not in {each.rule for each in lint([mended], row.known)}, found.edit


def test_the_document_is_what_the_rules_say(capsys: pytest.CaptureFixture[str]) -> None:
    current = runpy.run_path(str(SCRIPT))["main"]("--check")
    assert current == 0, f"run scripts/lint_rules.py\n{capsys.readouterr().out}"


def _edited(trust: WrittenTrust, edit: Mapping[str, str]) -> WrittenTrust:
    """The trust with the new values of its members; what is said by an expression no subject says any more."""
    text = edit.get("claimsMatchingExpression")
    return replace(
        trust,
        issuer=edit.get("issuer", trust.issuer),
        subject=None if text else edit.get("subject", trust.subject),
        expression=text or trust.expression,
        language_version=int(edit.get("languageVersion", trust.language_version)),
        audiences=(edit["audiences"],) if "audiences" in edit else trust.audiences,
    )
