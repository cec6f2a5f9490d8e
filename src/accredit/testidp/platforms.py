"""The issuers of one emulator: those of the dialects, their instances, and the issuers that parameters made.

Rule 1: an instance of a dialect is an issuer of its own: another address, another issuer string, other keys.
Rule 2: an issuer string has one address and one set of keys, whoever signs in its name: the first that did so.
Rule 3: nothing is made before it is asked for: a key of RS256 takes some 60 ms.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from accredit.errors import INPUT_INVALID, NOT_FOUND, Refused
from accredit.testidp.dialect import dialects, entries, find, known
from accredit.testidp.keys import Keyring

if TYPE_CHECKING:
    from pathlib import Path

    from accredit.testidp.dialect import Dialect
    from accredit.testidp.outages import Outage

MOST_INSTANCES: Final = 1_000  # of all dialects: whoever asks for an address makes one
DEFAULT_INSTANCE: Final = "default"
ROOT: Final = "/idp"
# First parts of addresses below an issuer's that are the platform's, and so never the name of an instance.
RESERVED: Final = frozenset(
    {"api", "apis", "cdn-cgi", "discovery", "jwks", "keys", "metadata", "ng", "oauth", "oauth2", "openid", "protocol"}
    | {"msi", "token", "v1", "v2"}
)
_INSTANCE: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(slots=True)
class Platform:
    """One issuer: a dialect at an address, with its keys."""

    dialect: Dialect
    issuer: str  # what its tokens and its discovery document say when no parameter says otherwise
    address: str  # where it answers
    keyring: Keyring
    instance: str = DEFAULT_INSTANCE
    whole: Platform | None = None  # of which this one is another name, with the same keys and outages
    wrong: Outage | None = None

    @property
    def default_algorithm(self) -> str:
        return self.dialect.algorithms[0]

    @property
    def outage(self) -> Outage | None:
        """How its documents are wrong."""
        return self.wrong if self.whole is None else self.whole.outage

    @outage.setter
    def outage(self, outage: Outage | None) -> None:
        self.wrong = outage
        if self.whole is not None:
            self.whole.outage = outage


class Platforms:
    """All issuers below ``{base}/idp``. ``said``: issuer strings in place of those of dialects, by name."""

    def __init__(self, base: str, folder: Path | None, said: Mapping[str, str]) -> None:
        self._base = base
        self._folder = folder
        self._instances: dict[tuple[str, str], Platform] = {}
        self._named: dict[str, Platform] = {}  # issuers that parameters and instances made
        addresses = {name: f"{base}{ROOT}/{name}" for name in entries()}
        issuers = {name: said.get(name) or each.issuer or addresses[name] for name, each in entries().items()}
        self.default = Defaults(lambda name: self._made(dialects()[name], issuers[name]))
        self._speaking = {issuer: name for name, issuer in reversed(issuers.items())}  # of several the first
        self._elsewhere = {issuers[name]: at for name, at in addresses.items() if issuers[name] != at}

    def __iter__(self) -> Iterator[Platform]:
        return iter((*self.default.made.values(), *self._instances.values()))

    def find(self, name: str, instance: str | None = None) -> Platform:
        """Find an issuer by its dialect's name or alias, and its instance. ``DIALECT_UNKNOWN``, ``INPUT_INVALID``."""
        dialect = find(name)
        if instance is None or instance == DEFAULT_INSTANCE:
            return self.default[dialect.name]
        found = self._instances.get((dialect.name, instance))
        if found is not None:
            return found
        if not names_an_instance(instance):
            reason = (
                "it must be 1 to 63 lower case letters, digits and inner hyphens, and no part of a platform's paths"
            )
            raise Refused(INPUT_INVALID, what="instance", reason=reason)
        made = self._kept(self._made(dialect, "", instance))
        self._named[made.issuer] = made
        return made

    def locate(self, path: str) -> tuple[Platform, str]:
        """Return the issuer that answers at ``/idp/{dialect}[/{instance}]/…``, and the rest of the path. ``NOT_FOUND``.

        The rest begins with a slash. A part that is no instance's name belongs to the rest.
        """
        name, _, rest = path.removeprefix(ROOT).removeprefix("/").partition("/")
        if not known(name):
            raise Refused(NOT_FOUND)
        instance, slash, below = rest.partition("/")
        if not slash or not names_an_instance(instance):
            return self.find(name), f"/{rest}"
        return self.find(name, instance), f"/{below}"

    def of_issuer(self, issuer: str, signer: Platform) -> Platform:
        """Return who answers for an issuer string; nobody did so far: ``signer``, at an address of its own.

        ``INPUT_INVALID`` when there are too many.
        """
        if issuer in self._speaking:
            return self.default[self._speaking[issuer]]
        found = self._named.get(issuer)
        if found is None:
            address_of = f"i-{sha256(issuer.encode()).hexdigest()[:12]}"  # the same after a restart
            made = self._made(signer.dialect, issuer, address_of)
            made.keyring, made.whole = signer.keyring, signer
            found = self._named[issuer] = self._kept(made)
        return found

    def answers(self, others: Mapping[str, str]) -> Mapping[str, str]:
        """Return issuer strings that are not where we answer, each with the address that answers for it. It grows.

        ``others`` answer first.
        """
        return Answers(self._elsewhere, self._named, others)

    def _made(self, dialect: Dialect, issuer: str, instance: str = "") -> Platform:
        address = f"{self._base}{ROOT}/{dialect.name}" + (instance and f"/{instance}")
        keyring = Keyring(dialect.name + (instance and f".{instance}"), self._folder)
        return Platform(dialect, issuer or address, address, keyring, instance or DEFAULT_INSTANCE)

    def _kept(self, made: Platform) -> Platform:
        if len(self._instances) >= MOST_INSTANCES:
            raise Refused(INPUT_INVALID, what="instance", reason=f"there are {MOST_INSTANCES} instances already")
        self._instances[made.dialect.name, made.instance] = made
        return made


class Defaults(Mapping[str, Platform]):
    """The issuer of every dialect, by its name; made when it is asked for."""

    def __init__(self, make: Callable[[str], Platform]) -> None:
        self.made: dict[str, Platform] = {}
        self._make = make

    def __getitem__(self, name: str) -> Platform:
        if name not in self.made:
            self.made.setdefault(name, self._make(name))
        return self.made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(entries())

    def __len__(self) -> int:
        return len(entries())


class Answers(Mapping[str, str]):
    """Who answers for whom, as it is when one asks."""

    def __init__(self, defaults: Mapping[str, str], named: Mapping[str, Platform], others: Mapping[str, str]) -> None:
        self._defaults = defaults
        self._named = named
        self._others = others

    def __getitem__(self, issuer: str) -> str:
        return self._now()[issuer]

    def __iter__(self) -> Iterator[str]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())

    def _now(self) -> Mapping[str, str]:
        named = {issuer: each.address for issuer, each in [*self._named.items()] if each.address != issuer}
        return {**named, **self._defaults, **self._others}


def names_an_instance(part: str) -> bool:
    """Whether a part of a path is the name of an instance, and not the platform's own."""
    return bool(_INSTANCE.fullmatch(part)) and part not in RESERVED
