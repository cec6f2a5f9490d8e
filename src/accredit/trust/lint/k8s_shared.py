"""FIC-K8S-SHARED: the issuer that every cluster has by default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accredit.trust.lint.facts import Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-K8S-SHARED",
    level="error",
    title="The issuer of every cluster",
    why="Every cluster whose issuer nobody has set says so of itself. Only its keys tell one from another: without"
    " keys that are its own, any such cluster may be the one that is asked.",
    remedy="Upload the cluster's keys to an issuer record of its own, or give the cluster an issuer of its own"
    " (--service-account-issuer).",
    before="https://kubernetes.default.svc, keys by discovery",
    after="https://oidc.example.com/clusters/prod",
)
_SHARED: Final = frozenset(
    scheme + host + slash
    for scheme in ("https://", "")
    for host in ("kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "kubernetes.default")
    for slash in ("", "/")
)


def check(linted: Linted) -> Iterator[Finding]:
    """Tell it unless the record has keys from a place of its own."""
    issuer, record = linted.trust.issuer, linted.trust.record
    if issuer in _SHARED and (record is None or record.key_source == "discovery"):
        yield RULE.finding(linted, "issuer", f"{issuer} is the issuer of every cluster whose issuer nobody has set.")
