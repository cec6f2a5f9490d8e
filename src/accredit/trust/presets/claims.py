"""What the tokens of a platform say: the rows of its ledger of claims, and the parts of its subjects."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

ClaimClass = Literal["id", "name", "run", "person", "chosen", "meta", "bounded"]
"""An id pins; a name can be recycled; run: new in every run; chosen: by the workload; meta and bounded tell apart
little."""
Of = Literal["tenant", "project", "account", "person", "context"]
"""What a value is the id or name of: customer of the platform, repository or pipeline, the workload's own principal."""
ClaimType = Literal["string", "integer", "boolean", "list", "object"]


class Data(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of a preset's file."""


class Segment(Data, frozen=True, kw_only=True):
    """A part of a subject. ``claim``: where the token says the same outside its subject."""

    cls: ClaimClass = msgspec.field(name="class")
    of: Of | None = None
    claim: str | tuple[str, ...] | None = None


class SubjectForm(Data, frozen=True, kw_only=True):
    """One form of the platform's subjects. ``exact``: whether an exact subject can match twice."""

    name: str
    regex: str
    exact: Literal["yes", "never", "person"] = "yes"
    segments: dict[str, Segment] = {}


class SubjectParts(msgspec.Struct, frozen=True):
    """A subject, read by one form of its platform."""

    form: SubjectForm
    values: dict[str, str]  # by name of the segment
    spans: dict[str, tuple[int, int]]  # subject[start:end]

    def segment(self, name: str) -> Segment:
        """What the preset says of this segment."""
        return self.form.segments[name]


class Claim(Data, frozen=True, kw_only=True):
    """A row of the ledger. A name that ends in ``*`` stands for all that begin so."""

    name: str | tuple[str, ...]
    type: ClaimType
    cls: ClaimClass = msgspec.field(name="class")
    of: Of | None = None
    nullable: bool = False
    note: str = ""

    @property
    def path(self) -> tuple[str, ...]:
        """The name of the claim and of the members below it."""
        return (self.name,) if isinstance(self.name, str) else self.name

    def covers(self, path: tuple[str, ...]) -> bool:
        """Whether it stands for the claim at this path, as one that is named by how names begin."""
        mine = self.path
        return len(mine) == len(path) and mine[:-1] == path[:-1] and path[-1].startswith(mine[-1][:-1])


_REGISTERED: Final[dict[str, tuple[ClaimType, ClaimClass]]] = {
    **dict.fromkeys(("iss", "sub", "aud"), ("string", "meta")),
    **dict.fromkeys(("exp", "iat", "nbf"), ("integer", "meta")),
    "jti": ("string", "run"),
}
STANDARD: Final[dict[tuple[str, ...], Claim]] = {
    (name,): Claim(name=name, type=kind, cls=cls) for name, (kind, cls) in _REGISTERED.items()
}
