"""What happened: every sign-in attempt and every change, as they are kept."""

from accredit.signins.audit import Actor, Audit, Modified, Operation, Target
from accredit.signins.event import (
    PERSON,
    PERSONAL,
    CheckKept,
    ClaimSet,
    Event,
    Evidence,
    Near,
    ProofState,
    SignIn,
    VerdictKept,
    Words,
    hashed,
    kept,
)
from accredit.signins.sender import Sender, network

__all__ = [
    "PERSON",
    "PERSONAL",
    "Actor",
    "Audit",
    "CheckKept",
    "ClaimSet",
    "Event",
    "Evidence",
    "Modified",
    "Near",
    "Operation",
    "ProofState",
    "Sender",
    "SignIn",
    "Target",
    "VerdictKept",
    "Words",
    "hashed",
    "kept",
    "network",
]
