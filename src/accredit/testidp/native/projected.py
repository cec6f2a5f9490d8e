"""A projected token as the kubelet keeps it in a volume: a file that is another one before it is too old.

Rule 1: it is replaced when four fifths of its life are over, and after a day at the latest.
Rule 2: nobody reads a half of it, or nothing: the folder of a new one is written whole, one symbolic link is renamed to
it, and the folder before it stays until the next one, for whoever is on his way into it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from accredit.testidp.native.kubernetes import TOKEN

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from accredit.ports import Clock

Fetch = Callable[[], tuple[str, Mapping[str, object]]]
"""Returns a token, and what it claims."""

OF_LIFE: Final = 0.8
OLDEST: Final = 86_400.0  # seconds
_DATA: Final = "..data"


class Projected:
    """A folder with one token in it. ``newline``: whether a line feed is behind it, as some writers have it."""

    def __init__(self, folder: Path, fetch: Fetch, clock: Clock, *, name: str = TOKEN, newline: bool = False) -> None:
        self.path = folder / name
        self._folder = folder
        self._fetch = fetch
        self._clock = clock
        self._ending = "\n" if newline else ""
        self._due = 0.0  # seconds since 1970

    def keep(self) -> float:
        """Write a token if it is time to; return the seconds until it is time again."""
        now = self._clock()
        if now.timestamp() >= self._due:
            token, claims = self._fetch()
            self._write(token + self._ending, now)
            self._due = now.timestamp() + _good_for(claims)
        return self._due - now.timestamp()

    def _write(self, content: str, now: datetime) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        data, before = self._folder / _DATA, self._last()
        older = [each for each in self._folder.glob("..[0-9]*") if each != before and not each.is_symlink()]
        made = self._free(f"..{now:%Y_%m_%d_%H_%M_%S}.{now.microsecond:06d}")
        made.mkdir(mode=0o700)
        file = made / self.path.name
        file.touch(mode=0o600)
        file.write_text(content, encoding="utf-8")
        link = self._folder / f"{_DATA}_tmp"
        link.unlink(missing_ok=True)
        link.symlink_to(made.name)
        link.replace(data)
        if not self.path.is_symlink():
            self.path.unlink(missing_ok=True)
            self.path.symlink_to(f"{_DATA}/{self.path.name}")
        for each in older:
            shutil.rmtree(each)

    def _last(self) -> Path | None:
        """Return the folder of the token so far."""
        data = self._folder / _DATA
        return self._folder / data.readlink() if data.is_symlink() else None

    def _free(self, name: str) -> Path:
        """Return a folder that does not exist yet: a clock may stand still."""
        number = 0
        while (found := self._folder / (f"{name}.{number}" if number else name)).exists():
            number += 1
        return found


def _good_for(claims: Mapping[str, object]) -> float:
    """Return the seconds after which a token is replaced. What it says to be warned of counts, not what it may live."""
    exp, iat = claims.get("exp"), claims.get("iat")
    said = claims.get("kubernetes.io")
    warned = said.get("warnafter") if isinstance(said, dict) else None
    until = warned if isinstance(warned, int) else exp
    if not isinstance(until, int) or not isinstance(iat, int) or until <= iat:
        return OLDEST
    return min((until - iat) * OF_LIFE, OLDEST)
