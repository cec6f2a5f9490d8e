"""Characters that look like others: what a person reads is not what a byte-exact comparison sees.

Rule 1: nothing here decides whether a token matches. It finds what to warn of and words it.
Rule 2: the table is small on purpose: what is taken for a character that issuers, subjects and audiences are made of.
What it lacks is still told as a character outside ASCII.
"""

from __future__ import annotations

import unicodedata
from typing import Final

import msgspec

# fmt: off
_LOOKS_LIKE: Final = (  # what is meant, and what is taken for it (Unicode Technical Standard 39, a selection)
    ("a", "\u0430\u0251\u03b1"), ("b", "\u0184\u042c"), ("c", "\u0441\u03f2"), ("d", "\u0501"), ("e", "\u0435\u04bd"),
    ("g", "\u0261\u0581"), ("h", "\u04bb\u0570"), ("i", "\u0456\u0131\u03b9\u0269"), ("j", "\u0458\u03f3"),
    ("k", "\u043a\u03ba"), ("l", "\u04cf\u01c0\u05c0"), ("m", "\u043c"), ("n", "\u0578\u057c"),
    ("o", "\u043e\u03bf\u0585\u03c3"), ("p", "\u0440\u03c1"), ("q", "\u051b\u0563"), ("r", "\u0433"), ("s", "\u0455"),
    ("t", "\u0442\u03c4"), ("u", "\u057d\u03c5\u028b"), ("v", "\u0475\u03bd"), ("w", "\u051d\u0561"),
    ("x", "\u0445\u03c7"), ("y", "\u0443\u04af\u03b3"), ("z", "\u1d22"), ("A", "\u0410\u0391"), ("B", "\u0412\u0392"),
    ("C", "\u0421\u03f9"), ("D", "\u13a0"), ("E", "\u0415\u0395"), ("F", "\u03dc"), ("G", "\u050c"),
    ("H", "\u041d\u0397"), ("I", "\u0406\u0399\u04c0"), ("J", "\u0408\u037f"), ("K", "\u041a\u039a"), ("L", "\u13de"),
    ("M", "\u041c\u039c"), ("N", "\u039d"), ("O", "\u041e\u039f\u0555"), ("P", "\u0420\u03a1"), ("Q", "\u051a"),
    ("R", "\u13a1"), ("S", "\u0405\u054f"), ("T", "\u0422\u03a4"), ("U", "\u054d"), ("V", "\u0474"), ("W", "\u051c"),
    ("X", "\u0425\u03a7"), ("Y", "\u04ae\u03a5"), ("Z", "\u0396"), ("0", "\u07c0\u0966"), ("3", "\u0417\u04e0"),
    ("-", "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u02d7\u06d4"), ("/", "\u2044\u2215\u29f8"),
    (":", "\ua789\u2236\u02d0\u0589\u05c3"), (".", "\u0660\u06f0"), ("_", "\u02cd"), ("*", "\u2217\u066d"),
    ("'", "\u2018\u2019\u02bc\u02b9\u2032"), ('"', "\u201c\u201d\u2033"), ("~", "\u223c"), ("|", "\u01c1"),
    ("?", "\u0294"),
)
# fmt: on
_MEANT: Final = {ord(each): meant for meant, taken in _LOOKS_LIKE for each in taken}
_UNSEEN: Final = frozenset({"Cc", "Cf", "Zl", "Zp"})  # categories of what leaves no mark; variation selectors are Mn
_SELECTORS: Final = frozenset(chr(each) for each in (0x034F, 0x115F, 0x1160, 0x3164, 0xFFA0, *range(0xFE00, 0xFE10)))
_BLANK: Final = "Zs"


class Oddity(msgspec.Struct, frozen=True, gc=False):
    """A character outside printable ASCII, where it stands and what a reader takes it for."""

    at: int  # characters before it
    character: str
    meant: str  # the ASCII text it looks like; empty: it is not seen at all; itself: it looks like nothing in ASCII

    @property
    def name(self) -> str:
        """Its code point and its name: ``U+0435 CYRILLIC SMALL LETTER IE``."""
        return f"U+{ord(self.character):04X} {unicodedata.name(self.character, 'without a name')}"

    @property
    def misleads(self) -> bool:
        """Whether it passes for something in ASCII, or for nothing."""
        return self.meant != self.character


def fold(text: str) -> str:
    """Write a text as it looks: look-alikes as what they look like, what is not seen left out. For comparing only.

    Two texts that differ and fold to the same text look alike. A text of printable ASCII folds to itself.
    """
    return "".join(map(_meant, text)) if not text.isascii() or not text.isprintable() else text


def oddities(text: str) -> tuple[Oddity, ...]:
    """Find every character outside printable ASCII, in order."""
    return tuple(
        Oddity(at, each, _meant(each)) for at, each in enumerate(text) if not (each.isascii() and each.isprintable())
    )


def _meant(character: str) -> str:
    if character.isascii():
        return character if character.isprintable() else ""
    if (meant := _MEANT.get(ord(character))) is not None:
        return meant
    category = unicodedata.category(character)
    if category in _UNSEEN or character in _SELECTORS:
        return ""
    plain = " " if category == _BLANK else unicodedata.normalize("NFKC", character)  # full width, ligatures, fonts
    return plain if plain.isascii() else character
