"""Why a token that is trusted is refused all the same, or could not even be read: a cause for each row, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit import errors
from accredit.directory import identifier_key, wellknown
from accredit.explain.causes import Cause
from accredit.explain.model import Edit
from accredit.explain.proving import span
from accredit.issuers import KeySet
from accredit.issuers.record import MAX_LIFETIME, MAX_SKEW
from accredit.issuers.url import is_entra
from accredit.signins import kept

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from accredit.assertions import Presented
    from accredit.errors import Refused
    from accredit.explain.proving import Keys
    from accredit.issuers import Issuer, OwnIssuers

    Reason = Callable[["Refused", "Presented", "Issuer | None", "Keys", "datetime"], Cause]

WRONG_CLOCK: Final = 600  # seconds; a token that is no further ahead was issued by a clock that is wrong
_APIS: Final = frozenset({"graph", "arm"})
_MOST_NAMED: Final = 10  # keys of an issuer that a sentence names


def why(refused: Refused, presented: Presented, record: Issuer | None, keys: Keys, now: datetime) -> Cause:
    """Name the reason for a refusal that came after matching."""
    return REASONS[refused.row.name](refused, presented, record, keys, now)


def why_unreadable(refused: Refused) -> Cause:
    """Name the reason why a token could not be read."""
    if refused.row is errors.CLAIM_MISSING:
        claim = refused.fields["claim"]
        name = {"aud": "audience", "sub": "subject", "iss": "issuer"}.get(claim, claim)
        return Cause(f"CLAIM_MISSING({claim})", f"The token has no {name}, or one that cannot be read.")
    if refused.row is errors.ALGORITHM_NOT_ALLOWED:
        alg, allowed = refused.fields["alg"], refused.fields["allowed"].replace(",", ", ")
        return Cause("ALG", f"The token is signed with {alg}; this tenant accepts {allowed}.")
    if refused.row is errors.KEY_REFERENCE_MISSING:
        return Cause("KID_MISSING", "The token does not say which key signed it; this tenant demands that it does.")
    if refused.row is errors.TYPE_NOT_ALLOWED:
        return Cause("TYP", f"A token of this type is not accepted: {refused.detail}.")
    return Cause("MALFORMED", f"The token cannot be read: {refused.detail}.")


def access_token(presented: Presented, own: OwnIssuers) -> Cause | None:
    """Say of a token that opens an API, and was never meant to be exchanged, what it is."""
    meant = {identifier_key(each) for each in presented.audiences}
    apis = (each for each in wellknown.principals().values() if each.key in _APIS)
    api = next((each.display_name for each in apis if meant & _names(each)), "")
    if not api and presented.issuer not in own:
        return None
    whose = "this authority itself issued" if presented.issuer in own else f"`{kept(presented.issuer)}` issued"
    text = (
        f"This is an access token that {whose} for {api or f'`{kept(presented.audiences[0])}`'}: what a workload gets, "
        "not what it signs in with. Present the workload's own token, from its platform."
    )
    edit = Edit(target="workload", kind="request", what="token", text="present the workload's own token")
    return Cause("ACCESS_TOKEN", text, (edit,))


def _names(of: wellknown.WellKnown) -> set[str]:
    return {identifier_key(each) for each in (str(of.app_id), *of.names)}


def nobody(client: str) -> Cause:
    """Say that there was nothing to compare with."""
    return Cause("NONE", f"The application `{client}` trusts nobody yet: it has no enabled credential.")


def _own(_: Refused, presented: Presented, *__: object) -> Cause:
    if is_entra(presented.issuer):
        return Cause("ENTRA_ISSUER", "The token was issued by Microsoft Entra ID, whose tokens are not federated.")
    return Cause("SELF", "The token was issued by this authority itself; an authority cannot federate with itself.")


def _algorithm(_: Refused, presented: Presented, record: Issuer | None, *__: object) -> Cause:
    allowed = ", ".join(record.algorithms) if record else ""
    text = f"The token is signed with {presented.key.alg}; the issuer's record allows {allowed}."
    return Cause("ALG", text, (_renew("alg", allowed, f"have the platform sign with one of {allowed}"),))


def _blocked(*_: object) -> Cause:
    return Cause("POLICY", "The issuer is blocked: nothing that it signs is accepted until somebody unblocks it.")


def _forbidden(_: Refused, presented: Presented, *__: object) -> Cause:
    text = f"The tenant allows some issuers only, and `{kept(presented.issuer)}` is none of them."
    return Cause("POLICY", text)


def _unreachable(refused: Refused, *_: object) -> Cause:
    text = f"The issuer's keys could not be had: {refused.detail}."
    edit = Edit(
        target="issuer", kind="set", what="keys", text="upload the issuer's keys if it cannot be reached from here"
    )
    return Cause("ISSUER_UNREACHABLE", text, (edit,))


def _key(_: Refused, presented: Presented, record: Issuer | None, keys: Keys, __: datetime) -> Cause:
    key = f"key `{kept(presented.key.kid)}`" if presented.key.kid else "a key"
    found = keys.get(record.id) if record else None
    kids = [each.kid for each in found.keys if each.kid] if isinstance(found, KeySet) else []
    publishes = f"; it publishes {', '.join(f'`{each}`' for each in kids[:_MOST_NAMED])}" if kids else ""
    if record is not None and record.key_source == "uploaded":
        text = (
            f"The token was signed with {key}, which is not among the uploaded keys. Upload the issuer's present keys."
        )
        edit = Edit(target="issuer", kind="set", what="keys", text="upload the issuer's present keys")
        return Cause("KEY_STALE_UPLOAD", text, (edit,))
    text = f"The token was signed with {key}, which the issuer does not publish{publishes}."
    edit = Edit(target="issuer", kind="refresh", what="keys", text="fetch the issuer's keys now")
    return Cause("KEY_UNKNOWN", text, (edit,))


def _key_policy(refused: Refused, *_: object) -> Cause:
    return Cause("KEY_POLICY", f"The key that the token names is not used: {refused.detail}.")


def _no_key_reference(*_: object) -> Cause:
    return Cause(
        "KID_MISSING", "The token does not say which key signed it, and this issuer's record demands that it does."
    )


def _signature(refused: Refused, *_: object) -> Cause:
    more = f" ({refused.detail})" if refused.detail else ""
    text = (
        f"The registered key does not verify the signature: the token was altered, or signed by another issuer{more}."
    )
    return Cause("SIGNATURE", text)


def _time(_: Refused, presented: Presented, record: Issuer | None, __: Keys, now: datetime) -> Cause:
    skew, at = record.skew if record else MAX_SKEW, now.timestamp()
    if at >= presented.expires + skew:
        text = f"The token expired {span(at - presented.expires)} ago; {span(skew)} are tolerated."
        return Cause("EXPIRED", text, (_renew("exp", "", "get a new token"),))
    begins = max(each for each in (presented.not_before, presented.issued_at) if each is not None)
    ahead = begins - at
    edit = Edit(target="clock", kind="adjust", what="clock", text="correct the clock that is wrong")
    if ahead <= WRONG_CLOCK:
        text = f"The token becomes valid in {span(ahead)}; one of the two clocks is wrong."
        return Cause("SKEW", text, (edit,))
    return Cause("NOT_YET", f"The token becomes valid in {span(ahead)}.", (edit,))


def _lifetime(_: Refused, presented: Presented, record: Issuer | None, __: Keys, now: datetime) -> Cause:
    begins = next(e for e in (presented.issued_at, presented.not_before, now.timestamp()) if e is not None)
    limit = record.max_lifetime if record else MAX_LIFETIME
    text = f"The token lives {span(presented.expires - begins)}; at most {span(limit)} are accepted."
    return Cause("LIFETIME", text, (_renew("exp", span(limit), "have the platform issue a shorter token"),))


def _renew(what: str, after: str, text: str) -> Edit:
    return Edit(target="workload", kind="renew", what=what, after=after, text=text)


REASONS: Final[Mapping[str, Reason]] = {
    "OWN_ISSUER": _own,
    "ALGORITHM_NOT_ALLOWED": _algorithm,
    "FEDERATION_BLOCKED": _blocked,
    "FEDERATION_FORBIDDEN": _forbidden,
    "ISSUER_UNREACHABLE": _unreachable,
    "KEY_NOT_FOUND": _key,
    "KEY_UNSUITABLE": _key_policy,
    "KEY_REFERENCE_MISSING": _no_key_reference,
    "SIGNATURE_INVALID": _signature,
    "NOT_IN_TIME": _time,
    "LIFETIME_TOO_LONG": _lifetime,
}
"""A reason for every row that a federated assertion can be refused with after it matched and before it is proven."""
