"""What ``GetWebIdentityToken`` takes, and how AWS words it when something else comes: all violations at once."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from accredit.testidp.native.aws_query import Failed, listed, structures

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ALGORITHMS: Final = ("RS256", "ES384")
SHORTEST, LONGEST, USUAL = 60, 3_600, 300  # seconds
AUDIENCES, AUDIENCE = 10, 1_000  # how many, and the characters of each
TAGS, KEY, VALUE = 50, 128, 256  # how many, and the characters of each part
_ALLOWED: Final = "_.:/=+-@"  # beside letters, separators and numbers
_PATTERN: Final = r"[\p{L}\p{Z}\p{N}_.:/=+\-@]"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A checked request."""

    audiences: tuple[str, ...]
    algorithm: str
    seconds: int
    tags: Mapping[str, str]


def read(fields: Mapping[str, str]) -> Wanted:
    """Check a request. ``Failed``: ``ValidationError``, ``InvalidParameterValue``."""
    audiences, tags = listed(fields, "Audience"), structures(fields, "Tags")
    algorithm, seconds = fields.get("SigningAlgorithm"), fields.get("DurationSeconds", str(USUAL))
    wrong = [*_audience(audiences), *_algorithm(algorithm), *_duration(seconds), *_tags(tags)]
    if wrong:
        count = f"{len(wrong)} validation error{'s' if len(wrong) > 1 else ''} detected"
        raise Failed("ValidationError", 400, f"{count}: {'; '.join(wrong)}")
    keys = [each["Key"].casefold() for each in tags]
    if len(set(keys)) != len(keys):
        message = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        raise Failed("InvalidParameterValue", 400, message)
    return Wanted(tuple(audiences or ()), algorithm or "", int(seconds), {each["Key"]: each["Value"] for each in tags})


def _audience(audiences: list[str] | None) -> Iterator[str]:
    if audiences is None:
        yield _said(None, "audience", "not be null")
        return
    if not audiences:
        yield _said("[]", "audience", "have length greater than or equal to 1")
    if len(audiences) > AUDIENCES:
        yield _said(f"[{', '.join(audiences)}]", "audience", f"have length less than or equal to {AUDIENCES}")
    for number, each in enumerate(audiences, 1):
        yield from _length(each, f"audience.{number}.member", 1, AUDIENCE)


def _algorithm(algorithm: str | None) -> Iterator[str]:
    if algorithm is None:
        yield _said(None, "signingAlgorithm", "not be null")
    elif algorithm not in ALGORITHMS:
        yield _said(algorithm, "signingAlgorithm", f"satisfy enum value set: [{', '.join(ALGORITHMS)}]")


def _duration(seconds: str) -> Iterator[str]:
    if not seconds.isascii() or not seconds.isdigit() or len(seconds) > len(str(LONGEST)) + 5:
        yield _said(seconds, "durationSeconds", "be a whole number of seconds")
    elif int(seconds) < SHORTEST:
        yield _said(seconds, "durationSeconds", f"have value greater than or equal to {SHORTEST}")
    elif int(seconds) > LONGEST:
        yield _said(seconds, "durationSeconds", f"have value less than or equal to {LONGEST}")


def _tags(tags: list[dict[str, str]]) -> Iterator[str]:
    if len(tags) > TAGS:
        yield _said(f"{len(tags)} tags", "tags", f"have length less than or equal to {TAGS}")
    for number, each in enumerate(tags, 1):
        for part, least, most in (("Key", 1, KEY), ("Value", 0, VALUE)):
            place, text = f"tags.{number}.member.{part.lower()}", each.get(part)
            if text is None:
                yield _said(None, place, "not be null")
                continue
            yield from _length(text, place, least, most)
            if not all(one in _ALLOWED or unicodedata.category(one)[0] in "LZN" for one in text):
                yield _said(text, place, f"satisfy regular expression pattern: {_PATTERN}{'+' if least else '*'}")


def _length(text: str, place: str, least: int, most: int) -> Iterator[str]:
    if len(text) < least:
        yield _said(text, place, f"have length greater than or equal to {least}")
    if len(text) > most:
        yield _said(text, place, f"have length less than or equal to {most}")


def _said(value: str | None, place: str, must: str) -> str:
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{place}' failed to satisfy constraint: Member must {must}"
