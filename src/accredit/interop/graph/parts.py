"""What the JSON of several objects of Microsoft Graph has in common: parts, times, and how a body changes a value.

Rule 1: a value is written whole, in the order of its type's members, nulls included.
Rule 2: a body changes what it names: an object member by member, a collection as a whole; ``null`` takes a value away.
Rule 3: what Graph does not know is refused by the path of the member; annotations (``@odata.…``) are nobody's member.
"""

from __future__ import annotations

import types
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeVar, get_args, get_origin
from uuid import UUID

import msgspec

from accredit.directory import AppRole, Certificate, GivenCertificate, Secret, read_guid
from accredit.errors import PROPERTY_INVALID, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Json = dict[str, Any]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]
"""A time as it is read: RFC 3339, any fraction, any offset, but one of them."""
S = TypeVar("S", bound=msgspec.Struct)
V = TypeVar("V")

ANNOTATION: Final = "@odata."
KEY: Final = "KeyCredential"
SECRET: Final = "PasswordCredential"  # noqa: S105  a name of Graph


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An object as Graph writes it; its members stand in Graph's order."""


class Role(Wire, frozen=True, kw_only=True):
    """An appRole."""

    allowed_member_types: tuple[Literal["Application", "User"], ...]
    description: str | None = None
    display_name: str
    id: UUID
    is_enabled: bool = True
    origin: str | None = None
    value: str | None = None


class KeyCredential(Wire, frozen=True, kw_only=True):
    """A certificate. ``key`` is base64, of DER or PEM; it is shown where it is asked for."""

    custom_key_identifier: str | None = None
    display_name: str | None = None
    end_date_time: Instant | None = None
    key: str | None = None
    key_id: UUID | None = None
    start_date_time: Instant | None = None
    type: str | None = "AsymmetricX509Cert"
    usage: str | None = "Verify"


class PasswordCredential(Wire, frozen=True, kw_only=True):
    """A client secret. ``secret_text`` is shown once."""

    custom_key_identifier: str | None = None
    display_name: str | None = None
    end_date_time: Instant | None = None
    hint: str | None = None
    key_id: UUID | None = None
    secret_text: str | None = None
    start_date_time: Instant | None = None


def instant(moment: datetime) -> str:
    """Write a time (aware) to the second: ``2026-11-23T14:00:00Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


def dashed(of: UUID | None) -> str | None:
    """Write an id; ``None`` where there is none."""
    return None if of is None else str(of)


def role(of: AppRole) -> Role:
    """Write an app role."""
    return Role(
        allowed_member_types=of.member_types,
        description=of.description or None,
        display_name=of.display_name,
        id=of.id,
        is_enabled=of.enabled,
        origin="Application",
        value=of.value or None,
    )


def app_role(of: Role) -> AppRole:
    """Read an app role; one without a value stands in no token."""
    return AppRole(
        id=of.id,
        value=of.value or "",
        display_name=of.display_name,
        description=of.description or "",
        enabled=of.is_enabled,
        member_types=of.allowed_member_types,
    )


def key_credential(of: Certificate, *, with_key: bool = False) -> KeyCredential:
    """Write a certificate; the certificate itself only where it is asked for."""
    return KeyCredential(
        custom_key_identifier=of.thumbprint,
        display_name=of.display_name,
        end_date_time=of.ends_at,
        key=b64encode(of.der).decode() if with_key else None,
        key_id=of.key_id,
        start_date_time=of.starts_at,
    )


def password_credential(of: Secret, value: str | None = None) -> PasswordCredential:
    """Write a client secret. ``value``: given when it has just been made, and never again."""
    return PasswordCredential(
        display_name=of.display_name,
        end_date_time=of.ends_at,
        hint=of.hint,
        key_id=of.key_id,
        secret_text=value,
        start_date_time=of.starts_at,
    )


def certificate(of: KeyCredential) -> Certificate:
    """Read a certificate that Graph wrote; it may not have shown the certificate itself."""
    return Certificate(
        key_id=given(of.key_id, "keyId", KEY),
        der=_octets(of.key or ""),
        thumbprint=of.custom_key_identifier or "",
        starts_at=given(of.start_date_time, "startDateTime", KEY),
        ends_at=given(of.end_date_time, "endDateTime", KEY),
        display_name=of.display_name,
    )


def given_certificate(of: KeyCredential) -> GivenCertificate:
    """Read a certificate that a caller lists: a new one with its key, or one that is registered, by its id."""
    if of.type != "AsymmetricX509Cert":
        raise invalid("type", KEY, "it is AsymmetricX509Cert")
    if of.usage != "Verify":
        raise invalid("usage", KEY, "it is Verify: this authority signs nothing with keys of others")
    return GivenCertificate(
        data=_octets(of.key) if of.key is not None else None,
        key_id=of.key_id,
        display_name=of.display_name,
        starts_at=of.start_date_time,
        ends_at=of.end_date_time,
    )


def secret(of: PasswordCredential) -> Secret:
    """Read a client secret that Graph wrote: what proves it is not shown."""
    return Secret(
        key_id=given(of.key_id, "keyId", SECRET),
        salt=b"",
        digest=b"",
        hint=of.hint or "",
        starts_at=given(of.start_date_time, "startDateTime", SECRET),
        ends_at=given(of.end_date_time, "endDateTime", SECRET),
        display_name=of.display_name,
    )


def given(value: V | None, name: str, kind: str) -> V:
    """Return a member that must be there."""
    if value is None:
        raise invalid(name, kind, "it is missing")
    return value


def written(value: object) -> Any:  # noqa: ANN401  JSON
    """Write a value as JSON: every member, defaults and nulls too."""
    if isinstance(value, msgspec.Struct):
        return {name: written(getattr(value, each.name)) for name, each in members(type(value)).items()}
    if isinstance(value, tuple):
        return [written(each) for each in value]
    if isinstance(value, datetime):
        return instant(value)
    return str(value) if isinstance(value, UUID) else value


def merged(kind: str, of: type[S], body: object, stored: S | None = None, path: str = "") -> S:
    """Return ``stored`` (``None``: a new one) as ``body`` changes it. Raises ``Refused(PROPERTY_INVALID)``."""
    if not isinstance(body, Mapping):
        raise invalid(path.rstrip("/"), kind, "not an object")
    known = members(of)
    given = {name: value for name, value in body.items() if ANNOTATION not in name}
    if unknown := given.keys() - known.keys():
        raise invalid(path + min(unknown), kind, "there is no such member")
    found: dict[str, object] = {}
    for name, each in known.items():
        if name in given and not (given[name] is None and _resets(each)):
            now = None if stored is None else getattr(stored, each.name)
            found[each.name] = _value(kind, each, given[name], now, path + name)
        elif name not in given and stored is not None:
            found[each.name] = getattr(stored, each.name)
        elif each.required:
            raise invalid(path + name, kind, "it is missing")
    return of(**found)


@cache  # for each type of this package
def members(of: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    """Return the members of a type by the names that they have in JSON."""
    return {each.encode_name: each for each in msgspec.structs.fields(of)}


def refuse_changed(
    kind: str, of: type[msgspec.Struct], body: Mapping[str, Any], stored: object, names: Iterable[str], path: str = ""
) -> None:
    """Refuse read-only members that do not say what is so: ``Refused(PROPERTY_INVALID)``.

    Values are compared, not texts: times to the second whatever their offset, ids whatever their case, objects as they
    would be if the body changed them (``null``: as they are by default).
    """
    known = members(of)
    for name in names:
        if name in body:
            so = getattr(stored, known[name].name)
            if _comparable(_read_only(kind, known[name], body[name], so, path + name)) != _comparable(so):
                raise invalid(path + name, kind, "read-only")


def invalid(name: str, kind: str, reason: str) -> Refused:
    """Make the refusal of a member."""
    return Refused(PROPERTY_INVALID, property=name, kind=kind, detail=f"{name}: {reason}")


def _octets(text: str) -> bytes:
    """Read base64 of one or of many lines."""
    try:
        return b64decode("".join(text.split()), validate=True)
    except ValueError as error:
        raise invalid("key", KEY, "not base64") from error


def _value(kind: str, member: msgspec.structs.FieldInfo, given: object, stored: object, path: str) -> object:
    inner, many = _parts(member.type)
    if inner is None or given is None:
        try:
            found = msgspec.convert(given, member.type)
            return found.astimezone(UTC) if isinstance(found, datetime) else found
        except (msgspec.ValidationError, OverflowError) as error:  # the latter: year 9999 in America is 10000 here
            raise invalid(path, kind, str(error)) from error
    if not many:
        now = stored if isinstance(stored, inner) else None
        return merged(kind, inner, given, now, path + "/")
    if not isinstance(given, list):
        raise invalid(path, kind, "not a collection")
    return tuple(merged(kind, inner, each, None, path + "/") for each in given)


def _read_only(kind: str, member: msgspec.structs.FieldInfo, told: object, stored: object, path: str) -> object:
    """Return what a body says of a member, read as its type says."""
    if told is None and _resets(member):
        return member.default
    return _value(kind, member, told, stored, path)


def _comparable(value: object) -> object:
    found = written(value)
    return (read_guid(found) or found) if isinstance(found, str) else found


def _resets(member: msgspec.structs.FieldInfo) -> bool:
    """Whether ``null`` puts the default back: where the type has no null, but there is a default."""
    return not member.required and type(None) not in get_args(member.type)


def _parts(of: Any) -> tuple[type[msgspec.Struct] | None, bool]:  # noqa: ANN401  an annotation
    """Return the type of objects that a member consists of, if it does; and whether there are several."""
    if get_origin(of) is tuple:
        return _object(get_args(of)[0]), True
    options: Sequence[object] = get_args(of) if isinstance(of, types.UnionType) else (of,)
    return next((found for each in options if (found := _object(each))), None), False


def _object(of: object) -> type[msgspec.Struct] | None:
    return of if isinstance(of, type) and issubclass(of, msgspec.Struct) else None
