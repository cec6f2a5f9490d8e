"""Issuer records for tests."""

from typing import Any
from uuid import UUID

from accredit.issuers import Issuer, IssuerUrl
from tests.forge import ALGORITHMS, ISSUER

RS256_ONLY = ("RS256",)


def record(**changes: Any) -> Issuer:
    """A record of ``ISSUER`` that takes RS256 only."""
    usual: dict[str, Any] = {
        "id": UUID(int=1),
        "tenant_id": UUID(int=2),
        "url": IssuerUrl(ISSUER),
        "algorithms": RS256_ONLY,
    }
    return Issuer(**{**usual, **changes})


def extended(**changes: Any) -> Issuer:
    """A record that takes every algorithm, and tokens without a key reference."""
    return record(**{"algorithms": ALGORITHMS, "require_kid": False, **changes})
