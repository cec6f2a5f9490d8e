"""What the documents of an issuer mean: steps P8 to P10 and P12 to P14 of a probe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.errors import Refused, shown
from accredit.issuers import discovery, drift, history, jwks, keyhosts, material, url
from accredit.issuers.keyset import EMPTY
from accredit.issuers.probe import ProbedKey, Step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from accredit.issuers.history import Before
    from accredit.issuers.keyset import Dropped, KeySet
    from accredit.issuers.record import Issuer

_DOCUMENTED: Final = "RS256"
_WARNING: Final = frozenset({"same_kid_new_key", "all_replaced", "shared_key", "private_key_published", "alg_change"})


def discovery_read(body: bytes, record: Issuer) -> tuple[Step, Step, discovery.Said | None]:
    """Return steps P8 and P9, and what the document says."""
    try:
        said = discovery.read(body)
    except Refused as refused:
        reason = refused.detail.removeprefix("discovery: ")
        page = body.lstrip()[:1] == b"<"
        remedy = (
            "It is a page for people (HTML): correct the issuer, or what stands before it and asks them to sign in."
            if page
            else "The issuer must answer with one JSON object: tell whoever runs it."
        )
        return Step(id="P8", status="fail", value=reason, remedy=remedy), Step(id="P9", status="skip"), None
    return Step(id="P8", status="pass", value=f"{len(body)} bytes"), _same(said, record), said


def place_of_keys(said: discovery.Said, record: Issuer) -> Step:
    """Return step P10: whether the keys may be where the document says that they are."""
    address = said.jwks_uri
    if address is None:
        remedy = "The document has to name its keys (jwks_uri); else give their address (--jwks-url), or upload them."
        return Step(id="P10", status="fail", value="the document has no jwks_uri", remedy=remedy)
    try:
        parts = url.split(address)
    except ValueError as error:
        remedy = "Tell whoever runs the issuer, or give the address of the keys (--jwks-url)."
        return Step(id="P10", status="fail", value=f"{shown(address)}: {error}", remedy=remedy)
    if parts.scheme != "https" and not parts.loopback:
        remedy = "Keys are fetched over https only: tell whoever runs the issuer."
        return Step(id="P10", status="fail", value=f"{shown(address)} is not https", remedy=remedy)
    if not keyhosts.allows(record, parts.host):
        listed = ", ".join(record.allowed_jwks_hosts)
        value = f"{shown(address)}: the host {parts.host} is none that the issuer record lists ({listed})"
        remedy = f"If the issuer's keys belong there, an administrator may allow it: --jwks-host {parts.host}."
        return Step(id="P10", status="fail", value=value, remedy=remedy)
    return Step(id="P10", status="pass", value=shown(address))


def configured_place(record: Issuer) -> Step:
    """Return step P10 of a record that says itself where its keys are."""
    return Step(id="P10", status="pass", value=f"{record.jwks_url} (as the issuer record says)")


def keys_read(body: bytes, record: Issuer) -> tuple[Step, Step, KeySet, tuple[ProbedKey, ...]]:
    """Return steps P12 and P13, the keys that may be used, and every key with what became of it."""
    try:
        found = jwks.read(body, record, uploaded=not record.fetches)
    except Refused as refused:
        remedy = "The issuer must answer with a JWK set: an object with a list of keys."
        failed = Step(id="P12", status="fail", value=refused.detail.removeprefix("jwks: "), remedy=remedy)
        return failed, Step(id="P13", status="skip"), EMPTY, ()
    keys = (*_accepted(found), *map(_refused, found.dropped))
    return _judged(found, keys), algorithms_of(found, record), found, keys


def algorithms_of(found: KeySet, record: Issuer) -> Step:
    """Return step P13: what the keys sign with, and whether Entra ID would take it."""
    offered = list(dict.fromkeys(each for key in found.keys for each in key.algorithms))
    listed = ", ".join(record.algorithms)
    if not offered:
        if not any(each.reason.endswith(jwks.NOT_LISTED) for each in found.dropped):
            return Step(id="P13", status="skip")
        remedy = "An administrator may add an algorithm that the issuer's keys serve (--algorithm)."
        return Step(id="P13", status="fail", value=f"no key serves an algorithm of the record: {listed}", remedy=remedy)
    value = ", ".join(offered)
    if all(each.startswith("RS") for each in offered):
        return Step(id="P13", status="pass", value=value)
    some = any(each.startswith("RS") for each in offered)
    taken = "only some" if some else "nothing"
    remedy = f"Entra ID documents {_DOCUMENTED} only: it would take {taken} of what this issuer signs."
    return Step(id="P13", status="warn", value=value, remedy=remedy)


def difference_of(
    found: KeySet, record: Issuer, document: bytes, before: Before, shared: Mapping[str, tuple[str, ...]]
) -> Step:
    """Return step P14: what is other than at the last fetch, and which keys other issuers publish, too."""
    told = drift.drifts(_visited(found, record, document), before, shared)
    details = tuple(f"{each.kind}: {_said_of(each)}" for each in told)
    if "jwks" not in before.documents and not told:
        return Step(id="P14", status="skip", value="no keys were fetched before")
    if not told:
        return Step(id="P14", status="pass", value="the same keys as at the last fetch")
    worst = [each for each in told if each.kind in _WARNING]
    remedy = "Ask whoever runs the issuer whether that was meant; if not, block it." if worst else ""
    value = ", ".join(dict.fromkeys(each.kind for each in told))
    return Step(id="P14", status="warn" if worst else "pass", value=value, remedy=remedy, details=details)


def _visited(found: KeySet, record: Issuer, document: bytes) -> history.Visited:
    documents = (history.Document("jwks", document),)
    return history.Visited(issuer=record, result=history.OK, keys=found, documents=documents)


def _said_of(of: drift.Drift) -> str:
    kids = ", ".join(shown(each) or "(no kid)" for each in of.kids)
    return f"{kids} {drift.KINDS[of.kind].sentence}" + (f" {shown(of.after)}" if of.after else "")


def _same(said: discovery.Said, record: Issuer) -> Step:
    if said.issuer == record.url:
        return Step(id="P9", status="pass", value=record.url)
    if said.issuer is None:
        remedy = "The document has to say whose it is: tell whoever runs the issuer."
        return Step(id="P9", status="fail", value="the document names no issuer", remedy=remedy)
    value = f"the document says {shown(said.issuer)}, the record {record.url}"
    remedy = f"{_cause(said.issuer, record.url)} Tokens bear what the document says: use exactly {shown(said.issuer)}"
    return Step(id="P9", status="fail", value=value, remedy=remedy)


def _cause(theirs: str, ours: str) -> str:
    """Return in which way two issuers differ, and what that is called where a sign-in is explained."""
    if theirs.rstrip("/") == ours.rstrip("/"):
        return "SLASH: they differ by the slash at the end."
    if theirs.casefold() == ours.casefold():
        return "CASE: they differ in the case of letters."
    try:
        said, mine = url.split(theirs), url.split(ours)
    except ValueError:
        return "They are not the same."
    if (said.host, said.port, said.path) == (mine.host, mine.port, mine.path):
        return "SCHEME or PORT: they differ by the scheme, or by a port that is usual and left out."
    if said.path == mine.path:
        return "HOST_ALIAS: another name of the host, or another host."
    return "They are not the same."


def _accepted(found: KeySet) -> Sequence[ProbedKey]:
    noted = {each.kid: each for each in found.noted if each.kid is not None}
    return [
        ProbedKey(
            kid=shown(key.kid or ""),
            thumbprint=key.thumbprint,
            kty=key.kty,
            alg=shown(key.alg or ""),
            size=material.size(key.public_key),
            accepted=True,
            rule=noted[key.kid].rule if key.kid in noted else "",
            reason=shown(noted[key.kid].reason) if key.kid in noted else "",
            algorithms=key.algorithms,
        )
        for key in found.keys
    ]


def _refused(of: Dropped) -> ProbedKey:
    return ProbedKey(kid=shown(of.kid or ""), accepted=False, rule=of.rule, reason=shown(of.reason))


def _judged(found: KeySet, keys: Sequence[ProbedKey]) -> Step:
    details = tuple(_line(each) for each in keys)
    value = f"{len(found.keys)} of {len(keys)} usable"
    if any(each.critical for each in found.dropped):
        remedy = "A private key is published, or can be computed: have the issuer replace that key at once."
        return Step(id="P12", status="warn" if found.keys else "fail", value=value, remedy=remedy, details=details)
    if not found.keys:
        remedy = "Not one key may be used; each says why."
        return Step(id="P12", status="fail", value=value, remedy=remedy, details=details)
    if found.dropped or found.noted:
        told = tuple(f"{each.rule} {shown(each.reason)}" for each in found.noted if each.kid is None)
        remedy = "Tokens that are signed with a key that is not used are refused." if found.dropped else ""
        return Step(id="P12", status="warn", value=value, remedy=remedy, details=details + told)
    return Step(id="P12", status="pass", value=value, details=details)


def _line(key: ProbedKey) -> str:
    name = key.kid or "(no kid)"
    if not key.accepted:
        return f"{name}: dropped, {key.rule} {key.reason}"
    odd = f"; {key.rule} {key.reason}" if key.rule else ""
    return f"{name}: {key.kty} {key.size} bits for {', '.join(key.algorithms)}, {key.thumbprint}{odd}"
