"""Which hosts an issuer's discovery document may name for its keys.

Rule 1: a record that lists hosts means those and its issuer's own; one that lists none leaves it to the document.
Rule 2: the list is made when the record is, from the issuer and from what is known of its platform, never from a
document: whoever can change a document for an hour shall not move the keys to a host of his own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.issuers import url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.issuers.record import Issuer

KNOWN: Final[Mapping[str, tuple[str, ...]]] = {"accounts.google.com": ("www.googleapis.com",)}
"""Platforms that publish their keys elsewhere than their discovery document: host of the issuer, hosts of the keys."""


def pinned(issuer: str) -> tuple[str, ...]:
    """Return the hosts that a new record lists; none for an issuer that is no URL."""
    try:
        host = url.split(issuer).host
    except ValueError:  # an opaque issuer has uploaded keys
        return ()
    return (host, *KNOWN.get(host, ()))


def allows(record: Issuer, host: str) -> bool:
    """Whether ``host`` (lower case) may have documents of ``record``. An address written out by hand is no matter."""
    if not record.allowed_jwks_hosts or host in record.allowed_jwks_hosts or host in pinned(record.url)[:1]:
        return True
    return record.jwks_url is not None and host == url.split(record.jwks_url).host
