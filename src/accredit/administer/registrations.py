"""What an application carries for others: size, control characters, and what Microsoft Graph would never store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from accredit.administer.limits import invalid, refuse_control, refuse_unlisted
from accredit.errors import ROLE_ENABLED, VALUE_TAKEN, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from accredit.directory import Registration
    from accredit.directory.registration import PermissionScope

KIND: Final = "Application"
AUDIENCES: Final = (
    "AzureADMyOrg",
    "AzureADMultipleOrgs",
    "AzureADandPersonalMicrosoftAccount",
    "PersonalMicrosoftAccount",
)
LONGEST_TEXT: Final = 2_048  # characters of any text
LONGEST_NAME: Final = 120  # characters of a uniqueName
LONGEST_TAG: Final = 256  # characters
MOST: Final = 1_200  # elements of any collection, as many as Entra ID's manifest holds in all


def refuse_unfit(before: Registration, after: Registration) -> None:
    """Refuse what is too large, an unknown audience, a second uniqueName, and changes to enabled permissions."""
    if before == after:
        return
    refuse_unlisted((after.sign_in_audience,), AUDIENCES, "signInAudience", KIND)
    _refuse_unique_name(before.unique_name, after.unique_name)
    refuse_tags(after.tags, KIND)
    refuse_large(after, KIND)
    _refuse_scopes(before.permission_scopes, after.permission_scopes)


def _refuse_unique_name(before: str | None, after: str | None) -> None:
    if before not in (None, after):
        raise invalid("uniqueName", KIND, "it never changes")
    if after is not None and not (0 < len(after) <= LONGEST_NAME and after.isprintable() and after.strip() == after):
        raise invalid("uniqueName", KIND, f"1 to {LONGEST_NAME} printable characters, no space at either end")


def refuse_large(registration: msgspec.Struct, kind: str) -> None:
    """Refuse, wherever it stands, a text or a collection that is too long, and a text with control characters."""
    for name, value in msgspec.to_builtins(registration).items():
        _refuse_large(name, value, kind)


def refuse_tags(tags: Iterable[str], kind: str) -> None:
    """Refuse a tag that is empty, too long, or not printable."""
    if not all(0 < len(each) <= LONGEST_TAG and each.isprintable() for each in tags):
        raise invalid("tags", kind, f"a tag has 1 to {LONGEST_TAG} printable characters")


def _refuse_large(name: str, value: object, kind: str) -> None:
    if isinstance(value, str):
        refuse_control(value, kind, name)
        if len(value) > LONGEST_TEXT:
            raise invalid(name, kind, f"longer than {LONGEST_TEXT} characters")
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    if len(parts) > MOST:
        raise invalid(name, kind, f"more than {MOST}")
    for each in parts:
        _refuse_large(name, each, kind)


def _refuse_scopes(before: Sequence[PermissionScope], after: Sequence[PermissionScope]) -> None:
    """Refuse two of one id or value, and changes to what is enabled: it is disabled first, as app roles are."""
    there = {each.id: each for each in after}
    values = [each.value for each in after if each.value]
    if len(there) < len(after) or len(set(values)) < len(values):
        raise Refused(VALUE_TAKEN, property="api/oauth2PermissionScopes", detail="two of one id, or of one value")
    for each in before:
        if each.is_enabled and there.get(each.id) not in (each, replace(each, is_enabled=False)):
            raise Refused(ROLE_ENABLED)
