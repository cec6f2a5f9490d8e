"""A trust as somebody wrote it: in a directory, in a file, in an export of another. It may never be stored as it is.

Rule 1: nothing is judged here and nothing refused; what cannot even be read stays text, for ``trust.lint`` to name.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Self

import msgspec

from accredit.issuers.record import Issuer
from accredit.trust.credential import FederatedCredential, MultiAudience

Member = Literal["issuer", "subject", "claimsMatchingExpression", "audiences"]


class WrittenTrust(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One federated identity credential, whoever wrote it and wherever it stands."""

    name: str
    issuer: str
    subject: str | None = None
    expression: str | None = None
    language_version: int = 1  # of the expression
    audiences: tuple[str, ...] = ()
    description: str | None = None
    application: str = ""  # its display name, or what stands for it in a file
    source: str = ""  # the file and the place in it, as people read it: ``trust.json:12``
    enabled: bool = True
    multi_audience: MultiAudience | None = None  # None: as the tenant says
    listed_audiences: tuple[str, ...] = ()
    preset: str | None = None  # the preset whose form it was made with, ``id@version``
    created_at: datetime | None = None  # None: not known
    last_used_at: datetime | None = None  # None: not known, or never
    record: Issuer | None = None  # how the issuer's keys are known; None: it is not known where this was written

    @classmethod
    def of(cls, credential: FederatedCredential, application: str = "") -> Self:
        """Return a stored credential as its author wrote it. ``application``: the display name."""
        expression = credential.expression
        return cls(
            name=credential.name,
            issuer=credential.issuer.url,
            subject=credential.subject,
            expression=expression.text if expression else None,
            language_version=expression.language_version if expression else 1,
            audiences=(credential.audience,),
            description=credential.description,
            application=application,
            enabled=credential.enabled,
            multi_audience=credential.multi_audience,
            listed_audiences=credential.listed_audiences,
            created_at=credential.created_at,
            record=credential.issuer,
        )

    @property
    def texts(self) -> tuple[tuple[Member, str], ...]:
        """What is written and compared with tokens, by the member in which it stands."""
        subject, expression = self.subject or "", self.expression or ""
        members: tuple[tuple[Member, str], ...] = (
            ("issuer", self.issuer),
            ("subject", subject),
            ("claimsMatchingExpression", expression),
            *(("audiences", each) for each in self.audiences),
        )
        return tuple(each for each in members if each[1])
