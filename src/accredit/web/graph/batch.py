"""JSON batching: up to twenty calls in one, each judged as if it had come alone.

Rule 1: a batch grants nothing: every part has its own request id, is authorised anew, and leaves its own records.
Rule 2: parts run one after another, those that another one waits for first. A part whose dependency failed is not run.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, NoReturn
from urllib.parse import unquote, urlsplit

import msgspec

from accredit.errors import BATCH_DEPENDENCY, BATCH_INVALID, Refused
from accredit.query import fold
from accredit.web.graph.answers import Answer
from accredit.web.graph.parts import Part
from accredit.web.graph.route import Route

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from accredit.web.graph.call import Call
    from accredit.web.graph.parts import Told

MOST: Final = 20  # parts
LONGEST_QUERIES: Final = 16_384  # characters of the queries of all parts together
LONGEST_ID: Final = 256  # characters
SEGMENT: Final = "$batch"
_FAILED: Final = 400


async def run(call: Call) -> Answer:
    """Run every part whose dependencies succeeded, and answer all of them, in the order in which they were sent."""
    parts = read(call.body)
    told: dict[str, Told] = {}
    for each in ordered(parts):
        await asyncio.sleep(0)  # others, too, have something to do
        failed = any(told[other].status >= _FAILED for other in each.depends_on)
        told[each.id] = await call.alone(each, Refused(BATCH_DEPENDENCY) if failed else None)
    return Answer(200, {"responses": [told[each.id].written(each) for each in parts]})


def read(body: Mapping[str, Any]) -> tuple[Part, ...]:
    """Read the parts of a batch. BATCH_INVALID with the reason."""
    found = body.get("requests")
    if not isinstance(found, list) or not found:
        _refuse("requests is not a list of one part and more")
    if len(found) > MOST:
        _refuse(f"{len(found)} parts, and {MOST} are the most")
    try:
        parts = msgspec.convert([_said(each) for each in found], tuple[Part, ...])
    except msgspec.ValidationError as error:
        _refuse(str(error))
    ids = {each.id for each in parts}
    if len(ids) != len(parts):
        _refuse("two parts have one id")
    if (asked := sum(len(each.query) for each in parts)) > LONGEST_QUERIES:
        _refuse(f"its queries have {asked} characters, and {LONGEST_QUERIES} are the most")
    for each in parts:
        _refuse_part(each)
        if strange := set(each.depends_on) - ids:
            _refuse(f"the part {each.id} depends on {min(strange)}, which is no part of the batch")
    return parts


def ordered(parts: Sequence[Part]) -> list[Part]:
    """Return the parts in the order in which they run. BATCH_INVALID when two wait for each other."""
    waiting, done = list(parts), list[Part]()
    while waiting:
        ready = next((each for each in waiting if {one.id for one in done} >= set(each.depends_on)), None)
        if ready is None:
            _refuse(f"the part {waiting[0].id} waits for itself")
        waiting.remove(ready)
        done.append(ready)
    return done


def _said(part: object) -> object:
    """Return a part without members that are null, which some programs write for those that they leave out."""
    return {name: value for name, value in part.items() if value is not None} if isinstance(part, dict) else part


def _refuse_part(part: Part) -> None:
    if not 0 < len(part.id) <= LONGEST_ID:
        _refuse(f"an id has 1 to {LONGEST_ID} characters")
    if not part.path or part.url.startswith("//") or _absolute(part.url):
        _refuse(f"the url of the part {part.id} is not relative to the version")
    if fold(unquote(part.path).partition("/")[0]) == SEGMENT:
        _refuse(f"the part {part.id} is a batch itself")


def _absolute(url: str) -> bool:
    try:
        found = urlsplit(url)
    except ValueError:
        return True
    return bool(found.scheme or found.netloc)


def _refuse(reason: str) -> NoReturn:
    raise Refused(BATCH_INVALID, reason=reason)


ROUTES: Final = (Route("POST", SEGMENT, run, asked=False),)
