"""The path of a call: segments and keys, as OData writes them (Part 2: URL Conventions, section 4.3).

Rule 1: a slash inside a quoted key is part of the key, and so is one that is percent-encoded.
Rule 2: leading slashes are one, one trailing slash is none; both are what real clients send. Any other empty segment is
a key that its client forgot to fill in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import unquote

from accredit.directory import read_guid
from accredit.errors import GRAPH_PATH_UNKNOWN, SEGMENT_EMPTY, Refused
from accredit.web.graph.call import VERSIONS, Key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.web.graph.call import Version

LONGEST: Final = 2_048  # characters of a path, as it was sent
MOST: Final = 12  # segments and keys
_END: Final = "\0"  # stands for a slash that was sent as one, until quotes are looked at
_SEGMENT: Final = re.compile(
    r"(?P<name>[^\0('/]+)\((?:(?P<key>[A-Za-z]+)=)?'(?P<value>(?:[^']|'')*)'\)(?=\0|\Z)|(?P<plain>[^\0]*)", re.DOTALL
)

Segment: TypeAlias = str | Key


@dataclass(frozen=True, slots=True)
class Target:
    """What a call is about. A segment with a key in parentheses is two of ``segments``: its name, then the key."""

    version: Version
    segments: tuple[Segment, ...]
    path: str  # what stands after the version, as it was sent


def parse(raw: str) -> Target:
    """Read the path as it was sent, percent-encoded. 404 for what cannot be one, SEGMENT_EMPTY for a missing key."""
    first, _, rest = raw.lstrip("/").partition("/")
    version = next((each for each in VERSIONS if each == first.lower()), None)
    if version is None or len(raw) > LONGEST:
        raise Refused(GRAPH_PATH_UNKNOWN, segment=first)
    try:
        text = unquote(rest.replace("/", _END), errors="strict")
    except UnicodeDecodeError:
        raise Refused(GRAPH_PATH_UNKNOWN, segment=rest) from None
    if text.count(_END) != rest.count("/"):
        raise Refused(GRAPH_PATH_UNKNOWN, segment=rest)
    segments = tuple(_segments(text.lstrip(_END).removesuffix(_END)))
    if len(segments) > MOST:
        raise Refused(GRAPH_PATH_UNKNOWN, segment=segments[MOST])
    return Target(version, segments, rest.strip("/"))


def as_key(segment: Segment) -> Key:
    """Return what stands where a key does: one in parentheses, or a plain segment."""
    return segment if isinstance(segment, Key) else _key(None, segment)


def _segments(text: str) -> Iterator[Segment]:
    at, last = 0, ""
    while at <= len(text) and text:
        found = _SEGMENT.match(text, at)
        assert found is not None  # noqa: S101  the last alternative matches anything
        at = found.end() + 1
        name = found["plain"] if found["name"] is None else found["name"]
        if not name:
            raise Refused(SEGMENT_EMPTY, segment=last)
        last = name
        yield name
        if found["name"] is not None:
            value = found["value"].replace(_END, "/").replace("''", "'")
            if not value:
                raise Refused(SEGMENT_EMPTY, segment=name)
            yield _key(found["key"], value)


def _key(name: str | None, value: str) -> Key:
    return Key(name, value.lower() if read_guid(value) else value)
