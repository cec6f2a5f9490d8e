"""Who signs: issuer URLs, registered records, discovery documents, key sets, and when to fetch them again."""

from accredit.issuers.freshness import Action, Limits, State
from accredit.issuers.keyset import EMPTY, Dropped, KeySet, VerificationKey
from accredit.issuers.narrowing import narrows
from accredit.issuers.record import Issuer, KeyReference, KeySource, Portability
from accredit.issuers.url import IssuerUrl, OwnIssuers, refuse_own

__all__ = [
    "EMPTY",
    "Action",
    "Dropped",
    "Issuer",
    "IssuerUrl",
    "KeyReference",
    "KeySet",
    "KeySource",
    "Limits",
    "OwnIssuers",
    "Portability",
    "State",
    "VerificationKey",
    "narrows",
    "refuse_own",
]
