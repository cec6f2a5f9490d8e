"""Where a form may lead: below the portal, and nowhere else (open redirects)."""

from __future__ import annotations

import re
from typing import Final

ROOT: Final = "/portal"
_PATH: Final = re.compile(
    rf"{ROOT}(?:/[A-Za-z0-9._~%:@!$&'()*+,;=-]+)*/?(?:\?[A-Za-z0-9._~%:@!$'()*+,;=/?&-]*)?", re.ASCII
)
_LONGEST: Final = 2_000  # characters


def own_path(wanted: str) -> str:
    """Return a path below the portal as it stands, with its query; the portal's first page for anything else."""
    if len(wanted) > _LONGEST or not _PATH.fullmatch(wanted) or ".." in wanted:
        return ROOT
    return wanted
