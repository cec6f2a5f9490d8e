"""What a visit means, stage by stage: steps P3 to P7 and P11 of a probe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.errors import shown
from accredit.issuers.probe import Seen, Status, Step, Tls

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from accredit.issuers.record import Issuer

FEW_DAYS: Final = 14  # until a certificate expires
_STEPS: Final[Mapping[str, str]] = {"dns": "P3", "address": "P4", "connect": "P5", "tls": "P6"}

_BUNDLE: Final = (
    "Its certificate is from a CA that is not known here: add the CA bundle to the issuer record (--ca-bundle FILE), "
    "or have the server send its whole chain."
)
_CERTIFICATES: Final[Mapping[int, str]] = {  # by OpenSSL's number (X509_V_ERR_...)
    9: "The certificate does not hold yet: look at the clocks of both machines.",
    10: "The certificate has expired: renew it.",
    18: _BUNDLE,
    19: _BUNDLE,
    20: _BUNDLE,
    21: _BUNDLE,
    62: "The certificate is for other names: correct the issuer's URL, or the certificate.",
    64: "The certificate is not for this address: give the issuer a name, or put the address into the certificate.",
}
_REMEDIES: Final[Mapping[str, str]] = {
    "dns": "The name does not exist from here; if only the cluster can resolve it, upload the keys.",
    "address": "An administrator must opt this issuer in to the private network (--network CIDR), or the keys be "
    "uploaded.",
    "url": "Correct the address, or opt the issuer record in to the port (--port).",
    "connect": "Nothing answers there: look at firewalls between here and there, or upload the keys.",
    "tls": "The server must offer TLS 1.2 or 1.3 with a certificate for its name.",
    "time": "It took too long: the whole visit has to be over in seconds.",
    "redirect": "Redirects are not followed: give the address that it leads to.",
    "size": "The document is larger than 512 KiB, or its headers than 16 KiB.",
    "encoding": "The server must answer without compression when none is asked for.",
    "protocol": "What answers there does not speak HTTP/1.1.",
}
_RBAC: Final = (
    "Whoever is not signed in may not read it. Kubernetes: bind the ClusterRole "
    "system:service-account-issuer-discovery to the group system:unauthenticated, or upload the keys."
)
_STATUSES: Final[Mapping[int, str]] = {
    401: _RBAC,
    403: _RBAC,
    404: "There is no such document: correct the issuer, give the address of its keys (--jwks-url), or upload them.",
    400: "The platform does not know this issuer: AWS says so of an account whose outbound federation is not enabled.",
}
_SERVER_ERRORS: Final = 500


def steps_of(seen: Seen, now: datetime) -> tuple[Step, ...]:
    """Return steps P3 to P6."""
    return tuple(
        Step(id=step, status=status, value=value, remedy=remedy, details=details, milliseconds=seen.took.get(stage))
        for stage, step in _STEPS.items()
        for status, value, remedy, details in [_judged(stage, seen, now)]
    )


def answer_of(step: str, seen: Seen, record: Issuer) -> Step:
    """Return step P7, or P11: what was answered to the request for a document."""
    took = sum(seen.took.values()) if step == "P11" else seen.took.get("answer")
    if not seen.failed:
        said = f"{seen.status}, {shown(seen.media_type) or 'no media type'}, {len(seen.body)} bytes"
        return Step(id=step, status="pass", value=said, details=(seen.url,), milliseconds=took)
    if step == "P7" and seen.stage != "answer":
        return Step(id=step, status="skip", value="nothing was asked: see above")
    details = (seen.url, *((f"answer: {seen.excerpt}",) if seen.excerpt else ()))
    return Step(
        id=step, status="fail", value=seen.reason, remedy=_remedy(seen, record), details=details, milliseconds=took
    )


def _judged(stage: str, seen: Seen, now: datetime) -> tuple[Status, str, str, tuple[str, ...]]:
    here = "address" if seen.stage == "url" else seen.stage  # which addresses are visited is one question
    if here == stage:
        return "fail", seen.reason, _remedy(seen, None), seen.addresses if stage == "address" else ()
    if stage not in seen.took or (stage == "tls" and seen.tls is None):
        plain = stage == "tls" and "answer" in seen.took
        return "skip", "http, which only an emulator visits, on this machine" if plain else "", "", ()
    return _good(stage, seen, now)


def _good(stage: str, seen: Seen, now: datetime) -> tuple[Status, str, str, tuple[str, ...]]:
    if stage == "dns":
        return "pass", ", ".join(seen.addresses), "", ()
    if stage == "address":
        return "pass", "every address may be visited", "", ()
    if stage == "connect":
        return "pass", seen.peer, "", ()
    return _agreed(seen.tls, now) if seen.tls is not None else ("skip", "", "", ())


def _agreed(tls: Tls, now: datetime) -> tuple[Status, str, str, tuple[str, ...]]:
    days = (tls.not_after - now).days
    said = f"{tls.version}, certificate of {shown(tls.issuer)}, {days} days left"
    details = (
        f"subject: {shown(tls.subject)}",
        f"names: {shown(', '.join(tls.names))}",
        f"holds until: {tls.not_after:%Y-%m-%dT%H:%M:%SZ}",
        f"SHA-256 of its public key: {tls.spki}",
    )
    if days < FEW_DAYS:
        return "warn", said, "The certificate expires soon: renew it.", details
    return "pass", said, "", details


def _remedy(seen: Seen, record: Issuer | None) -> str:
    if seen.failed == "tls" and seen.certificate is not None:
        return _CERTIFICATES.get(seen.certificate, _REMEDIES["tls"])
    if seen.failed == "status":
        status = seen.status or 0
        usual = "The issuer has trouble of its own: try again later." if status >= _SERVER_ERRORS else _STATUSES[404]
        remedy = _STATUSES.get(status, usual)
        if record is not None and record.key_source == "jwks_url" and status == 404:  # noqa: PLR2004  not found
            return "There is no such document: correct the address of the keys (--jwks-url)."
        return remedy
    return _REMEDIES.get(seen.failed, _REMEDIES["connect"])
