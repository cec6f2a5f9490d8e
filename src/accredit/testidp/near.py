"""What somebody may have meant who named what there is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def meant(name: str, known: Iterable[str], *also: str) -> str:
    """Return the names that are near to ``name`` as a question; where none is, all that are ``known``.

    ``also``: other names of them, which are not listed.
    """
    from difflib import get_close_matches  # noqa: PLC0415  only somebody who mistyped pays for it

    names = list(known)
    near = get_close_matches(name.lower().replace("-", "_"), [*names, *also], 3, 0.6)
    return f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(names) or 'none'}"
