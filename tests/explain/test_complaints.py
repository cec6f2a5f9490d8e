"""Each known complaint gets its code, its cause, and a first line that conveys what has to be said."""

import re
import runpy

from tests.conftest import ROOT
from tests.forge import AT
from tests.support.complaints import CASES, CORPUS, explanation
from tests.support.every import every

_VALUE = re.compile(r"[\w%<{][\w./:@%<>{}$*+-]*[\w%>}]")
_WORD = re.compile(r"[a-z]{3,}")
_SAME = {"minutes": "min", "accepted": "matches"}
_LEAST = 0.5  # of the words that the expected line has
_LITTLE = {
    *("the", "and", "for", "its", "this", "that", "which", "with", "has", "may", "can", "was"),
    *("only", "one", "any", "from", "here", "says"),
}


def values(sentence):
    """What names something: an address, an id, a spelling."""
    return {each.strip(".,;:") for each in _VALUE.findall(sentence) if re.search(r"[\d/@%<>{}_]|\w-\w|\w\.\w", each)}


def words(sentence):
    """The words that carry meaning, shortened to their stems."""
    text = sentence.lower().replace("_", " ")
    return {_SAME.get(each, each)[:5] for each in _WORD.findall(text) if each not in _LITTLE}


def test_the_corpus_is_what_it_was():
    assert (len(CASES), CORPUS["now"]) == (62, AT)


@every("name", CASES)
def test_the_complaint_gets_its_code_and_its_cause(name):
    told, expected = explanation(CASES[name]), CASES[name]["expected"]
    assert told.outcome == expected["outcome"]
    assert told.code == (f"AADSTS{expected['aadsts']}" if expected["aadsts"] else "")
    assert told.cause == (expected["cause"] or "")


@every("name", CASES)
def test_the_first_line_conveys_what_has_to_be_said(name):
    told, wanted = explanation(CASES[name]).sentence, CASES[name]["expected"]["first_line"]
    normal = told.replace("`", "").replace("_", " ").lower()
    lacking = {each for each in values(wanted) if each.replace("_", " ").lower() not in normal}
    assert not lacking, told
    shared = len(words(wanted) & words(told)) / len(words(wanted))
    assert shared >= _LEAST, (shared, words(wanted) - words(told), told)


@every("name", CASES)
def test_what_is_proposed_never_widens_first_and_never_by_a_wildcard_for_owner_or_id(name):
    told = explanation(CASES[name], proof="proven")
    for edits in (told.edits, *(each.edits for each in told.near)):
        wide = [each.effect == "wider" for each in edits]
        assert wide == sorted(wide), "what widens stands first"
        assert not any(set("*?") & set(each.after.partition(":ref:")[0]) for each in edits)
    assert told.cause != "ID_CHANGED" or told.edits == ()


@every("name", CASES)
def test_what_nobody_has_proven_is_trusted_by_no_command(name):
    told = explanation(CASES[name])
    edits = [edit for each in told.near for edit in each.edits] + [*told.edits]
    trusting = [each for each in edits if each.target in {"credential", "issuer"}]
    assert told.proof == "proven" or not any(each.offered or each.command for each in trusting if told.near)


def test_the_table_of_the_documentation_is_what_is_said_today(capsys):
    current = runpy.run_path(str(ROOT / "scripts/complaints.py"))["main"]("--check")
    assert current == 0, f"run scripts/complaints.py\n{capsys.readouterr().out}"
