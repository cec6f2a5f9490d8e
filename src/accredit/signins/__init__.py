"""What happened: every sign-in attempt and every change, as they are kept."""

from accredit.signins.audit import Actor, Audit, Modified, Operation, Target
from accredit.signins.checks import CheckMade, checks
from accredit.signins.claim_set import MatchSet, match_set
from accredit.signins.event import (
    PERSON,
    PERSONAL,
    CheckKept,
    ClaimSet,
    Event,
    Evidence,
    ProofState,
    VerdictKept,
    claim_kept,
    hashed,
    is_personal,
    keep_verdicts,
    kept,
)
from accredit.signins.sender import Sender, network
from accredit.signins.signin import SignIn

__all__ = [
    "PERSON",
    "PERSONAL",
    "Actor",
    "Audit",
    "CheckKept",
    "CheckMade",
    "ClaimSet",
    "Event",
    "Evidence",
    "MatchSet",
    "Modified",
    "Operation",
    "ProofState",
    "Sender",
    "SignIn",
    "Target",
    "VerdictKept",
    "checks",
    "claim_kept",
    "hashed",
    "is_personal",
    "keep_verdicts",
    "kept",
    "match_set",
    "network",
]
