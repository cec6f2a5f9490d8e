"""The usable keys of one issuer record, and which of them a token's header means.

Rule 1: a ``kid`` or a thumbprint selects among registered keys and is compared exactly; it is no path and no pattern.
Rule 2: why a key is not used is kept with its ``kid``: a token signed with it is refused for that reason.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.issuers.material import PublicKey  # noqa: TC004  nobody decodes a key, so msgspec never reads the annotation
    from accredit.issuers.record import KeyReference


class VerificationKey(msgspec.Struct, frozen=True, gc=False):
    """A key that passed every rule. ``algorithms`` are those it may verify for this issuer record."""

    kid: str | None
    kty: str
    alg: str | None  # as the key itself says
    thumbprint: str  # RFC 7638, SHA-256, base64url
    x5t: str | None
    x5t_s256: str | None
    public_key: PublicKey
    algorithms: tuple[str, ...]
    not_after: float | None = None  # seconds since the epoch; uploaded keys only


class Dropped(msgspec.Struct, frozen=True, gc=False):
    """A key that is not used, and the rule it breaks."""

    kid: str | None
    rule: str  # KP-01 ... KP-15
    reason: str

    @property
    def critical(self) -> bool:
        """Whether the issuer itself is in danger: its private key is published, or can be computed."""
        return self.rule in {"KP-04", "KP-11"}


class Noted(msgspec.Struct, frozen=True, gc=False):
    """Something odd that drops no key."""

    kid: str | None
    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class KeySet:
    """The usable keys of one issuer record, in document order."""

    keys: tuple[VerificationKey, ...]
    dropped: tuple[Dropped, ...] = ()
    noted: tuple[Noted, ...] = ()
    stale_for: float = field(default=0.0, compare=False)  # seconds since they ceased to be fresh; 0 while they are
    _by_kid: Mapping[str, tuple[VerificationKey, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_kid", {each.kid: (each,) for each in self.keys if each.kid is not None})

    def find(self, wanted: KeyReference) -> tuple[VerificationKey, ...]:
        """Return the keys that the header can mean; empty when they are not there.

        A ``kid`` means one key exactly, whatever its algorithm; else a thumbprint does. A header that names no key
        means every key that serves its algorithm.
        """
        if wanted.kid is not None:
            return self._by_kid.get(wanted.kid, ())
        if wanted.missing:
            return tuple(each for each in self.keys if wanted.alg in each.algorithms)
        return tuple(each for each in self.keys if _named(each, wanted))

    def dropped_as(self, wanted: KeyReference) -> Dropped | None:
        """Return why the key with the header's ``kid`` is not used, if the document has it."""
        if wanted.kid is None:
            return None
        return next((each for each in self.dropped if each.kid == wanted.kid), None)


EMPTY: Final = KeySet(())
"""No keys at hand."""


def _named(key: VerificationKey, wanted: KeyReference) -> bool:
    if wanted.x5t_s256 is not None:
        return key.x5t_s256 == wanted.x5t_s256
    return key.x5t == wanted.x5t
