"""Test issuers, one for every dialect and instance. A token is filled, overridden, made wrong and signed, in this order.

Rule 1: an instance of a dialect is an issuer of its own: another address, another issuer string, other keys.
Rule 2: nothing is made before it is asked for: a key of RS256 takes some 60 ms.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final

import msgspec

from accredit.errors import DIALECT_UNKNOWN, INPUT_INVALID, NOT_FOUND, Refused
from accredit.testidp.dialect import ALGORITHM, LIFETIME, MAX_LIFETIME, Dialect, Given, Offset, dialects, find, known
from accredit.testidp.draft import Draft
from accredit.testidp.faults import fault
from accredit.testidp.keys import Keyring
from accredit.testidp.outages import Outage, outage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from accredit.ports import Clock, Ids
    from accredit.testidp.dialect import Filled

MOST_FAULTS: Final = 20  # of one token
MOST_INSTANCES: Final = 1_000  # of all dialects: whoever asks for an address makes one
DEFAULT_INSTANCE: Final = "default"
ROOT: Final = "/idp"
# First parts of addresses below an issuer's that are the platform's, and so never the name of an instance.
RESERVED: Final = frozenset(
    {"api", "apis", "cdn-cgi", "jwks", "keys", "metadata", "ng", "oauth", "oauth2", "openid", "protocol", "token"}
    | {"v1", "v2"}
)
_INSTANCE: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


class MintRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a token shall look like. Null as an override makes a claim null; null as a parameter removes it.

    A ``sample`` is a request that the dialect knows by name; what is asked for beside it wins.
    """

    dialect: str
    params: dict[str, object] = {}
    overrides: dict[str, object] = {}
    header: dict[str, object] = {}
    faults: tuple[str, ...] = ()
    times: dict[str, int | None] = {}  # seconds from now, in place of the dialect's; null leaves the date out
    sample: str | None = None
    instance: str | None = None


@dataclass(frozen=True, slots=True)
class Minted:
    """A token, and what it claims (before it was written: faults of the writing are not in ``claims``)."""

    token: str = field(repr=False)
    header: Mapping[str, object]
    claims: Mapping[str, object]


@dataclass(slots=True)
class Platform:
    """One issuer: a dialect at an address, with keys of its own."""

    dialect: Dialect
    issuer: str  # what its tokens and its discovery document say when no parameter says otherwise
    address: str  # where it answers
    keyring: Keyring
    outage: Outage | None = None
    instance: str = DEFAULT_INSTANCE

    @property
    def default_algorithm(self) -> str:
        return self.dialect.algorithms[0]


class TestIssuer:
    """All test issuers of one emulator, below ``{base}/idp``.

    ``data`` is the emulator's data folder; without it keys live as long as this object. ``issuers`` replaces the issuer
    string of dialects by name.
    """

    __test__: ClassVar = False  # a test runner must not take it for a test

    def __init__(
        self, base: str, *, clock: Clock, ids: Ids, data: Path | None = None, issuers: Mapping[str, str] | None = None
    ) -> None:
        self.clock = clock
        self._ids = ids
        self._base = base
        self._folder = None if data is None else data / "testidp"
        self._instances: dict[tuple[str, str], Platform] = {}
        self.platforms: Mapping[str, Platform] = {
            name: self._made(found, (issuers or {}).get(name) or found.issuer) for name, found in dialects().items()
        }

    def _made(self, dialect: Dialect, issuer: str, instance: str = "") -> Platform:
        address = f"{self._base}{ROOT}/{dialect.name}" + (instance and f"/{instance}")
        keyring = Keyring(dialect.name + (instance and f".{instance}"), self._folder)
        return Platform(dialect, issuer or address, address, keyring, instance=instance or DEFAULT_INSTANCE)

    @property
    def real_issuers(self) -> Mapping[str, str]:
        """Issuer strings that are not where we answer, each with the address that answers for it."""
        return {each.issuer: each.address for each in self.platforms.values() if each.issuer != each.address}

    def platform(self, name: str, instance: str | None = None) -> Platform:
        """Find an issuer by its dialect's name or alias, and its instance. ``DIALECT_UNKNOWN``, ``INPUT_INVALID``."""
        dialect = find(name)
        if instance is None or instance == DEFAULT_INSTANCE:
            return self.platforms[dialect.name]
        found = self._instances.get((dialect.name, instance))
        if found is None:
            self._refuse_instance(instance)
            found = self._instances.setdefault((dialect.name, instance), self._made(dialect, "", instance))
        return found

    def locate(self, path: str) -> tuple[Platform, str]:
        """Return the issuer that answers at ``/idp/{dialect}[/{instance}]/…``, and the rest of the path. ``NOT_FOUND``.

        The rest begins with a slash. A part that is no instance's name belongs to the rest.
        """
        name, _, rest = path.removeprefix(ROOT).removeprefix("/").partition("/")
        if not known(name):
            raise Refused(NOT_FOUND)
        instance, slash, below = rest.partition("/")
        if not slash or not _named(instance):
            return self.platform(name), f"/{rest}"
        return self.platform(name, instance), f"/{below}"

    def rotate(self, name: str, *, keep_previous: bool = True, instance: str | None = None) -> None:
        """Let new keys sign; the previous ones are published until the next time, or dropped at once."""
        found = self.platform(name, instance)
        found.keyring.rotate(found.default_algorithm, keep_previous=keep_previous)

    def down(self, name: str, mode: str | None, *, instance: str | None = None) -> None:
        """Make an issuer's documents wrong in a named way, or right again."""
        self.platform(name, instance).outage = None if mode is None else outage(mode)

    def mint(self, request: Mapping[str, object]) -> Minted:
        """Make a token as ``MintRequest`` describes it.

        Raises ``Refused``: ``INPUT_INVALID``, ``DIALECT_UNKNOWN``, ``FAULT_UNKNOWN``, each naming what is wrong.
        """
        wanted = _read(request)
        found = self.platform(wanted.dialect, wanted.instance)
        faults = [fault(name) for name in wanted.faults]
        if wanted.sample is not None:
            wanted = _sampled(wanted, wanted.sample, found.dialect)
        draft = self._draft(wanted, found)
        draft.claims.update(wanted.overrides)
        draft.header.update(wanted.header)
        for each in faults:
            each.apply(draft)
        return Minted(draft.compact(), draft.header, draft.claims)

    def _draft(self, wanted: MintRequest, found: Platform) -> Draft:
        now = int(self.clock().timestamp())
        params = dict(wanted.params)
        asked = params.pop(LIFETIME, None)
        given = Given(found.address, str(self._ids.object()), now, self._fixed(found))
        filled = found.dialect.fill(params, given)
        lifetime = _lifetime(asked, filled)
        offsets = {**filled.shape.times, **wanted.times}
        if "exp" not in offsets or (asked is not None and "exp" not in wanted.times):
            offsets["exp"] = _seconds(offsets.get("iat")) + lifetime
        dates = {name: now + offset for name, offset in offsets.items() if isinstance(offset, int)}
        key = found.keyring.signing(filled.algorithm)
        header = {**filled.header, "alg": key.algorithm} | ({"kid": key.kid} if filled.shape.kid else {})
        claims = {**filled.claims, **dates}
        return Draft(found.address, found.keyring, key, now, filled.values, header, claims, key.sign)

    @staticmethod
    def _fixed(found: Platform) -> str | None:
        """The issuer string that was said for a platform, where it is not what its parameters make of it."""
        return None if found.issuer == found.dialect.issuer else found.issuer

    def _refuse_instance(self, instance: str) -> None:
        if not _named(instance):
            reason = "it must be 1 to 63 lower case letters, digits and inner hyphens, and no part of a platform's address"
            raise Refused(INPUT_INVALID, what="instance", reason=reason)
        if len(self._instances) >= MOST_INSTANCES:
            raise Refused(INPUT_INVALID, what="instance", reason=f"there are {MOST_INSTANCES} instances already")


def _named(instance: str) -> bool:
    return bool(_INSTANCE.fullmatch(instance)) and instance not in RESERVED


def _sampled(wanted: MintRequest, name: str, dialect: Dialect) -> MintRequest:
    """Return the request that a sample stands for, changed by what was asked for beside it."""
    sample = dialect.sample(name)
    chosen = {} if sample.algorithm is None else {ALGORITHM: sample.algorithm}
    times = {date: None if offset == "none" else offset for date, offset in sample.times.items()}
    return msgspec.structs.replace(
        wanted,
        params={**chosen, **sample.params, **wanted.params},
        overrides={**sample.overrides, **wanted.overrides},
        header={**sample.header, **wanted.header},
        times={**times, **wanted.times},
    )


def _read(request: Mapping[str, object]) -> MintRequest:
    if "dialect" not in request:
        raise Refused(DIALECT_UNKNOWN, name="(none given)", known=", ".join(dialects()))
    try:
        wanted = msgspec.convert(request, MintRequest)
    except msgspec.ValidationError as error:
        raise Refused(INPUT_INVALID, what="the request", reason=str(error)) from error
    if len(wanted.faults) > MOST_FAULTS:
        raise Refused(INPUT_INVALID, what="faults", reason=f"more than {MOST_FAULTS}")
    for name, offset in wanted.times.items():
        if name not in ("iat", "nbf", "exp") or abs(offset or 0) > MAX_LIFETIME:
            reason = f"it must be iat, nbf or exp, with at most {MAX_LIFETIME} seconds from now, or null"
            raise Refused(INPUT_INVALID, what=f"times.{name}", reason=reason)
    return wanted


def _seconds(offset: Offset | None) -> int:
    return offset if isinstance(offset, int) else 0


def _lifetime(value: object, filled: Filled) -> int:
    """Seconds from iat to exp."""
    if value is None:
        return filled.shape.lifetime
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= MAX_LIFETIME:
        reason = f"it must be a whole number of seconds, 1 to {MAX_LIFETIME}"
        raise Refused(INPUT_INVALID, what="params.lifetime", reason=reason)
    return value
