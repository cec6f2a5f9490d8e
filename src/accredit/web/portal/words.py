"""How values look to people: instants, numbers, what was written by strangers."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from gettext import NullTranslations
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Callable

TRANSLATIONS: Final = NullTranslations()
"""English is what is written; another language is another object here."""

_UNITS: Final = ((86_400 * 365, "year"), (86_400 * 30, "month"), (86_400, "day"), (3_600, "h"), (60, "min"), (1, "s"))
_JUST: Final = timedelta(seconds=10)
_LINES: Final = frozenset("\n\t")


def _(text: str) -> str:
    """Return a text in the reader's language."""
    return TRANSLATIONS.gettext(text)


def visible(value: Any) -> Any:  # noqa: ANN401  whatever a template prints
    """Show what moves a cursor or hides text as an escape: nothing a stranger wrote looks like something else."""
    if not isinstance(value, str) or isinstance(value, Markup) or value.isprintable():
        return value
    return "".join(each if each.isprintable() or each in _LINES else _escape(each) for each in value)


def _escape(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def ago(instant: datetime, now: datetime) -> str:
    """Return ``3 min ago`` or ``in 6 days``: the largest unit only."""
    past = instant <= now
    distance = abs(now - instant)
    if distance < _JUST:
        return _("just now")
    seconds, name = next((size, name) for size, name in _UNITS if distance.total_seconds() >= size)
    number = int(distance.total_seconds() // seconds)
    unit = name if len(name) < 4 or number == 1 else f"{name}s"  # noqa: PLR2004  h, min and s have no plural
    return (_("{} {} ago") if past else _("in {} {}")).format(number, unit)


def stamp(instant: datetime) -> str:
    """Return an instant as it is read: ``2026-11-23 20:14:05 UTC``."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def machine(instant: datetime) -> str:
    """Return an instant as machines read it (HTML, ``datetime``)."""
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def number(count: int) -> Markup:
    """Return a number with narrow spaces between thousands."""
    return Markup(f"{count:,}".replace(",", "\u202f"))  # noqa: S704  digits; else the space would be shown as an escape


def short(text: str, most: int = 60) -> str:
    """Return a text cut in its middle: both ends of an issuer or a subject tell more than its beginning."""
    if len(text) <= most:
        return text
    head = most * 2 // 3
    return f"{text[:head]}…{text[-(most - head - 1) :]}"


def label_of(code: object) -> str:
    """Return a code as people quote it: 700213 is AADSTS700213."""
    text = str(code)
    return f"AADSTS{text}" if re.fullmatch("[0-9]{4,8}", text) else text


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "stamp": stamp,
    "machine": machine,
    "number": number,
    "short": short,
    "label_of": label_of,
}
