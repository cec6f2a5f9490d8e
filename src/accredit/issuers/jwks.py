"""An issuer's published keys: which of them may verify anything.

Rule 1: a key that breaks a rule is dropped with the rule's id; the others stay. Without one usable key the
document fails.
Rule 2: symmetric keys never; two different keys under one ``kid`` are both dropped.
Rule 3: a key serves the algorithm it names, or those of the record's list that fit its type; nothing is
learnt from use.
Rule 4: certificates in the document create no trust.
Rule 5: key objects are built here, once for each document, never for a request.
"""

from __future__ import annotations

from base64 import b64decode
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NoReturn

import msgspec

from accredit.errors import ISSUER_UNREACHABLE, Refused
from accredit.issuers import base64url, material, strictjson
from accredit.issuers.discovery import MAX_DEPTH, MAX_DOCUMENT, MAX_MEMBERS
from accredit.issuers.keyset import Dropped, KeySet, Noted, VerificationKey
from accredit.issuers.material import PublicKey, Weak

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from accredit.issuers.record import Issuer

MAX_KEYS: Final = 100  # read, in document order; Entra ID reads as many
MAX_KID: Final = 256  # characters
NOT_LISTED: Final = "not in this issuer's list of algorithms"  # ends the reason of a key that only the record refuses
_SHOWN: Final = 5  # reasons that a refusal's detail lists

_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_SIGNING: Final = frozenset({"sign", "verify"})


def parse(document: bytes | str, issuer: Issuer, *, uploaded: bool = False) -> KeySet:
    """Read a JWK set (RFC 7517 section 5). ``uploaded``: a single JWK too, and ``not_after`` of a key is honoured.

    Raises ``Refused(ISSUER_UNREACHABLE)``, detail ``jwks: …``, for a document that is none or has no usable key.
    """
    entries = _entries(document, uploaded=uploaded)
    found = _judged(entries, issuer, uploaded=uploaded)
    if not found.keys:
        _refuse(f"no usable key among {len(entries)}" + _reasons(found.dropped))
    return found


def read(document: bytes | str, issuer: Issuer, *, uploaded: bool = False) -> KeySet:
    """Read a JWK set as ``parse`` does, also one without a usable key: what is wrong with each stands in ``dropped``.

    Raises ``Refused(ISSUER_UNREACHABLE)`` for a document that is none.
    """
    return _judged(_entries(document, uploaded=uploaded), issuer, uploaded=uploaded)


def _judged(entries: list[Any], issuer: Issuer, *, uploaded: bool) -> KeySet:
    noted: list[Noted] = []
    if len(entries) > MAX_KEYS:
        noted.append(Noted(None, "KP-14", f"{len(entries)} keys; only the first {MAX_KEYS} are read"))
    usable: list[VerificationKey] = []
    dropped: list[Dropped] = []
    for entry in entries[:MAX_KEYS]:
        kid = entry.get("kid") if isinstance(entry, dict) else None
        name = kid if isinstance(kid, str) and len(kid) <= MAX_KID else None
        try:
            usable.append(_key(entry, issuer, noted, uploaded=uploaded))
        except ValueError as error:  # a Weak, or what the library itself will not build a key from
            dropped.append(Dropped(name, getattr(error, "rule", "KP-12"), str(error)))
    return KeySet(_one_for_each_kid(usable, dropped), tuple(dropped), tuple(noted))


def _entries(document: bytes | str, *, uploaded: bool) -> list[Any]:
    data = document.encode() if isinstance(document, str) else document
    if len(data) > MAX_DOCUMENT:
        _refuse(f"larger than {MAX_DOCUMENT} bytes")
    try:
        found = strictjson.loads(data, depth=MAX_DEPTH, members=MAX_MEMBERS)
    except ValueError as error:
        _refuse(str(error))
    if uploaded and isinstance(found, dict) and "kty" in found:
        return [found]
    keys = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(keys, list):
        _refuse("not a JSON object with a list of keys")
    return keys


def _key(entry: object, issuer: Issuer, noted: list[Noted], *, uploaded: bool) -> VerificationKey:
    if not isinstance(entry, dict):
        _drop("KP-15", "not a JSON object")
    kty = entry.get("kty")
    if kty == "oct":
        _drop("KP-01", "a symmetric key")
    if kty not in ("RSA", "EC", "OKP"):
        _drop("KP-15", "an unknown key type")
    private = sorted(_PRIVATE & entry.keys())
    if private:
        _drop("KP-11", f"the private members {', '.join(private)} are published")
    kid = _kid(entry)
    _refuse_use(entry, issuer, kid, noted)
    public_key, names = _material(kty, entry, kid, noted)
    return VerificationKey(
        kid=kid,
        kty=kty,
        alg=_text(entry, "alg"),
        thumbprint=thumbprint(names),
        x5t=_text(entry, "x5t"),
        x5t_s256=_text(entry, "x5t#S256"),
        public_key=public_key,
        algorithms=_algorithms(entry, public_key, issuer),
        not_after=_not_after(entry) if uploaded else None,
    )


def _kid(entry: Mapping[str, Any]) -> str | None:
    kid = entry.get("kid")
    if "kid" in entry and not (isinstance(kid, str) and 0 < len(kid) <= MAX_KID):
        _drop("KP-10", f"a kid that is not a string of 1 to {MAX_KID} characters")
    return kid


def _refuse_use(entry: Mapping[str, Any], issuer: Issuer, kid: str | None, noted: list[Noted]) -> None:
    use = entry.get("use")
    if "use" not in entry:
        if issuer.portable:
            noted.append(Noted(kid, "KP-07", "use is absent; Entra ID expects sig"))
    elif use != "sig" and (use != "jwt-svid" or issuer.portable):
        _drop("KP-07", "its use is not sig")
    if "key_ops" in entry:
        operations = entry["key_ops"]
        if not isinstance(operations, list) or "verify" not in operations:
            _drop("KP-08", "its key_ops do not contain verify")
        if use is not None and not all(isinstance(each, str) and each in _SIGNING for each in operations):
            _drop("KP-08", "its key_ops contradict its use")


def _material(
    kty: str, entry: Mapping[str, Any], kid: str | None, noted: list[Noted]
) -> tuple[PublicKey, Mapping[str, str]]:
    """Build the key, and return the members of its thumbprint in their order (RFC 7638 section 3.2)."""
    public_key: PublicKey
    names: dict[str, str]
    if kty == "RSA":
        n, e = _octets(entry, "n"), _octets(entry, "e")
        if n.startswith(b"\0") or e.startswith(b"\0"):
            noted.append(Noted(kid, "KP-12", "a leading zero octet in n or e"))
        n, e = n.lstrip(b"\0"), e.lstrip(b"\0")
        public_key = material.rsa_key(int.from_bytes(n), int.from_bytes(e))
        names = {"e": base64url.encode(e), "kty": kty, "n": base64url.encode(n)}
    elif kty == "EC":
        curve = entry.get("crv")
        if not isinstance(curve, str) or curve not in material.CURVES:
            _drop("KP-05", "a curve other than P-256, P-384 and P-521")
        public_key = material.ec_key(curve, _octets(entry, "x"), _octets(entry, "y"))
        names = {"crv": curve, "kty": kty, "x": entry["x"], "y": entry["y"]}
    else:
        if entry.get("crv") != "Ed25519":
            _drop("KP-06", "a curve other than Ed25519")
        public_key = material.ed25519_key(_octets(entry, "x"))
        names = {"crv": "Ed25519", "kty": kty, "x": entry["x"]}
    _note_other_certificate(entry, public_key, kid, noted)
    return public_key, names


def _algorithms(entry: Mapping[str, Any], public_key: PublicKey, issuer: Issuer) -> tuple[str, ...]:
    fitting = material.algorithms(public_key)
    if "alg" in entry:
        alg = entry["alg"]
        if not isinstance(alg, str) or alg not in fitting:
            _drop("KP-09", "its alg does not fit its key type")
        fitting = (alg,)
    served = tuple(each for each in fitting if each in issuer.algorithms)
    if not served:
        _drop("KP-09", f"{', '.join(fitting)} {NOT_LISTED}")
    return served


def _not_after(entry: Mapping[str, Any]) -> float | None:
    value = entry.get("not_after")
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        _drop("KP-15", "not_after is not a number of seconds since the epoch")
    return value


def _note_other_certificate(
    entry: Mapping[str, Any], public_key: PublicKey, kid: str | None, noted: list[Noted]
) -> None:
    chain = entry.get("x5c")
    if not chain:
        return
    try:
        certified = material.certificate(b64decode(chain[0], validate=True)).public_key()
    except (LookupError, *material.UNREADABLE):
        certified = None  # what cannot be read says nothing about the key
    if certified != public_key:
        noted.append(Noted(kid, "KP-13", "the certificate in x5c is of another key, or cannot be read"))


def _one_for_each_kid(usable: Iterable[VerificationKey], dropped: list[Dropped]) -> tuple[VerificationKey, ...]:
    """Collapse equal keys of one kid; drop every key of a kid that names two different ones."""
    found: dict[object, VerificationKey] = {}
    ambiguous: dict[str, None] = {}  # in document order
    for each in usable:
        name = each.thumbprint if each.kid is None else (each.kid,)
        first = found.setdefault(name, each)
        if first.thumbprint != each.thumbprint and each.kid is not None:
            ambiguous[each.kid] = None
        elif first is not each:
            both = (*first.algorithms, *(alg for alg in each.algorithms if alg not in first.algorithms))
            found[name] = msgspec.structs.replace(first, algorithms=both)
    dropped.extend(Dropped(kid, "KP-10", "two different keys have this kid; none of them is used") for kid in ambiguous)
    return tuple(each for each in found.values() if each.kid not in ambiguous)


def thumbprint(names: Mapping[str, str]) -> str:
    """RFC 7638: SHA-256 over the required members, in their order, without white space."""
    text = "{" + ",".join(f'"{name}":"{value}"' for name, value in names.items()) + "}"
    return base64url.encode(sha256(text.encode()).digest())


def _octets(entry: Mapping[str, Any], name: str) -> bytes:
    text = entry.get(name)
    if not isinstance(text, str) or not text:
        _drop("KP-12", f"{name} is missing or not a string")
    try:
        return base64url.decode(text)
    except ValueError as error:
        reason = f"{name}: {error}"
        raise Weak("KP-12", reason) from error


def _text(entry: Mapping[str, Any], name: str) -> str | None:
    value = entry.get(name)
    return value if isinstance(value, str) else None


def _reasons(dropped: Sequence[Dropped]) -> str:
    listed = "; ".join(f"{each.rule} {each.reason}" for each in dropped[:_SHOWN])
    more = f"; {len(dropped) - _SHOWN} more" if len(dropped) > _SHOWN else ""
    return f" ({listed}{more})" if dropped else ""


def _drop(rule: str, reason: str) -> NoReturn:
    raise Weak(rule, reason)


def _refuse(reason: str) -> NoReturn:
    raise Refused(ISSUER_UNREACHABLE, detail=f"jwks: {reason}")
