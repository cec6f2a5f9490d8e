"""Whether a change let more sign in or do more, or less, as far as its record alone proves it.

Rule 1: what narrows is proven to, by the rules that guard the change when it is made (``trust.narrows``,
``issuers.narrows``). What is known to be let in more widens. Of everything else nothing is said.
Rule 2: a change that widens one thing widens, whatever else it narrows.
"""

from __future__ import annotations

from datetime import datetime
from math import inf
from typing import TYPE_CHECKING, Final, Literal, TypeVar
from uuid import UUID

import msgspec

from accredit import issuers, trust
from accredit.errors import Refused
from accredit.issuers import Issuer, IssuerUrl
from accredit.trust import FederatedCredential, MultiAudience
from accredit.trust import expression as language

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from accredit.signins.audit import Audit, Modified, Target

Effect = Literal["widened", "narrowed"]
Judgement = Literal["widened", "narrowed", "same", "unknown"]

_WHOLE: Final[Mapping[str, Effect | None]] = {
    "Add tenant": None,
    "Add application": None,  # nobody can prove to be it yet
    "Add service principal": None,
    "Add issuer": "widened",
    "Delete application": "narrowed",
    "Remove service principal": "narrowed",
    "Delete issuer": "narrowed",
}
"""Activities that are judged as a whole."""
V = TypeVar("V")

_NOBODY: Final = UUID(int=0)


def effect(of: Audit) -> Effect | None:
    """Return what a change did to trust; ``None``: nothing, or nothing that can be said."""
    if of.activity in _WHOLE:
        return _WHOLE[of.activity]
    found = {each for target in of.targets for each in _judged(target)} - {"same"}
    if "widened" in found:
        return "widened"
    return "narrowed" if found == {"narrowed"} else None


def _judged(target: Target) -> Iterator[Judgement]:
    try:
        if target.kind == "Issuer":
            yield _issuer(target)
            return
        for each in target.modified:
            yield _PROPERTIES[each.name](each) if each.name in _PROPERTIES else "unknown"
    except (Refused, msgspec.MsgspecError):  # of another version: an expression that is none any more, another member
        yield "unknown"


def _both_ways(narrower: bool, wider: bool) -> Judgement:  # noqa: FBT001  the two answers of one question
    """Judge by whether what is after is within what was before, and the reverse."""
    return "same" if narrower and wider else "narrowed" if narrower else "widened"


class _Kept(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What a record of a change holds. A member that is not known here could be what widens."""


class _Matching(_Kept, frozen=True):
    value: str
    language_version: int = 1


class _Credential(_Kept, frozen=True):
    """A credential."""

    id: UUID
    name: str
    issuer: str
    issuer_record_id: UUID
    audiences: tuple[str, ...]
    subject: str | None = None
    claims_matching_expression: _Matching | None = None
    description: str | None = None
    enabled: bool = True
    multi_audience: MultiAudience | None = None
    listed_audiences: tuple[str, ...] = ()

    def credential(self) -> FederatedCredential:
        """Return it as trust judges it. Raises ``Refused`` for an expression that is none any more."""
        matching = self.claims_matching_expression
        issuer = Issuer(id=self.issuer_record_id, tenant_id=_NOBODY, url=IssuerUrl(self.issuer), algorithms=())
        return FederatedCredential(
            id=self.id,
            tenant_id=_NOBODY,
            application_id=_NOBODY,
            name=self.name,
            issuer=issuer,
            audience=" ".join(self.audiences),
            created_at=datetime.min,  # noqa: DTZ901  nothing is judged by it
            subject=self.subject,
            expression=language.parse(matching.value, matching.language_version) if matching else None,
            enabled=self.enabled,
            multi_audience=self.multi_audience,
            listed_audiences=self.listed_audiences,
        )


class _Key(_Kept, frozen=True):
    """A secret or a certificate."""

    key_id: UUID
    start_date_time: datetime
    end_date_time: datetime
    custom_key_identifier: str = ""
    display_name: str | None = None


_READ_CREDENTIALS: Final = msgspec.json.Decoder(tuple[_Credential, ...]).decode
_READ_KEYS: Final = msgspec.json.Decoder(tuple[_Key, ...]).decode


def _credentials(of: Modified) -> Judgement:
    old, new = ({each.id: each.credential() for each in _READ_CREDENTIALS(side)} for side in (of.before, of.after))
    return _lists(old, new, lambda a, b: _both_ways(trust.narrows(a, b), trust.narrows(b, a)))


def _keys(of: Modified) -> Judgement:
    old, new = ({each.key_id: each for each in _READ_KEYS(side)} for side in (of.before, of.after))
    return _lists(old, new, lambda a, b: _both_ways(_within(b, a), _within(a, b)))


def _within(inner: _Key, outer: _Key) -> bool:
    return (
        inner.custom_key_identifier == outer.custom_key_identifier
        and outer.start_date_time <= inner.start_date_time
        and inner.end_date_time <= outer.end_date_time
    )


def _lists(old: Mapping[UUID, V], new: Mapping[UUID, V], judge: Callable[[V, V], Judgement]) -> Judgement:
    """Judge lists by what is new, what is gone, and what is another."""
    found = {judge(each, new[key]) for key, each in old.items() if key in new}
    if new.keys() - old.keys() or "widened" in found:
        return "widened"
    return "narrowed" if old.keys() - new.keys() or "narrowed" in found else "same"


def _held(of: Modified) -> Judgement:
    """Judge something that is either held or not: an owner, a role."""
    return "widened" if of.before == "null" else "narrowed"


def _nothing(_: Modified) -> Judgement:
    return "same"


def _flag(*, wide: str) -> Callable[[Modified], Judgement]:
    """Judge a flag; ``wide``: its value with which more is possible. ``null`` is no."""

    def judge(of: Modified) -> Judgement:
        old, new = (side.replace("null", "false") == wide for side in (of.before, of.after))
        return _both_ways(new <= old, old <= new)

    return judge


def _allowed(of: Modified) -> Judgement:
    """Judge a list of what is allowed; ``null``: every one."""
    old, new = (msgspec.json.decode(side, type=list[str] | None) for side in (of.before, of.after))
    narrower = old is None or (new is not None and {*new} <= {*old})
    return _both_ways(narrower, new is None or (old is not None and {*old} <= {*new}))


def _at_most(of: Modified) -> Judgement:
    """Judge a limit; ``null``: none."""
    old, new = (msgspec.json.decode(side, type=float | None) for side in (of.before, of.after))
    old, new = (inf if each is None else each for each in (old, new))
    return _both_ways(new <= old, old <= new)


def _refusing(word: str) -> Callable[[Modified], Judgement]:
    """Judge a setting of which one value refuses something, and every other one nothing."""

    def judge(of: Modified) -> Judgement:
        old, new = (msgspec.json.decode(side, type=str) == word for side in (of.before, of.after))
        return _both_ways(new >= old, old >= new)

    return judge


def _issuer(target: Target) -> Judgement:
    """Judge an issuer record by the members that changed; what did not is alike on both sides, whatever it is."""
    old = _record({each.name: each.before for each in target.modified})
    new = _record({each.name: each.after for each in target.modified})
    return _both_ways(issuers.narrows(old, new), issuers.narrows(new, old))


def _record(members: Mapping[str, str]) -> Issuer:
    told = {_snake(name): msgspec.json.decode(text) for name, text in members.items()}
    if strange := told.keys() - {*Issuer.__struct_fields__}:
        raise msgspec.ValidationError(f"no member of an issuer record: {min(strange)}")
    return msgspec.convert({"id": _NOBODY, "tenant_id": _NOBODY, "url": "", "algorithms": (), **told}, Issuer)


def _snake(name: str) -> str:
    return "".join(f"_{each.lower()}" if each.isupper() else each for each in name)


_PROPERTIES: Final[Mapping[str, Callable[[Modified], Judgement]]] = {
    "FederatedIdentityCredentials": _credentials,
    "PasswordCredentials": _keys,
    "KeyCredentials": _keys,
    "Owner.ObjectID": _held,
    "AppRole.Id": _held,
    "AppRole.Value": _nothing,  # says what the id says
    "enabled": _flag(wide="true"),
    "disabled": _flag(wide="false"),
    "assignmentRequired": _flag(wide="false"),
    "allowedIssuers": _allowed,
    "allowedIssuersMode": _refusing("enforce"),
    "allowedAlgorithms": _allowed,
    "maxAssertionLifetime": _at_most,
    "immutableIds": _refusing("enforce"),
    "lint": _refusing("block"),
    "displayName": _nothing,
    "description": _nothing,
}
