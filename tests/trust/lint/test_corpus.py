"""What lint says of trusts of all platforms: what the corpus says, and every rule speaks of some and not of all."""

from accredit.trust.lint import RULES, lint
from tests.support.every import every
from tests.trust.lint.corpus import FILE, ROWS

ENOUGH = 120  # trusts


@every("says", ROWS)
def test_exactly_what_is_wrong_is_told(says: str) -> None:
    row = ROWS[says]
    found = lint([row.trust], row.known)
    assert {(each.level, each.rule) for each in found} == row.expected, [each.message for each in found]


def test_the_corpus_is_large_and_no_situation_is_in_it_twice() -> None:
    assert len(ROWS) >= ENOUGH
    assert FILE.read_text("utf-8").count("[[trusts]]") == len(ROWS)


@every("rule", [each.id for each in RULES])
def test_every_rule_speaks_of_one_trust_of_the_corpus_and_not_of_another(rule: str) -> None:
    speaks = [rule in {found for _, found in row.expected} for row in ROWS.values()]
    assert any(speaks)
    assert not all(speaks)
