"""Issuers that differ from a known platform's in nothing that people see."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from accredit.trust import presets
from accredit.trust.credential import discovery_suffix

if TYPE_CHECKING:
    from collections.abc import Iterator

_HTTPS: Final = 443


def meant(issuer: str) -> str:
    """Return the issuer of a known platform that differs in nothing that people see; empty if there is none."""
    base = issuer.removesuffix(discovery_suffix(issuer))
    found = [(each, known) for each in _variants(base) if each != issuer and (known := presets.recognise(each))]
    if presets.recognise(issuer) is not None:  # whose it may be, unless the platform has one that is almost the same
        found = [(each, known) for each, known in found if each in known.issuer.canonical]
    canonical = [each for each, known in found if each in known.issuer.canonical]
    return next(iter(canonical or [each for each, _ in found]), "")


def _variants(base: str) -> Iterator[str]:
    """Yield the issuer with the usual mistakes undone, the fewest first."""
    try:
        parts = urlsplit(base)
        port = parts.port
    except ValueError:
        return
    if parts.scheme.lower() not in {"http", "https"} or not parts.hostname or parts.username is not None:
        return
    host = parts.hostname if port in {None, _HTTPS} else f"{parts.hostname}:{port}"
    for lower, slash in product((False, True), ("as it is", "without", "with")):
        path = parts.path.lower() if lower else parts.path
        ends = {"as it is": path, "without": path.rstrip("/"), "with": path.rstrip("/") + "/"}
        yield f"https://{host}{ends[slash]}"
