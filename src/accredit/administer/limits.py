"""What every name and value that an administrator types must obey, whatever it names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from accredit.errors import PROPERTY_INVALID, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

MULTI_AUDIENCE: Final = ("contained", "listed", "refuse")
LONGEST_NAME: Final = 256  # characters
LONGEST_DESCRIPTION: Final = 1_024  # characters
LONGEST_IDENTIFIER: Final = 255  # characters
LONGEST_ROLE_VALUE: Final = 250  # characters

_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]+")  # RFC 3986: a scheme; printable ASCII, no space
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")  # no tab, no end of a line
_ROLE: Final = re.compile(rf"(?!\.)[!-~]{{1,{LONGEST_ROLE_VALUE}}}")


def refuse_name(name: str, kind: str, property_name: str = "displayName") -> None:
    """Refuse a display name that is empty, too long, or not printable."""
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise invalid(property_name, kind, f"1 to {LONGEST_NAME} printable characters, not only spaces")


def refuse_description(text: str | None, kind: str) -> None:
    """Refuse a description that is too long, or has control characters."""
    if text is not None and len(text) > LONGEST_DESCRIPTION:
        raise invalid("description", kind, f"longer than {LONGEST_DESCRIPTION} characters")
    refuse_control(text or "", kind, "description")


def refuse_control(text: str, kind: str, property_name: str) -> None:
    """Refuse control characters in a text of several lines: whoever shows or logs it later may obey them."""
    if found := _CONTROL.search(text):
        raise invalid(property_name, kind, f"the control character U+{ord(found[0]):04X}")


def refuse_identifier(identifier: str) -> None:
    """Refuse what cannot be an identifier URI of an API."""
    if len(identifier) > LONGEST_IDENTIFIER or not _URI.fullmatch(identifier):
        reason = f"an absolute URI of at most {LONGEST_IDENTIFIER} printable ASCII characters, such as api://orders"
        raise invalid("identifierUris", "Application", reason)


def refuse_role_value(value: str) -> None:
    """Refuse what cannot stand in the claim ``roles``."""
    if not _ROLE.fullmatch(value):
        reason = f"1 to {LONGEST_ROLE_VALUE} printable ASCII characters without spaces, no dot at the beginning"
        raise invalid("value", "AppRole", reason)


def refuse_outside(number: int | None, least: int, most: int, property_name: str, kind: str) -> None:
    """Refuse a number outside its bounds; ``None`` is "not set"."""
    if number is not None and not least <= number <= most:
        raise invalid(property_name, kind, f"{number} is not within {least} to {most}")


def refuse_unlisted(values: Iterable[str], allowed: Iterable[str], property_name: str, kind: str) -> None:
    """Refuse values that are not among those allowed."""
    known = tuple(allowed)
    if wrong := [each for each in values if each not in known]:
        raise invalid(property_name, kind, f"{', '.join(wrong)} (there are: {', '.join(known)})")


def invalid(property_name: str, kind: str, reason: str) -> Refused:
    """Make the refusal of a property; ``reason`` says what is wrong with the value."""
    return Refused(PROPERTY_INVALID, property=property_name, kind=kind, detail=f"{property_name}: {reason}")
