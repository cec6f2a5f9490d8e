"""When something was last signed in with: Microsoft Graph's resources of that, and what it has none for.

Rule 1: Graph's are of secrets, certificates and service principals: ``appCredentialSignInActivity`` and
``servicePrincipalSignInActivity``. What was never used is there, without a time.
Rule 2: of federated credentials, and of how often, Graph tells nothing: ``CredentialUsage`` and ``SignInHour`` are
ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol
from uuid import UUID

import msgspec

from accredit.directory import Secret, read_guid
from accredit.interop.graph.opaque import from_base64, in_base64
from accredit.interop.graph.parts import dashed, instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from accredit.directory import Application, Certificate, ServicePrincipal
    from accredit.interop.graph.parts import Json
    from accredit.signins.usage import HourCount, Use

CREDENTIAL: Final = "AppCredentialSignInActivity"
PRINCIPAL: Final = "ServicePrincipalSignInActivity"
USAGE: Final = "CredentialUsage"
HOUR: Final = "SignInHour"
Origin = Literal["application", "servicePrincipal"]


class Last(msgspec.Struct, frozen=True):
    """A sign-in, as far as it is told: when it was, of which request, and for what resource."""

    at: datetime
    id: UUID
    resource_app_id: UUID | None = None


def newest(uses: Iterable[Use]) -> Last | None:
    """Return the newest grant of some uses."""
    lasts = [Last(each.last_at, each.last_id) for each in uses if each.last_at is not None and each.last_id is not None]
    return max(lasts, key=lambda each: each.at, default=None)


class Trusted(Protocol):
    """A federated credential, as far as whoever reads the log may know it."""

    @property
    def id(self) -> UUID: ...
    @property
    def name(self) -> str: ...
    @property
    def created_at(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Registered:
    """A secret or certificate, and what it belongs to."""

    application: Application
    principal: ServicePrincipal | None
    origin: Origin
    key: Secret | Certificate

    @property
    def id(self) -> str:
        """What Graph calls the activity: base64 of the key's id and where it stands."""
        return in_base64(f"{self.key.key_id}|{self.origin}")

    @property
    def type(self) -> Literal["clientSecret", "certificate"]:
        """What it is, as Graph says it here and in a sign-in's ``clientCredentialType``."""
        return "clientSecret" if isinstance(self.key, Secret) else "certificate"

    def asked(self) -> Json:
        """Return the values that a filter may name."""
        return {
            **{name: value for name, value in write_credential(self, None).items() if name in ASKED_OF_CREDENTIALS},
            "expirationDateTime": self.key.ends_at.replace(microsecond=0),
            "createdDateTime": self.key.starts_at.replace(microsecond=0),
        }


ASKED_OF_CREDENTIALS: Final = frozenset(
    {
        "id",
        "keyId",
        "keyType",
        "keyUsage",
        "appId",
        "appObjectId",
        "servicePrincipalObjectId",
        "credentialOrigin",
        "expirationDateTime",
        "createdDateTime",
    }
)
ASKED_OF_PRINCIPALS: Final = frozenset({"id", "appId"})
ASKED_OF_USAGE: Final = frozenset({"id", "appId", "credentialType", "name", "lastSignInDateTime", "grants", "refusals"})


def registered(application: Application, principal: ServicePrincipal | None) -> Iterator[Registered]:
    """Yield the secrets and certificates of an application and of its service principal, in a lasting order."""
    holders: list[tuple[Origin, Application | ServicePrincipal]] = [("application", application)]
    if principal is not None:
        holders.append(("servicePrincipal", principal))
    for origin, holder in holders:
        keys: list[Secret | Certificate] = [*holder.secrets, *holder.certificates]
        for key in sorted(keys, key=lambda each: each.key_id):
            yield Registered(application, principal, origin, key)


def write_credential(of: Registered, last: Last | None) -> Json:
    """Write what is told of a secret or certificate."""
    return {
        "id": of.id,
        "keyId": str(of.key.key_id),
        "keyType": of.type,
        "keyUsage": "sign" if isinstance(of.key, Secret) else "verify",  # as Graph's samples have it
        "appId": str(of.application.app_id),
        "appObjectId": str(of.application.id),
        "servicePrincipalObjectId": dashed(None if of.principal is None else of.principal.id),
        "resourceId": dashed(None if last is None else last.resource_app_id),
        "credentialOrigin": of.origin,
        "expirationDateTime": instant(of.key.ends_at),
        "createdDateTime": instant(of.key.starts_at),
        "signInActivity": _activity(last),
    }


def read_credential_id(text: str) -> UUID | None:
    """Return the id of the key that an activity is about; ``None`` for what is no id of one."""
    return read_guid(from_base64(text).partition("|")[0])


def principal_id(app_id: UUID) -> str:
    """Return what Graph calls the activity of a service principal: base64 of its appId."""
    return in_base64(str(app_id))


def read_principal_id(text: str) -> UUID | None:
    """Return the appId that an activity is about; ``None`` for what is no id of one."""
    return read_guid(from_base64(text))


def write_principal(app_id: UUID, as_client: Last | None, as_resource: Last | None) -> Json:
    """Write what is told of a service principal. Nobody signs in here on behalf of a person."""
    lasts = [each for each in (as_client, as_resource) if each is not None]
    last = max(lasts, key=lambda each: each.at, default=None)
    return {
        "id": principal_id(app_id),
        "appId": str(app_id),
        "applicationAuthenticationClientSignInActivity": _activity(as_client),
        "applicationAuthenticationResourceSignInActivity": _activity(as_resource),
        "delegatedClientSignInActivity": None,
        "delegatedResourceSignInActivity": None,
        "lastSignInActivity": _activity(last),
    }


def write_usage(application: Application, of: Trusted | Registered, use: Use) -> Json:
    """Write what came of one credential of an application; ours."""
    if isinstance(of, Registered):
        id_, type_, name, made = of.key.key_id, str(of.type), of.key.display_name, of.key.starts_at
    else:
        id_, type_, name, made = of.id, "federatedIdentityCredential", of.name, of.created_at
    return {
        "id": str(id_),
        "appId": str(application.app_id),
        "credentialType": type_,
        "name": name,
        "createdDateTime": instant(made),
        "lastSignInDateTime": None if use.last_at is None else instant(use.last_at),
        "lastSignInIpAddress": use.last_address or None,
        "lastSignInRequestId": dashed(use.last_id),
        "grants": use.grants,
        "refusals": use.refusals,
    }


def write_hour(of: HourCount) -> Json:
    """Write how many attempts ended in one way within an hour; ours."""
    return {
        "dateTime": instant(of.hour),
        "errorCode": of.code,
        "count": of.count,
        "credentialId": dashed(of.credential_id),
        "resourceId": dashed(of.resource_app_id),
    }


def _activity(last: Last | None) -> Any:  # noqa: ANN401  JSON
    if last is None:
        return None
    return {"lastSignInDateTime": instant(last.at), "lastSignInRequestId": str(last.id)}
