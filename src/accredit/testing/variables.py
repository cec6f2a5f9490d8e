"""Environment variables for a while: what points unmodified clients at an authority, and what would mislead them.

Nothing is patched. What reads no variable is a TLS context that was made before: aiohttp makes its default one when it
is imported. Where that has happened, the authority's CA is added to it; that CA can only vouch for localhost.
"""

from __future__ import annotations

import os
import ssl
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

PROXIES: Final = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"})
_OTHERS: Final = ("AZURE_", "MSI_", "IDENTITY_")  # other credentials, other authorities
_ROOTS: Final = frozenset({"CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"})
_HERE: Final = ("localhost", "127.0.0.1", "::1")


class Variables(Mapping[str, str]):
    """Variables by name. As a context manager it sets them, takes misleading ones away, and puts all back."""

    def __init__(self, given: Mapping[str, str], *, without: Iterable[str] = (), ca_file: str = "") -> None:
        self._given = dict(given)
        self._without = tuple(without)
        self._ca_file = ca_file
        self._before: list[dict[str, str | None]] = []

    def __getitem__(self, name: str) -> str:
        return self._given[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._given)

    def __len__(self) -> int:
        return len(self._given)

    def __repr__(self) -> str:
        return f"Variables({', '.join(sorted(self._given))})"  # values may be secrets

    def __enter__(self) -> Self:
        changes: dict[str, str | None] = {**dict.fromkeys(self._without), **self._given}
        self._before.append({name: os.environ.get(name) for name in changes})
        _set(changes)
        if self._ca_file:
            _tell_aiohttp(self._ca_file)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _set(self._before.pop())

    def over(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Return another environment with these in it."""
        return {name: value for name, value in environment.items() if name not in self._without} | self._given


def misleading(environment: Mapping[str, str], *, roots: bool = True) -> list[str]:
    """Return the variables that would point clients elsewhere; ``roots``: those too that say which CAs are trusted."""
    return [
        name
        for name in environment
        if name.upper().startswith(_OTHERS) or name.upper() in PROXIES or (roots and name in _ROOTS)
    ]


def no_proxy(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what keeps clients from asking a proxy for this machine."""
    said = environment.get("NO_PROXY") or environment.get("no_proxy") or ""
    value = ",".join(dict.fromkeys([*filter(None, said.split(",")), *_HERE]))
    return {"NO_PROXY": value, "no_proxy": value}


def _set(changes: Mapping[str, str | None]) -> None:
    for name, value in changes.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _tell_aiohttp(ca_file: str) -> None:
    found = getattr(sys.modules.get("aiohttp.connector"), "_SSL_CONTEXT_VERIFIED", None)
    if isinstance(found, ssl.SSLContext):
        found.load_verify_locations(ca_file)
