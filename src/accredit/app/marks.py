"""What an emulator's data can be told by: everybody knows its secrets, so it never serves in production.

Marks: the names of its signing keys, the subject of their certificates, the ids of its tenants and applications, and
issuers that only an emulator has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.administer.administrator import marked
from accredit.errors import EMULATOR_MARK, Refused
from accredit.issuers import OwnIssuers
from accredit.tokens.keys import EMULATOR_KID

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from accredit.stores.lookup import SqliteLookup

MARK: Final = "acc7ed17"  # every fixed id of an emulator begins with it


def own_issuers(bases: Iterable[str], emitted: Iterable[str], *, emulator: bool) -> OwnIssuers:
    """Return the issuers that are never believed: our own; in production every emulator's too."""
    if emulator:
        return OwnIssuers(bases, emitted)
    return OwnIssuers(bases, emitted, tenant_mark=MARK, kid_mark=EMULATOR_KID)


def is_emulators(lookup: SqliteLookup) -> bool:
    """Whether a database was made by an emulator: all its signing keys bear the mark."""
    keys = lookup.signing_keys()
    return bool(keys) and all(key.kid.startswith(EMULATOR_KID) for key in keys)


def refuse_emulator(lookup: SqliteLookup) -> None:
    """Refuse a database in which anything bears a mark of an emulator. ``EMULATOR_MARK``."""
    for what in _marked(lookup):
        raise Refused(EMULATOR_MARK, what=what)


def _marked(lookup: SqliteLookup) -> Iterator[str]:
    from accredit.signing import EMULATOR_NAME, common_names  # 40 ms, which who only asks something need not wait

    for key in lookup.signing_keys():
        if key.kid.startswith(EMULATOR_KID) or EMULATOR_NAME in common_names(key.certificate):
            yield f"signing key {key.kid}"
    yield from lookup.beginning(MARK)
    yield from (f"issuer {each}" for each in sorted(lookup.issuer_urls() | lookup.emitted()) if marked(each))
