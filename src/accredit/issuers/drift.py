"""What a fetch of an issuer's documents shows that it did not show before, and that somebody should look at.

Rule 1: two documents are compared as the record of today reads them: what an administrator changed is no drift.
Rule 2: the first documents of a record are the beginning; what they should never have shown is told of them, too.
Rule 3: a failure that lasts is told once, when it begins, and only of an issuer that was readable before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import msgspec

from accredit.errors import Refused
from accredit.issuers import discovery, jwks, keyhosts, url
from accredit.issuers.history import OK, read_keys
from accredit.issuers.keyset import EMPTY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from accredit.issuers.history import Before, Visited
    from accredit.issuers.keyset import KeySet, VerificationKey
    from accredit.issuers.record import Issuer

Level = Literal["info", "warn", "critical"]

UPLOAD_STALE: Final = "upload_stale"


class KindOfDrift(NamedTuple):
    """How grave a change is, and what it is in a sentence."""

    level: Level
    sentence: str


KINDS: Final[Mapping[str, KindOfDrift]] = {
    "key_added": KindOfDrift("info", "The issuer publishes a key that it did not publish before."),
    "key_removed": KindOfDrift("info", "The issuer does not publish a key any more; what it signed proves nothing."),
    "same_kid_new_key": KindOfDrift("critical", "A key id names another key than before."),
    "all_replaced": KindOfDrift("warn", "Not one of the keys is published that were before."),
    "alg_change": KindOfDrift("warn", "A key is for an algorithm that the record does not list; it is not used."),
    "jwks_host_change": KindOfDrift("critical", "Discovery names another host for the keys than before."),
    "issuer_mismatch": KindOfDrift("critical", "The discovery document is of another issuer; it is discarded."),
    "ca_failure": KindOfDrift("critical", "The certificate of the server is not accepted any more; nothing is read."),
    "shared_key": KindOfDrift("warn", "A key is published by another issuer of the tenant, too."),
    "private_key_published": KindOfDrift("critical", "A private key is published; the key is not used."),
    UPLOAD_STALE: KindOfDrift("warn", "Tokens name keys that the uploaded key set does not have; they are refused."),
}
_FAILURES: Final = {
    "certificate": "ca_failure",
    "issuer_mismatch": "issuer_mismatch",
    "jwks_host": "jwks_host_change",
    UPLOAD_STALE: UPLOAD_STALE,
}


class Drift(msgspec.Struct, frozen=True):
    """A change that is told, with the keys it concerns, and what was and is."""

    kind: str
    kids: tuple[str, ...] = ()
    before: str = ""
    after: str = ""

    @property
    def level(self) -> Level:
        """How grave it is."""
        return KINDS[self.kind].level


def result_of(step: str, issuer: Issuer, document: bytes | None) -> str:
    """Return in a word why a fetch failed. ``document``: the discovery document, if it was read."""
    said = None if document is None else _said(document)
    if said is None or step not in {"document", "url"}:
        return step
    if said.issuer != issuer.url:
        return "issuer_mismatch"
    host = _host(said.jwks_uri)
    return "jwks_host" if step == "url" and host and not keyhosts.allows(issuer, host) else step


def drifts(found: Visited, before: Before, shared: Mapping[str, tuple[str, ...]]) -> tuple[Drift, ...]:
    """Return what a fetch shows that should be told. ``shared``: other issuers that publish a key, by thumbprint."""
    if found.result == OK:
        return (*_moved(found, before), *_changed(found, before), *_shared(found, before, shared))
    if found.result == before.result:
        return ()
    told = list(_bad_keys(read_keys(found.body("jwks") or b"", found.issuer), before.keys(found.issuer) or EMPTY))
    if (kind := _FAILURES.get(found.result)) and (before.documents or kind == UPLOAD_STALE):
        was, now = _host_of(before.documents.get("discovery")), _host_of(found.body("discovery"))
        hosts = (was, now) if found.result == "jwks_host" else ("", found.reason)
        told.append(Drift(kind, (), *hosts))
    return tuple(told)


def _moved(found: Visited, before: Before) -> Iterable[Drift]:
    was, now = _host_of(before.documents.get("discovery")), _host_of(found.body("discovery"))
    return [Drift("jwks_host_change", (), was, now)] if was and now and was != now else []


def _changed(found: Visited, before: Before) -> Iterable[Drift]:
    """Tell what keys came and went."""
    was = before.keys(found.issuer)
    yield from _bad_keys(found.keys, was or EMPTY, first=was is None)
    if was is None or not found.issuer.fetches:  # an upload has a record of its own
        return
    old, new = _by_thumbprint(was), _by_thumbprint(found.keys)
    kids = {each.kid: each.thumbprint for each in was.keys if each.kid}
    other = [each for each in found.keys.keys if each.kid in kids and kids[each.kid] != each.thumbprint]
    if other:
        before_, after = (kids[each.kid or ""] for each in other), (each.thumbprint for each in other)
        yield Drift("same_kid_new_key", _kids(other), " ".join(before_), " ".join(after))
    if old and new and not old.keys() & new.keys():
        yield Drift("all_replaced", _kids(new.values()), " ".join(old), " ".join(new))
        return
    if added := [each for thumbprint, each in new.items() if thumbprint not in old]:
        yield Drift("key_added", _kids(added), "", " ".join(each.thumbprint for each in added))
    if gone := [each for thumbprint, each in old.items() if thumbprint not in new]:
        yield Drift("key_removed", _kids(gone), " ".join(each.thumbprint for each in gone))


def _bad_keys(found: KeySet, was: KeySet, *, first: bool = False) -> Iterable[Drift]:
    """Tell of keys that are not used, and were not there before."""
    known_ = {(each.kid, each.rule) for each in was.dropped}
    new = [each for each in found.dropped if (each.kid, each.rule) not in known_]
    for kind, kids, reasons in (
        ("private_key_published", [each.kid for each in new if each.rule == "KP-11"], _reasons(new, "KP-11")),
        (
            "alg_change",
            [each.kid for each in new if each.reason.endswith(jwks.NOT_LISTED) and not first],
            _reasons(new, "KP-09"),
        ),
        ("same_kid_new_key", [each.kid for each in new if each.rule == "KP-10" and each.kid], _reasons(new, "KP-10")),
    ):
        if kids:
            yield Drift(kind, tuple(each or "" for each in kids), "", reasons)


def _shared(found: Visited, before: Before, shared: Mapping[str, tuple[str, ...]]) -> Iterable[Drift]:
    was = _by_thumbprint(before.keys(found.issuer) or EMPTY)
    new = [each for each in found.keys.keys if each.thumbprint in shared and each.thumbprint not in was]
    if not new:
        return []
    others = dict.fromkeys(other for each in new for other in shared[each.thumbprint])
    return [Drift("shared_key", _kids(new), "", " ".join(others))]


def _by_thumbprint(of: KeySet) -> dict[str, VerificationKey]:
    return {each.thumbprint: each for each in of.keys}


def _kids(of: Iterable[VerificationKey]) -> tuple[str, ...]:
    return tuple(each.kid or "" for each in of)


def _reasons(dropped: Iterable[Any], rule: str) -> str:
    return "; ".join(dict.fromkeys(each.reason for each in dropped if each.rule == rule))


def _said(document: bytes) -> discovery.Said | None:
    try:
        return discovery.read(document)
    except Refused:
        return None


def _host_of(document: bytes | None) -> str:
    said = None if document is None else _said(document)
    return "" if said is None else _host(said.jwks_uri)


def _host(address: str | None) -> str:
    try:
        return url.split(address or "").host
    except ValueError:
        return ""
