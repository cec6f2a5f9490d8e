"""Test issuers, one for every dialect and instance. A token is filled, overridden, made wrong and then signed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final

import msgspec

from accredit.errors import DIALECT_UNKNOWN, INPUT_INVALID, NOT_FOUND, Refused
from accredit.testidp.dialect import dialects
from accredit.testidp.draft import Draft, write
from accredit.testidp.faults import fault
from accredit.testidp.filling import ALGORITHM, LIFETIME, MAX_LIFETIME, Dialect, Given, Offset
from accredit.testidp.near import meant
from accredit.testidp.outages import outage
from accredit.testidp.platforms import Platform, Platforms
from accredit.testidp.wire import shaped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from accredit.ports import Clock, Ids
    from accredit.testidp.filling import Filled
    from accredit.testidp.impostors import Impostors

MOST_FAULTS: Final = 20  # of one token


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

    @property
    def lives(self) -> int | None:
        """Seconds from ``iat`` to ``exp``; ``None`` where it does not say both in whole numbers."""
        iat, exp = self.claims.get("iat"), self.claims.get("exp")
        return exp - iat if isinstance(exp, int) and isinstance(iat, int) else None


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
        self._all = Platforms(base, None if data is None else data / "testidp", issuers or {})
        self.impostors: Impostors | None = None  # who answer over TLS as nobody should, where there are some

    @property
    def platforms(self) -> Mapping[str, Platform]:
        """The issuer of every dialect, by its name."""
        return self._all.default

    @property
    def real_issuers(self) -> Mapping[str, str]:
        """Issuer strings that are not where we answer, each with the address that answers for it.

        It grows when parameters make further issuers: an account's, a cluster's.
        """
        return self._all.answers({})

    def answers(self, others: Mapping[str, str]) -> Mapping[str, str]:
        """Return ``real_issuers``, with others before them."""
        return self._all.answers(others)

    def platform(self, name: str, instance: str | None = None) -> Platform:
        """Find an issuer by its dialect's name or alias, and its instance. ``DIALECT_UNKNOWN``, ``INPUT_INVALID``."""
        return self._all.find(name, instance)

    def locate(self, path: str) -> tuple[Platform, str]:
        """Return the issuer that answers at ``/idp/{dialect}[/{instance}]/…``, and the rest of the path. ``NOT_FOUND``.

        The rest begins with a slash. A part that is no instance's name belongs to the rest.
        """
        return self._all.locate(path)

    def key_set(self, path: str) -> bytes:
        """Return the honest key set that an issuer has at a path below ``/idp``. ``NOT_FOUND``."""
        found, rest = self.locate(path)
        if rest != found.dialect.jwks_path:
            raise Refused(NOT_FOUND)
        return write({"keys": [key.jwk for key in found.keyring.published(found.default_algorithm)]})

    @property
    def wrong(self) -> Sequence[Platform]:
        """The issuers whose documents are wrong now."""
        return [each for each in self._all if each.wrong is not None]

    def heal(self) -> None:
        """Make every issuer's documents right again."""
        for each in self._all:
            each.outage = None

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
        try:
            token = draft.compact()
        except ValueError as error:  # what one fault wrote the other cannot read
            reason = "these faults cannot be made of one token, in this order"
            raise Refused(INPUT_INVALID, what="faults", reason=reason) from error
        except TypeError as error:  # from Python anything may come
            raise Refused(INPUT_INVALID, what="a claim or a member of the header", reason=str(error)) from error
        return Minted(token, draft.header, draft.claims)

    def _draft(self, wanted: MintRequest, found: Platform) -> Draft:
        now = int(self.clock().timestamp())
        params = dict(wanted.params)
        asked = params.pop(LIFETIME, None)
        said = None if found.issuer == found.dialect.issuer else found.issuer
        filled = found.dialect.fill(params, Given(found.address, str(self._ids.object()), now, said))
        lifetime = _lifetime(asked, filled)
        offsets = {**filled.shape.times, **wanted.times}
        if "exp" not in offsets or (asked is not None and "exp" not in wanted.times):
            offsets["exp"] = _seconds(offsets.get("iat")) + lifetime
        dates = {name: now + offset for name, offset in offsets.items() if isinstance(offset, int)}
        signer = self._all.of_issuer(str(filled.values["issuer"]), found)
        key = signer.keyring.signing(filled.algorithm)
        header = {**filled.header, "alg": key.algorithm} | ({"kid": key.kid} if filled.shape.kid else {})
        claims = {**filled.claims, **dates}
        return Draft(signer.address, signer.keyring, key, now, filled.values, header, claims, key.sign)


def _sampled(wanted: MintRequest, name: str, dialect: Dialect) -> MintRequest:
    """Return the request that a sample stands for, changed by what was asked for beside it."""
    sample = dialect.sample(name)
    chosen = {} if sample.algorithm is None else {ALGORITHM: sample.algorithm}
    times = {date: None if offset == "none" else offset for date, offset in sample.times.items()}
    if wanted.params.get(LIFETIME) is not None:
        times.pop("exp", None)
    return msgspec.structs.replace(
        wanted,
        params={**chosen, **sample.params, **wanted.params},
        overrides={**sample.overrides, **wanted.overrides},
        header={**sample.header, **wanted.header},
        times={**times, **wanted.times},
    )


def _read(request: Mapping[str, object]) -> MintRequest:
    if "dialect" not in request:
        raise Refused(DIALECT_UNKNOWN, name="(none given)", meant=meant("", dialects()))
    wanted = shaped(request, MintRequest)
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
    if isinstance(value, str) and re.fullmatch("[0-9]{1,9}", value):
        value = int(value)  # of a command line
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= MAX_LIFETIME:
        reason = f"it must be a whole number of seconds, 1 to {MAX_LIFETIME}"
        raise Refused(INPUT_INVALID, what="params.lifetime", reason=reason)
    return value
