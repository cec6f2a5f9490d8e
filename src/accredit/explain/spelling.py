"""Why two values that read alike are not equal: blanks, what nobody sees, case, look-alikes, text left to fill in.

Rule 1: an edit takes the token's spelling for the credential, and the credential's for an audience that is requested.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from accredit.explain import platform
from accredit.explain.causes import DIFFERENT, WORDS, Cause, difference, different, request, set_to
from accredit.signins import kept
from accredit.trust import confusables, placeholders
from accredit.trust.confusables import oddities
from accredit.trust.credential import LONGEST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accredit.assertions import Presented
    from accredit.explain.model import Edit
    from accredit.trust import Check, FederatedCredential
    from accredit.trust.placeholders import Placeholder

_ENCODED: Final = re.compile("%(3A|2F|40|20)", re.IGNORECASE)
_PLAIN: Final = {"3A": ":", "2F": "/", "40": "@", "20": " "}
_CALLED: Final = {":": "colon", "/": "slash", "@": "at sign", " ": "blank"}
_MOST_NAMED: Final = 4  # pieces of template text that a sentence names
_AT_ONCE: Final = 8  # texts whose other spellings are remembered: many credentials are held against one token


def too_long(credential: FederatedCredential, check: Check, presented: Presented) -> Cause | None:
    """Be longer than anything that a credential can say: nothing else is asked of what a stranger made so long."""
    if len(check.presented) <= LONGEST:
        return None
    if check.claim == "aud":  # all of them together
        return different(credential, check, presented)
    text = (
        f"The token's {WORDS[check.claim]} has {len(check.presented)} characters, and no credential can hold more than "
        f"{LONGEST}: `{kept(check.presented)}`."
    )
    return Cause(DIFFERENT, text)


def white_space(_: FederatedCredential, check: Check, __: Presented) -> Cause | None:
    """Differ only by blanks, or by characters that nobody sees."""
    expected, presented = _visible(check.expected), _visible(check.presented)
    if expected != presented or not expected or check.expected == check.presented:
        return None
    mine = check.expected != expected
    text, clean = (check.expected, expected) if mine else (check.presented, presented)
    at = next(n for n, each in enumerate(text) if not _is_visible(each))
    blank = text[at].isspace()
    what = "a blank" if blank else f"U+{ord(text[at]):04X}, an invisible character"
    sentence = f"Character {at + 1} of the {_whose(check, mine=mine)} is {what}. Retype it: `{clean}`."
    return Cause("WHITESPACE" if blank else "CONTROL", sentence, (_retyped(check, clean, mine=mine),))


def case(_: FederatedCredential, check: Check, __: Presented) -> Cause | None:
    if check.expected.casefold() != check.presented.casefold():
        return None
    found = difference(check.expected, check.presented)
    if found is None:  # an expression that reads like the subject
        return None
    theirs, mine = found.presented, found.expected
    if check.claim == "aud":  # short, and asked for whole
        theirs, mine = kept(check.presented), check.expected
    text = (
        f"The {WORDS[check.claim]} matches except for case at character {found.character}: `{theirs}` in the token, "
        f"`{mine}` in the credential. Comparison is case-sensitive."
    )
    edit = request(check, check.expected) if check.claim == "aud" else set_to(check, check.presented)
    return Cause("AUD_CASE" if check.claim == "aud" else "CASE", text, (edit,))


def look_alike(_: FederatedCredential, check: Check, __: Presented) -> Cause | None:
    """Differ by a letter that only looks like the other one, or by how an accent is written."""
    if check.expected.isascii() and check.presented.isascii():
        return None
    if _composed(check.expected) == _composed(check.presented):
        return _decomposed(check)
    if _folded(check.expected) != _folded(check.presented):
        return None
    sides = ((True, check.expected), (False, check.presented))  # they differ and look alike: one of them misleads
    mine, odd = next((mine, each) for mine, text in sides for each in oddities(text) if each.misleads)
    text = (
        f"Character {odd.at + 1} of the {_whose(check, mine=mine)} is {odd.name}, which only looks like `{odd.meant}`. "
        f"Retype it: `{_folded(check.presented)}`."
    )
    return Cause("HOMOGLYPH", text, (_retyped(check, _folded(check.presented), mine=mine),))


def percent(_: FederatedCredential, check: Check, presented: Presented) -> Cause | None:
    """Differ by a character that one side writes as it is, and the other percent-encoded."""
    if "%" not in check.expected + check.presented or _decoded(check.expected) != _decoded(check.presented):
        return None
    found = difference(check.expected, check.presented)
    at = found.character - 1 if found else 0
    mine, theirs = _ENCODED.match(check.expected, at), _ENCODED.match(check.presented, at)
    encoded = theirs or mine
    if encoded is None:  # both do, in letters of another case
        return None
    begin = check.presented.rfind(":", 0, at) + 1
    sign, by = _CALLED[_PLAIN[encoded[1].upper()]], platform.of(presented.issuer, presented.subject)
    if theirs:
        who, has, where = by.title if by else "The platform", "credential", " in a name"
    else:
        who, has, where = "The credential", "token", ""
    text = (
        f"{who} writes a {sign}{where} as `{encoded[0]}`, the {has} has a plain {sign}: "
        f"`{kept(check.presented[begin:])}` in the token, `{check.expected[begin:]}` in the credential. Set the "
        f"{WORDS[check.claim]} to `{kept(check.presented)}`."
    )
    return Cause("PERCENT", text, (set_to(check, check.presented),))


def placeholder(_: FederatedCredential, check: Check, __: Presented) -> Cause | None:
    """Find template text in the credential that nobody replaced."""
    places = placeholders.find(check.expected)
    marked = [each for each in places if not each.text[0].isalpha()]
    if not marked and not _around(places, check):  # words of documentation may be names
        return None
    found = [each for each in dict.fromkeys(each.text for each in marked or places) if each not in check.presented]
    if not found:
        return None
    named = " and ".join(f"`{kept(each)}`" for each in found[:_MOST_NAMED])
    text = (
        f"The credential's {WORDS[check.claim]} still holds template text, {named}. Put the real value there; the "
        f"token says `{kept(check.presented)}`."
    )
    return Cause("PLACEHOLDER", text, (set_to(check, check.presented),))


def _around(places: Sequence[Placeholder], check: Check) -> bool:
    """Whether the token has what stands around the places, in the same order, from its beginning."""
    ends = (0, *(each.end for each in places))
    begins = (*(each.start for each in places), len(check.expected))
    at = 0
    for n, (end, begin) in enumerate(zip(ends, begins, strict=True)):
        piece = check.expected[end:begin]
        at = check.presented.find(piece, at)
        if at < 0 or (n == 0 and at > 0):
            return False
        at += len(piece)
    return True


def _decomposed(check: Check) -> Cause:
    found = difference(check.expected, check.presented)
    at = found.character if found else 1
    text = (
        f"The {WORDS[check.claim]} looks the same, but from character {at} on the two sides write an accented letter "
        f"in different ways (Unicode normalization). Copy the token's: `{kept(check.presented)}`."
    )
    return Cause("NFC", text, (set_to(check, check.presented),))


def _whose(check: Check, *, mine: bool) -> str:
    return f"{'credential' if mine else 'token'}'s {WORDS[check.claim]}"


def _retyped(check: Check, clean: str, *, mine: bool) -> Edit:
    return set_to(check, clean) if mine else request(check, clean)


@lru_cache(maxsize=_AT_ONCE)
def _folded(text: str) -> str:
    return confusables.fold(text)


@lru_cache(maxsize=_AT_ONCE)
def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


@lru_cache(maxsize=_AT_ONCE)
def _decoded(text: str) -> str:
    return _ENCODED.sub(lambda found: _PLAIN[found[1].upper()], text)


def _is_visible(character: str) -> bool:
    return character.isprintable() and not character.isspace()


@lru_cache(maxsize=_AT_ONCE)
def _visible(text: str) -> str:
    if text.isprintable() and " " not in text:  # a blank is the only character that is printable and white space
        return text
    return "".join(filter(_is_visible, text))
