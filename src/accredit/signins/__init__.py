"""What happened: every sign-in attempt and every change, as they are kept."""

from accredit.signins.audit import Actor, Audit, Modified, Operation, Target
from accredit.signins.event import CheckKept, Event, Evidence, ProofState, SignIn, VerdictKept, hashed, kept
from accredit.signins.sender import Sender, network

__all__ = [
    "Actor",
    "Audit",
    "CheckKept",
    "Event",
    "Evidence",
    "Modified",
    "Operation",
    "ProofState",
    "Sender",
    "SignIn",
    "Target",
    "VerdictKept",
    "hashed",
    "kept",
    "network",
]
