"""What an explanation is made of. It is written as JSON as it stands; drawing it on a terminal or a page is others'.

Rule 1: members are added, never renamed or taken away, while ``SCHEMA`` is 1.
Rule 2: every text that a stranger chose has been through ``signins.kept``: nothing in it moves a cursor.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from accredit.signins import ProofState

SCHEMA: Final = 1
LONGEST_SENTENCE: Final = 4_000  # characters: several values of 600 each

Status = Literal["pass", "fail", "skip"]
StepId = Literal[
    "parse", "issuer", "audience", "subject", "self", "algorithm", "signature", "time", "lifetime", "policy", "replay"
]
State = Literal["enforced", "disabled"]


class Difference(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where two values part: the first character that differs, and the segment between colons that holds it; from 1."""

    character: int
    segment: int
    expected: str  # the part that differs, without what surrounds it
    presented: str


class Comparison(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One claim of one credential beside the token's. ``difference`` is absent where they are equal."""

    claim: str
    expected: str
    presented: str
    passed: bool
    difference: Difference | None = None


class Edit(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One exact change that would help."""

    target: Literal["credential", "workload", "issuer", "clock"]
    kind: Literal["set", "add", "enable", "request", "renew", "refresh", "adjust"]
    what: str  # the member or claim that changes
    before: str = ""
    after: str = ""
    effect: Literal["same", "narrower", "wider"] = "same"
    text: str = ""  # one sentence that says it
    command: str = ""  # that makes it, where there is one; only where it is offered
    offered: bool = True  # False: shown, but no tool makes it by itself, because nobody has proven who sent the token


class Near(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One credential, how near it came, and the first reason why not."""

    credential_id: UUID
    name: str
    state: State
    score: int  # 0 to 100
    cause: str
    sentence: str
    comparisons: tuple[Comparison, ...]
    edits: tuple[Edit, ...] = ()


class Step(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One stage of the exchange: whether it passed, and what there is to say of it."""

    id: StepId
    label: str
    status: Status
    detail: str = ""
    code: str = ""  # of the refusal that a failure here is


class Summary(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the token says, as far as it is shown. The token itself, its signature and its id are not in it."""

    alg: str
    kid: str | None
    type: str | None
    issuer: str
    subject: str | None
    audiences: tuple[str, ...]
    issued_at: float | None  # seconds since the epoch, as the next two
    not_before: float | None
    expires: float
    sha256: str  # of the whole token, hex


class Unlisted(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A claim that the token's platform was not known to send: the platform changed. Its value is nobody's business."""

    name: str
    type: str  # as JSON has it: string, integer, number, boolean, list, object, null


class Explanation(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The answer that the exchange would give, and why. ``sentence`` is the first line of whoever shows it."""

    schema: Literal[1] = SCHEMA
    application: str
    outcome: Literal["accepted", "refused"]
    stage: StepId | None = None  # where it was refused
    code: str = ""  # e.g. AADSTS700213; empty when accepted
    message: str = ""  # the refusal as a caller gets it
    cause: str = ""
    sentence: str
    warning: str = ""
    at: datetime
    proof: ProofState
    complete: bool  # every step was made; else the answer may still become a refusal
    credential: str = ""  # the name of the one that matches
    steps: tuple[Step, ...]
    near: tuple[Near, ...] = ()
    edits: tuple[Edit, ...] = ()
    elsewhere: tuple[str, ...] = ()  # other applications that trust this token, by name, at most 3
    assertion: Summary | None = None
    unlisted: tuple[Unlisted, ...] = ()  # of a proven token only, at most 20
