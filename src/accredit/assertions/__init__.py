"""What a workload presents: read without belief, then proven with keys that an administrator registered."""

from accredit.assertions.compact import (
    ENTRA,
    EXTENDED,
    CompactToken,
    Policy,
    Presented,
    parse,
    peek_client,
)
from accredit.assertions.once import Once, once
from accredit.assertions.proof import Proven, refuse_algorithm, signed_by, verify
from accredit.assertions.selfsigned import (
    RegisteredKey,
    SelfProven,
    registered,
    verify_possession,
    verify_self_signed,
)

__all__ = [
    "ENTRA",
    "EXTENDED",
    "CompactToken",
    "Once",
    "Policy",
    "Presented",
    "Proven",
    "RegisteredKey",
    "SelfProven",
    "once",
    "parse",
    "peek_client",
    "refuse_algorithm",
    "registered",
    "signed_by",
    "verify",
    "verify_possession",
    "verify_self_signed",
]
