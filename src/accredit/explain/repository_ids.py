"""Which ids a repository of GitHub has: as proven sign-ins told, as credentials ask for, or as somebody typed them in.

Rule 1: what a credential granted teaches it ids. Whatever else was proven can only contradict them.
Rule 2: two ids of one name are never settled here: the name may have a new owner.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from accredit.explain import github
from accredit.explain.twin import Ids, Named

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from accredit.signins import Event

_ID: Final = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)


class Sighting(msgspec.Struct, frozen=True, gc=False):
    """A repository as a proven sign-in named it."""

    issuer: str
    owner: str
    repository: str
    ids: Ids
    by: UUID | None  # the credential that granted it


def sighting(event: Event) -> Sighting | None:
    """Return which repository an event saw, with its ids; ``None``: none, or nobody has proven it."""
    if event.proof != "proven" or event.count > 1:
        return None
    claims, subject = dict(event.claims), github.read(event.subject or "")
    if subject is not None:
        owner, repository, ids = subject.owner, subject.name, Ids(subject.owner_id, subject.name_id)
    else:
        owner, _, repository = claims.get("repository", "").partition("/")
        ids = Ids()
    found = Ids(_id(ids.owner or claims.get("repository_owner_id")), _id(ids.repository or claims.get("repository_id")))
    if not owner or not repository or found == Ids():
        return None
    return Sighting(event.issuer, owner, repository, found, None if event.code else event.credential_id)


def ids_of(
    named: Named, issuer: str, credential: UUID | None, given: Iterable[Ids], seen: Sequence[Sighting]
) -> tuple[Ids, bool]:
    """Return the ids that are known of who is named, and whether two of them contradict each other.

    ``given``: those that credentials ask for or somebody typed in. Of ``seen``, what ``credential`` granted counts too.
    """
    given = tuple(given)
    here = [each for each in seen if each.issuer == issuer and each.owner.casefold() == named.owner.casefold()]
    same = [each for each in here if _is(each, named)]
    learnt = [
        each.ids for each in (same if named.repository else here) if each.by is not None and each.by == credential
    ]
    owners = {each.owner for each in (*given, *(each.ids for each in here))} - {None}
    repositories = {each.repository for each in (*given, *(each.ids for each in same))} - {None}
    known = Ids(
        next((each.owner for each in (*given, *learnt) if each.owner), None),
        next((each.repository for each in (*given, *learnt) if each.repository), None) if named.repository else None,
    )
    return known, len(owners) > 1 or (named.repository is not None and len(repositories) > 1)


def typed_in(texts: Iterable[str]) -> dict[str, Ids]:
    """Read ids that somebody typed: ``OWNER/REPOSITORY=ID/ID`` or ``OWNER=ID``. ValueError: the first that is none."""
    found = {}
    for text in texts:
        name, _, value = text.partition("=")
        owner, slash, repository = value.partition("/")
        ids = Ids(_id(owner), _id(repository))
        if not name or ids.owner is None or bool(slash) is not ("/" in name) or (slash and ids.repository is None):
            raise ValueError(text)
        found[name] = ids
    return found


def _id(text: str | None) -> str | None:
    return text if text is not None and _ID.fullmatch(text) else None


def _is(seen: Sighting, named: Named) -> bool:
    """Names are one at GitHub in any case: it is no other repository that is written otherwise."""
    return f"{seen.owner}/{seen.repository}".casefold() == str(named).casefold()


__all__ = ["Sighting", "ids_of", "sighting", "typed_in"]
