"""What was seen of issuers and of their tokens, gathered from what is stored anyway.

Rule 1: keys are judged as they are at hand; nothing is fetched for it.
Rule 2: which form of subject is in use, proven sign-ins tell: when a credential of the other form was used.
"""

from __future__ import annotations

import re
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from accredit.errors import Refused
from accredit.issuers import jwks
from accredit.trust import presets

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from accredit.issuers import Issuer
    from accredit.issuers.keyset import KeySet, VerificationKey
    from accredit.trust.written import WrittenTrust

_IDS: Final = re.compile(r"@[0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Of one issuer record. What is not known is empty."""

    algorithms: frozenset[str] | None = None  # of its keys
    shared_thumbprints: frozenset[str] = frozenset()  # of keys that another issuer has as well
    unresolvable: bool = False  # its host was asked for twice, a day apart, and does not exist
    lifetime: int | None = None  # seconds; of the longest token
    without_exp: bool = False  # tokens came without ``exp``


def keys_at_hand(known: Iterable[tuple[Issuer, KeySet]]) -> dict[UUID, Seen]:
    """Return what the keys of issuer records say, by record; ``known`` are the records whose keys are at hand.

    Two records of one URL are one issuer, perhaps with two halves of its keys: what they share is nobody else's.
    """
    every = tuple(known)
    holders: defaultdict[str, set[str]] = defaultdict(set)
    for record, keys in every:
        for key in keys.keys:
            holders[key.thumbprint].add(record.url)
    return {record.id: _of_keys(keys.keys, holders) for record, keys in every}


def uploaded(records: Iterable[Issuer]) -> dict[UUID, Seen]:
    """Return what the keys say that administrators uploaded; a set that is refused today says nothing."""
    known = []
    for each in records:
        if each.jwks is not None:
            with suppress(Refused):
                known.append((each, jwks.parse(each.jwks, each, uploaded=True)))
    return keys_at_hand(known)


def _of_keys(keys: Sequence[VerificationKey], holders: Mapping[str, set[str]]) -> Seen:
    return Seen(
        algorithms=frozenset(each.alg or each.algorithms[0] for each in keys if each.alg or each.algorithms),
        shared_thumbprints=frozenset(each.thumbprint for each in keys if len(holders[each.thumbprint]) > 1),
    )


def generations(trust: WrittenTrust, siblings: Iterable[WrittenTrust]) -> frozenset[str]:
    """Return the forms in which the same subject came lately: those of twins that were used after this one was.

    A twin has the same issuer, and the same subject but for the ids in it.
    """
    if trust.subject is None or trust.subject[:5] != "repo:":  # GitHub's; spares reading its preset for all others
        return frozenset()
    preset = presets.recognise(trust.issuer, trust.subject)
    if preset is None:
        return frozenset()
    found = set()
    for each in siblings:
        if each.issuer == trust.issuer and each.subject is not None and each.subject != trust.subject:
            twin = _IDS.sub("", each.subject) == _IDS.sub("", trust.subject)
            parts = (
                preset.read_subject(each.subject) if twin and _later(each.last_used_at, trust.last_used_at) else None
            )
            found |= {parts.form.name} if parts else set()
    return frozenset(found)


def _later(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and (other is None or one > other)
