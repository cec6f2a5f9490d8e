"""What we accept: federated identity credentials, and whether one of them trusts what a token claims."""

from accredit.trust.credential import (
    DEFAULT_AUDIENCE,
    MOST,
    FederatedCredential,
    Members,
    MultiAudience,
    Trust,
    discovery_suffix,
    proposed_name,
    read,
)
from accredit.trust.match_set import Wanted
from accredit.trust.matching import Check, Match, Trusted, Verdict, choose, evaluate, grade, judge, match
from accredit.trust.narrowing import narrows

__all__ = [
    "DEFAULT_AUDIENCE",
    "MOST",
    "Check",
    "FederatedCredential",
    "Match",
    "Members",
    "MultiAudience",
    "Trust",
    "Trusted",
    "Verdict",
    "Wanted",
    "choose",
    "discovery_suffix",
    "evaluate",
    "grade",
    "judge",
    "match",
    "narrows",
    "proposed_name",
    "read",
]
