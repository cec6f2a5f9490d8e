"""What of trusts Microsoft Entra ID would take, and what is left out because it would not.

Rule 1: nothing becomes wider on its way: what Entra ID cannot say as narrowly is left out, and told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from accredit.errors import Refused
from accredit.trust import MOST
from accredit.trust import expression as language
from accredit.trust import read as judged

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from accredit.trust.written import WrittenTrust


def portable(trusts: Sequence[WrittenTrust]) -> tuple[list[WrittenTrust], list[str]]:
    """Return the trusts as Entra ID takes them, and a sentence on each that it does not take as it stands."""
    found: list[WrittenTrust] = []
    notes: list[str] = []
    count: dict[str, int] = {}
    for each in trusts:
        try:
            taken = list(_taken(each))
        except Refused as refused:
            why = f"{refused.message} {refused.detail}".strip()
            notes.append(f"{_called(each)} is left out: Entra ID would refuse it. {why}")
            continue
        except _Unportable as error:
            notes.append(f"{_called(each)} is left out: {error}")
            continue
        held = count.get(each.application, 0) + len(taken)
        if held > MOST:
            notes.append(f"{_called(each)} is left out: an application has at most {MOST} in Entra ID")
            continue
        count[each.application] = held
        found += taken
        notes += _remarks(each, taken)
    return found, notes


class _Unportable(Exception):
    """Entra ID has no way of saying it."""


def _taken(of: WrittenTrust) -> Iterator[WrittenTrust]:
    """Yield what Entra ID takes in place of a trust."""
    if not of.enabled:
        raise _Unportable("it is disabled, and Entra ID would trust it at once")
    if of.multi_audience in {"listed", "refuse"}:
        raise _Unportable("its rule for tokens with several audiences is narrower than the one that Entra ID has")
    texts: Sequence[str | None] = (of.expression,) if of.language_version == 1 else _translated(of)
    for number, text in enumerate(texts, 1):
        name = of.name if len(texts) == 1 else f"{of.name}-{number}"
        made = replace(of, name=name, expression=text, language_version=1)
        judged(
            name=made.name,
            issuer=made.issuer,
            subject=made.subject,
            expression=made.expression,
            audiences=made.audiences,
            description=made.description,
            portable=True,
        )
        yield made


def _translated(of: WrittenTrust) -> Sequence[str]:
    parsed = language.parse(of.expression or "", of.language_version)
    if reasons := language.not_portable(parsed, of.issuer):
        raise _Unportable(f"Entra ID cannot say it as narrowly: {'; '.join(reasons)}")
    return language.to_entra(parsed, of.issuer)


def _remarks(of: WrittenTrust, taken: Sequence[WrittenTrust]) -> Iterator[str]:
    if len(taken) > 1:
        names = ", ".join(each.name for each in taken)
        yield f"{_called(of)} becomes {len(taken)} credentials, since Entra ID knows no or: {names}"


def _called(of: WrittenTrust) -> str:
    return f"{of.application} / {of.name}" if of.application else of.name or "a trust without a name"
