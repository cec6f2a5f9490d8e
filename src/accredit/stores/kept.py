"""What stands in ``body``: each value whole, as JSON.

Rule 1: a credential is kept with the id of its issuer record; whoever reads one gets the record as it is now.
"""

from __future__ import annotations

from datetime import datetime
from sys import intern
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec

from accredit.stores.kinds import CREDENTIALS, KINDS
from accredit.trust import FederatedCredential, MultiAudience
from accredit.trust.expression import parse as parse_expression

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from accredit.issuers import Issuer


class KeptCredential(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A federated identity credential as it stands in ``body``: the issuer by id, the expression as its text."""

    id: UUID
    tenant_id: UUID
    application_id: UUID
    name: str
    issuer_id: UUID
    audience: str
    created_at: datetime
    subject: str | None = None
    expression: str | None = None
    language_version: int = 1
    description: str | None = None
    enabled: bool = True
    multi_audience: MultiAudience | None = None
    listed_audiences: tuple[str, ...] = ()
    revision: int = 1

    @classmethod
    def of(cls, credential: FederatedCredential) -> KeptCredential:
        """Return ``credential`` as it is kept."""
        expression = credential.expression
        return cls(
            id=credential.id,
            tenant_id=credential.tenant_id,
            application_id=credential.application_id,
            name=credential.name,
            issuer_id=credential.issuer.id,
            audience=credential.audience,
            created_at=credential.created_at,
            subject=credential.subject,
            expression=None if expression is None else expression.text,
            language_version=1 if expression is None else expression.language_version,
            description=credential.description,
            enabled=credential.enabled,
            multi_audience=credential.multi_audience,
            listed_audiences=credential.listed_audiences,
            revision=credential.revision,
        )

    def assembled(self, issuer: Issuer, application_id: UUID | None = None) -> FederatedCredential:
        """Return the credential with its issuer record. What all credentials of an application repeat is shared."""
        expression = self.expression
        return FederatedCredential(
            id=self.id,
            tenant_id=issuer.tenant_id,
            application_id=application_id or self.application_id,
            name=self.name,
            issuer=issuer,
            audience=intern(self.audience),
            created_at=self.created_at,
            subject=self.subject,
            expression=None if expression is None else parse_expression(expression, self.language_version),
            description=self.description,
            enabled=self.enabled,
            multi_audience=self.multi_audience,
            listed_audiences=self.listed_audiences,
            revision=self.revision,
        )


def body(value: msgspec.Struct) -> bytes:
    """Return ``value`` whole, as it is kept."""
    return msgspec.json.encode(KeptCredential.of(value) if isinstance(value, FederatedCredential) else value)


READ: Final[Mapping[str, Callable[[bytes], Any]]] = {
    kind.table: msgspec.json.Decoder(KeptCredential if kind is CREDENTIALS else kind.type).decode for kind in KINDS
}
"""How the bodies of each table are read. A credential still lacks its issuer record."""
