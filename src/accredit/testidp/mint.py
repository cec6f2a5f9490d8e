"""Test issuers, one for every dialect. A token is filled, overridden, made wrong and signed, in this order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final

import msgspec

from accredit.errors import DIALECT_UNKNOWN, INPUT_INVALID, Refused
from accredit.testidp.dialect import MAX_LIFETIME, Dialect, dialects, find
from accredit.testidp.draft import Draft
from accredit.testidp.faults import fault
from accredit.testidp.keys import Keyring
from accredit.testidp.outages import Outage, outage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from accredit.ports import Clock, Ids

MOST_FAULTS: Final = 20  # of one token


class MintRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a token shall look like. Null as an override makes a claim null; null as a parameter removes it."""

    dialect: str
    params: dict[str, object] = {}
    overrides: dict[str, object] = {}
    header: dict[str, object] = {}
    faults: tuple[str, ...] = ()
    times: dict[str, int | None] = {}  # seconds from now, in place of the dialect's; null leaves the date out


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
    issuer: str  # what its tokens and its discovery document say
    address: str  # where it answers
    keyring: Keyring
    outage: Outage | None = None

    @property
    def default_algorithm(self) -> str:
        return self.dialect.algorithms[0]


class TestIssuer:
    """All test issuers of one emulator, below ``{base}/idp``.

    ``data`` is the emulator's data folder; without it keys live as long as this object. ``issuers`` replaces the issuer
    string of dialects by name. Nothing is made before it is asked for: a key of RS256 takes some 60 ms.
    """

    __test__: ClassVar = False  # a test runner must not take it for a test

    def __init__(
        self, base: str, *, clock: Clock, ids: Ids, data: Path | None = None, issuers: Mapping[str, str] | None = None
    ) -> None:
        self.clock = clock
        self._ids = ids
        folder = None if data is None else data / "testidp"
        self.platforms: Mapping[str, Platform] = {
            name: Platform(
                found,
                (issuers or {}).get(name) or found.issuer or f"{base}/idp/{name}",
                f"{base}/idp/{name}",
                Keyring(name, folder),
            )
            for name, found in dialects().items()
        }

    @property
    def real_issuers(self) -> Mapping[str, str]:
        """Issuer strings that are not where we answer, each with the address that answers for it."""
        return {each.issuer: each.address for each in self.platforms.values() if each.issuer != each.address}

    def platform(self, name: str) -> Platform:
        """Find an issuer by its dialect's name or alias. ``DIALECT_UNKNOWN``."""
        return self.platforms[find(name).name]

    def rotate(self, name: str, *, keep_previous: bool = True) -> None:
        """Let new keys sign; the previous ones are published until the next time, or dropped at once."""
        found = self.platform(name)
        found.keyring.rotate(found.default_algorithm, keep_previous=keep_previous)

    def down(self, name: str, mode: str | None) -> None:
        """Make an issuer's documents wrong in a named way, or right again."""
        self.platform(name).outage = None if mode is None else outage(mode)

    def mint(self, request: Mapping[str, object]) -> Minted:
        """Make a token as ``MintRequest`` describes it.

        Raises ``Refused``: ``INPUT_INVALID``, ``DIALECT_UNKNOWN``, ``FAULT_UNKNOWN``, each naming what is wrong.
        """
        wanted = _read(request)
        found = self.platform(wanted.dialect)
        faults = [fault(name) for name in wanted.faults]
        draft = self._draft(wanted, found)
        draft.claims.update(wanted.overrides)
        draft.header.update(wanted.header)
        for each in faults:
            each.apply(draft)
        return Minted(draft.compact(), draft.header, draft.claims)

    def _draft(self, wanted: MintRequest, found: Platform) -> Draft:
        given = {"issuer": found.issuer, "jti": str(self._ids.object())}
        params = dict(wanted.params)
        lifetime = _lifetime(params.pop("lifetime", None), found.dialect)
        values, claims = found.dialect.fill(params, given)
        now = int(self.clock().timestamp())
        offsets: dict[str, int | None] = {**found.dialect.times, **wanted.times}
        offsets.setdefault("exp", (offsets.get("iat") or 0) + lifetime)
        claims.update({name: now + offset for name, offset in offsets.items() if offset is not None})
        key = found.keyring.signing(str(values.get("algorithm", found.default_algorithm)))
        header: dict[str, object] = {**found.dialect.header, "alg": key.algorithm, "kid": key.kid}
        return Draft(found.address, found.keyring, key, now, values, header, claims, key.sign)


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


def _lifetime(value: object, dialect: Dialect) -> int:
    """Seconds from iat to exp."""
    if value is None:
        return dialect.lifetime
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= MAX_LIFETIME:
        reason = f"it must be a whole number of seconds, 1 to {MAX_LIFETIME}"
        raise Refused(INPUT_INVALID, what="params.lifetime", reason=reason)
    return value
