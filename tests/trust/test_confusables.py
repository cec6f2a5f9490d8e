"""Characters that look like others: how a text looks, and what is told of those that mislead."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from accredit.trust.confusables import _LOOKS_LIKE, fold, oddities
from tests.support.every import every

LOOKS = {
    "printable ASCII looks like itself": ("repo:o@1/r@2:ref:refs/heads/main", "repo:o@1/r@2:ref:refs/heads/main"),
    "a Cyrillic letter": ("r\u0435po:o", "repo:o"),
    "a Greek letter": ("rep\u03bf:o", "repo:o"),
    "full width": ("\uff52\uff45po\uff1ao", "repo:o"),
    "a ligature": ("pro\ufb01le", "profile"),
    "a dash that a word processor made": ("octo\u2013org", "octo-org"),
    "a slash of mathematics": ("octo\u2215repo", "octo/repo"),
    "a ratio sign instead of a colon": ("repo\u2236o", "repo:o"),
    "quotes that a word processor made": ("\u2018main\u2019", "'main'"),
    "a blank that does not break": ("Default\u00a0Project", "Default Project"),
    "nothing is seen of a zero-width space": ("octo\u200b-org", "octo-org"),
    "nothing is seen of a byte order mark": ("\ufeffrepo", "repo"),
    "nothing is seen of a control character": ("repo\x07", "repo"),
    "nothing is seen of a variation selector": ("repo\ufe0f", "repo"),
    "an umlaut looks like itself": ("Gr\u00f6\u00dfe", "Gr\u00f6\u00dfe"),
    "a letter of another alphabet that looks like none of ours": ("\u0434\u043e\u043c", "\u0434om"),
    "no text": ("", ""),
}


@every("says", LOOKS)
def test_a_text_is_written_as_it_looks(says: str) -> None:
    text, looks = LOOKS[says]
    assert fold(text) == looks


def test_a_character_that_misleads_is_told_with_its_place_and_name() -> None:
    [letter, blank, umlaut] = oddities("r\u0435po:\u200bo:\u00fc")
    assert (letter.at, letter.meant, letter.misleads) == (1, "e", True)
    assert letter.name == "U+0435 CYRILLIC SMALL LETTER IE"
    assert (blank.at, blank.meant, blank.misleads) == (5, "", True)
    assert (umlaut.at, umlaut.misleads) == (8, False)
    assert oddities("\x07")[0].name == "U+0007 without a name"


@given(st.text(max_size=30))
def test_what_is_odd_is_what_printable_ascii_has_not(text: str) -> None:
    assert [each.at for each in oddities(text)] == [
        at for at, each in enumerate(text) if not ("\x20" <= each <= "\x7e")
    ]


@given(st.text(max_size=30))
def test_how_a_text_looks_looks_like_itself(text: str) -> None:
    looks = fold(text)
    assert fold(looks) == looks


def test_every_row_of_the_table_is_a_character_outside_ascii_that_stands_for_one_inside() -> None:
    taken = [each for _, row in _LOOKS_LIKE for each in row]
    assert len(taken) == len(set(taken))
    for meant, row in _LOOKS_LIKE:
        assert meant.isascii()
        assert len(meant) == 1
        assert not any(each.isascii() for each in row), meant
        assert all(unicodedata.name(each) for each in row)
