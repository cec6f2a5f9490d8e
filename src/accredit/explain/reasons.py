"""Why a token that is trusted is refused all the same: a cause for each row, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.directory import identifier_key, wellknown
from accredit.explain import visits
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
_CLUSTER: Final = "system:serviceaccount:"
_IN_CLUSTER: Final = 31_000_000  # seconds: what the kubelet asks for lives a year, whatever it asked for
_PROJECTED: Final = 3_600  # seconds
_APIS: Final = frozenset({"graph", "arm"})
_MOST_NAMED: Final = 10  # keys of an issuer that a sentence names


def why(refused: Refused, presented: Presented, record: Issuer | None, keys: Keys, now: datetime) -> Cause:
    """Name the reason for a refusal that came after matching."""
    return (POLICIES.get(refused.policy) or REASONS[refused.row.name])(refused, presented, record, keys, now)


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


def _algorithm_forbidden(refused: Refused, presented: Presented, *_: object) -> Cause:
    allowed = refused.fields["allowed"].replace(",", ", ")
    text = f"The token is signed with {presented.key.alg}; the tenant allows {allowed}."
    return Cause("POLICY", text, (_renew("alg", allowed, f"have the platform sign with one of {allowed}"),))


def _lifetime_forbidden(refused: Refused, *_: object) -> Cause:
    text = f"The token lives longer than the tenant allows: {refused.detail}."
    return Cause("POLICY", text, (_renew("exp", "", "have the platform issue a shorter token"),))


def _names_only(refused: Refused, *_: object) -> Cause:
    text = f"The tenant demands ids that are never given to anybody else: {refused.detail}."
    return Cause("POLICY", text, (Edit(target="credential", kind="set", what="subject", text="pin the ids"),))


def _reused(*_: object) -> Cause:
    text = "The token was used before, and its issuer's record lets each be used once. Get a new one for every request."
    return Cause("REPLAY", text, (_renew("jti", "", "get a new token for every request"),))


def _unreachable(refused: Refused, *_: object) -> Cause:
    return visits.why(refused)


def _key(_: Refused, presented: Presented, record: Issuer | None, keys: Keys, __: datetime) -> Cause:
    key = f"key `{kept(presented.key.kid)}`" if presented.key.kid else "a key"
    found = keys.get(record.id) if record else None
    kids = [each.kid for each in found.keys if each.kid] if isinstance(found, KeySet) else []
    publishes = f"; it publishes {', '.join(f'`{each}`' for each in kids[:_MOST_NAMED])}" if kids else ""
    if record is not None and record.key_source == "uploaded":
        text = (
            f"The token was signed with {key}, which is not among the uploaded keys: they are older than that key, or "
            "it is none of the issuer's. Upload the issuer's present keys."
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
    lives = span(presented.expires - begins)
    if (presented.subject or "").startswith(_CLUSTER) and presented.expires - begins > _IN_CLUSTER:
        how = f"project one with an audience and at most {_PROJECTED} seconds (expirationSeconds)"
        text = f"The token lives {lives}, one year: this is the default in-cluster token; {how}."
        return Cause("LIFETIME", text, (_renew("exp", str(_PROJECTED), how),))
    text = f"The token lives {lives}; at most {span(limit)} are accepted."
    return Cause("LIFETIME", text, (_renew("exp", span(limit), "have the platform issue a shorter token"),))


def _renew(what: str, after: str, text: str) -> Edit:
    return Edit(target="workload", kind="renew", what=what, after=after, text=text)


REASONS: Final[Mapping[str, Reason]] = {
    "OWN_ISSUER": _own,
    "ALGORITHM_NOT_ALLOWED": _algorithm,
    "FEDERATION_BLOCKED": _blocked,
    "FEDERATION_FORBIDDEN": _forbidden,
    "IDS_DEMANDED": _names_only,
    "ASSERTION_REUSED": _reused,
    "ISSUER_UNREACHABLE": _unreachable,
    "KEY_NOT_FOUND": _key,
    "KEY_UNSUITABLE": _key_policy,
    "KEY_REFERENCE_MISSING": _no_key_reference,
    "SIGNATURE_INVALID": _signature,
    "NOT_IN_TIME": _time,
    "LIFETIME_TOO_LONG": _lifetime,
}
"""A reason for every row that a federated assertion can be refused with after it matched."""
POLICIES: Final[Mapping[str, Reason]] = {
    "allowedAlgorithms": _algorithm_forbidden,
    "maxAssertionLifetime": _lifetime_forbidden,
}
"""A reason where a policy of the tenant refuses what a record lets pass, with the same row."""
