"""Why a credential that would match counts no more: it was retired, and a twin with ids has taken its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accredit.explain import twin
from accredit.explain.causes import Cause
from accredit.explain.model import Edit
from accredit.trust.written import WrittenTrust

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accredit.trust import FederatedCredential


def retired(credential: FederatedCredential, enabled: Sequence[FederatedCredential]) -> Cause | None:
    """Name why a disabled credential is not enabled: there is an enabled one with ids that says the same."""
    old = WrittenTrust.of(credential)
    reading = twin.read(old)
    if reading is None or reading.kind != "legacy":
        return None
    other = next(twin.twins(old, map(WrittenTrust.of, enabled)), None)
    if other is None:
        return None
    text = (
        f"The credential `{credential.name}` matches, but it was retired: `{other.name}` trusts the same by its ids, "
        "and the token has an older subject format, without them. Have GitHub put ids into the subject (immutable "
        "subjects), or enable the retired credential again."
    )
    edit = Edit(
        target="workload", kind="request", what="subject", text="opt in to immutable subjects, for ids in the subject"
    )
    return Cause("GENERATION", text, (edit,))
