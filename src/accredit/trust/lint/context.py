"""What a rule may know beside the trust itself. What is not known is empty, and the rules that need it say nothing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, Self

from accredit.trust.lint import seen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from accredit.issuers import OwnIssuers, Portability
    from accredit.trust.credential import MultiAudience
    from accredit.trust.lint.seen import Seen
    from accredit.trust.written import WrittenTrust

Cloud = Literal["public", "usgov", "china"]
Path = Literal["issuer", "subject", "claimsMatchingExpression", "audiences", "record"]
"""The member that a finding is about, as the directory's API names it; ``record``: how the issuer's keys are known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Where a trust is to hold, and what was seen of its issuer."""

    portability: Portability = "entra"
    own: OwnIssuers | None = None  # the issuers of the authority itself
    siblings: tuple[WrittenTrust, ...] = ()  # the other trusts of the same application; ``lint`` fills this in
    earlier: int | None = None  # how many of them stand before it; None: all
    now: datetime | None = None  # aware UTC
    unused_days: int = 90  # a trust that nobody used for so long is forgotten
    several_audiences: MultiAudience = "contained"  # the tenant's rule
    cloud: Cloud = "public"
    published_algorithms: frozenset[str] | None = None  # those of the issuer's keys
    shared_thumbprints: frozenset[str] = frozenset()  # of keys that another issuer has as well
    subject_generations: frozenset[str] = frozenset()  # subject forms that the issuer was seen to send for this subject
    unresolvable: bool = False  # the issuer's host was asked for twice, a day apart, and does not exist
    observed_lifetime: int | None = None  # seconds; of the longest token that was seen
    without_exp: bool = False  # tokens of the issuer came without ``exp``
    seen: Mapping[UUID, Seen] = field(default_factory=dict)  # by issuer record; ``about`` spreads it
    emulator: bool = False  # what is reached over loopback is this machine's business

    @property
    def before(self) -> tuple[WrittenTrust, ...]:
        """The trusts of the same application that stand before this one."""
        return self.siblings if self.earlier is None else self.siblings[: self.earlier]

    def about(self, trust: WrittenTrust, others: Sequence[WrittenTrust], earlier: int) -> Self:
        """Return what is known around one trust: of its application and of its issuer.

        ``others`` are the other trusts of its application that are judged with it, of which ``earlier`` stand before.
        """
        around = replace(self, siblings=(*self.siblings, *others), earlier=len(self.siblings) + earlier)
        known = self.seen.get(trust.record.id) if trust.record is not None else None
        if known is not None:
            around = replace(
                around,
                published_algorithms=known.algorithms,
                shared_thumbprints=known.shared_thumbprints,
                unresolvable=known.unresolvable,
                observed_lifetime=known.lifetime,
                without_exp=known.without_exp,
            )
        forms = self.subject_generations | seen.generations(trust, around.siblings)
        return replace(around, subject_generations=forms)
