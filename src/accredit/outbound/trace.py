"""What one visit sees on its way: kept for whoever asked to be told, and for nobody else."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from accredit.issuers.probe import Seen, Tls
from accredit.outbound.unreachable import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.outbound.unreachable import Unreachable

EXCERPT: Final = 512  # octets of an answer that is refused
_SAID: Final = 64  # characters of a media type


@dataclass(slots=True)
class Trace:
    """One visit, stage by stage: url, dns, address, connect, tls, answer."""

    telling: bool = False  # somebody wants to know
    url: str = ""
    addresses: tuple[str, ...] = ()
    peer: str = ""
    tls: Any = None  # the connection's ``ssl.SSLObject``
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    excerpt: bytes = b""
    took: dict[str, float] = field(default_factory=dict)  # milliseconds
    _stage: str = ""
    _since: float = 0.0

    def enter(self, stage: str) -> None:
        """Begin a stage, which ends the one before."""
        self.end()
        self._stage, self._since = stage, perf_counter()

    def end(self) -> None:
        """End the stage that is under way."""
        if self._stage:
            self.took[self._stage] = self.took.get(self._stage, 0.0) + (perf_counter() - self._since) * 1_000
        self._stage = ""

    def seen(self, body: bytes, failed: Unreachable | None) -> Seen:
        """Return all of it."""
        stage = self._stage
        self.end()
        cause = failed.__cause__ if failed is not None else None
        return Seen(
            url=self.url,
            addresses=self.addresses,
            peer=self.peer,
            tls=None if self.tls is None else agreed(self.tls),
            status=self.status,
            media_type=self.headers.get("content-type", "").partition(";")[0].strip()[:_SAID],
            cache_control=self.headers.get("cache-control"),
            body=body,
            excerpt=quoted(self.excerpt, most=EXCERPT) if self.excerpt else "",
            stage="" if failed is None else stage,
            failed="" if failed is None else failed.step,
            reason="" if failed is None else failed.detail.removeprefix(f"{failed.step}: "),
            certificate=getattr(cause, "verify_code", None),
            took=dict(self.took),
        )


def agreed(tls: Any) -> Tls:  # noqa: ANN401  the library's own
    """Return what was agreed on with a server whose certificate was verified."""
    from cryptography import x509  # noqa: PLC0415  40 ms, for probes only
    from cryptography.hazmat.primitives.hashes import SHA256, Hash  # noqa: PLC0415  as above
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415  as above

    found = x509.load_der_x509_certificate(tls.getpeercert(binary_form=True))
    digest = Hash(SHA256())
    digest.update(found.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    named = tls.getpeercert().get("subjectAltName", ())
    return Tls(
        version=str(tls.version()),
        subject=found.subject.rfc4514_string(),
        issuer=found.issuer.rfc4514_string(),
        names=tuple(str(value) for _, value in named),
        not_after=found.not_valid_after_utc.astimezone(UTC),
        spki=digest.finalize().hex(),
    )
