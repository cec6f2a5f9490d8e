"""Records of changes, made for tests."""

from uuid import UUID

from accredit.signins import Actor, Audit, Modified, Operation, Target
from tests.forge import NOW

NOBODY = UUID(int=9)


def record(
    *modified: Modified,
    targets: tuple[Target, ...] | None = None,
    activity: str = "Update application",
    operation: Operation = "Update",
    kind: str = "Application",
) -> Audit:
    """Return a record of one change, of one target unless several are given."""
    target = Target(id=NOBODY, kind=kind, name="bot", modified=modified)
    return Audit(
        id=UUID(int=1),
        at=NOW,
        tenant_id=UUID(int=2),
        activity=activity,
        operation=operation,
        actor=Actor(name="ada"),
        targets=(target,) if targets is None else targets,
        correlation_id=UUID(int=3),
    )
