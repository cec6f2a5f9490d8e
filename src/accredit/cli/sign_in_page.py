"""How one sign-in looks to people: the answer first, then who, what, how, and the checks in their order.

Rule 1: what can be copied stays whole on its line; sentences are folded.
Rule 2: every value from outside is made visible before it is printed.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Final

from accredit.cli.ink import cells, folded, safe, width
from accredit.cli.shapes import instant
from accredit.signins import checks, hashed, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from accredit.cli.ink import Ink
    from accredit.explain import Suggestion
    from accredit.signins import Event, VerdictKept

_LABEL: Final = 7  # columns of a section's name
_NAME: Final = 12  # columns of a value's name
_INDENT: Final = " " * (_LABEL + 1)
_CLAIMS: Final = {"iss": "issuer", "aud": "audience", "sub": "subject"}
_MARKS: Final = {"pass": "✓", "fail": "✗", "skip": "–"}  # noqa: RUF001  a dash: it was not made

Lines = list[str]


def page(of: Event, ink: Ink) -> Lines:
    """Draw a sign-in."""
    return [
        *_headline(of, ink),
        *_section("Who", _who(of), ink),
        *_section("What", _what(of), ink),
        *_section("How", _how(of), ink),
        *_section("Ids", _ids(of), ink),
        *_section("When", _when(of), ink),
        *_why(of, ink),
        *_proof(of, ink),
    ]


def suggested(of: Suggestion, shape: Mapping[str, Any], ink: Ink) -> Lines:
    """Draw a suggestion: the credential, the command that makes it, and the same as a request."""
    trust = shape["credential"]
    lines = folded(safe(of.sentence), width())
    rows = (("name", trust["name"]), ("issuer", trust["issuer"]), ("subject", trust["subject"]))
    lines += [_row(name, value, "  ", ink) for name, value in (*rows, ("audience", trust["audiences"][0]))]
    if shape["request"] is None:
        return lines
    ask = shape["request"]
    body = json.dumps(ask["body"], ensure_ascii=False)
    return [*lines, "", ink.accent(safe(shape["command"])), "", f"{ask['method']} {ask['path']}", safe(body)]


def _headline(of: Event, ink: Ink) -> Lines:
    """Say how it ended: granted, or the code, its name, and the text that the caller got."""
    times = f" ({of.count} times, last {instant(of.last_at)})" if of.count > 1 else ""
    if of.code == 0:
        return [f"{ink.good('✓')} {ink.bold('granted')}{times}"]
    named = f" · {name}" if (name := words.named(of.code, of.failure)) else ""
    said = [*folded(safe(of.failure), width() - 2), *(folded(safe(of.detail), width() - 2) if of.detail else ())]
    return [f"{ink.bad('✗')} {ink.bold(words.code(of.code))}{named}{times}", *(f"  {each}" for each in said)]


def _who(of: Event) -> Iterator[tuple[str, str]]:
    yield "", of.app_name
    yield "app", str(of.app_id)
    yield "principal", str(of.principal_id)


def _what(of: Event) -> Iterator[tuple[str, str]]:
    if asked := of.resource_name or of.wanted:
        yield "", asked
    if of.resource_app_id is not None:
        yield "API", str(of.resource_app_id)
    if of.roles:
        lines = folded(safe(", ".join(of.roles)), width() - len(_INDENT) - _NAME)
        yield from zip(("roles", *[" "] * (len(lines) - 1)), lines, strict=True)


def _how(of: Event) -> Iterator[tuple[str, str]]:
    from accredit.interop.graph import signin

    yield "", f"{words.evidence(of.evidence)} {of.credential_name}".rstrip()
    rows: tuple[tuple[str, object], ...] = (
        ("id", of.credential_id),
        ("matched", of.clause),
        ("key id", of.key_id),
        ("thumbprint", of.thumbprint),
        ("issuer", of.issuer),
        ("subject", of.subject),
        ("audience", ", ".join(of.audiences)),
        *_asked_for(of),
        ("signed with", " ".join(each for each in (of.algorithm, of.kid) if each)),
        ("lifetime", _seconds(signin.lifetime(of))),
        ("jti", hashed(of.token_id)),
        ("sha256", of.digest),
        ("keys", f"stale for {math.ceil(of.keys_stale)} s: the issuer could not be reached" if of.keys_stale else ""),
        *(("subject", each) for each in of.subjects),
    )
    yield from ((name, str(value)) for name, value in rows if value is not None and value != "")


def _asked_for(of: Event) -> Iterator[tuple[str, str]]:
    """Yield the claims that an expression looked at; what is kept for a trust of tomorrow is in the JSON."""
    looked = [of.clause, *(check.expected for each in of.verdicts for check in each.checks if check.claim == "sub")]
    for name, value in of.claims:
        path = name.removeprefix("claims") if name.startswith("claims[") else f"['{name}']"
        if any(path in each for each in looked):
            yield name, value


def _seconds(of: float | None) -> str:
    return "" if of is None else f"{of:g} s"


def _ids(of: Event) -> Iterator[tuple[str, str]]:
    yield "request", str(of.id)
    if of.last_id is not None:
        yield "last", str(of.last_id)
    yield "correlation", str(of.correlation_id)
    if of.uti:
        yield "uti", of.uti


def _when(of: Event) -> Iterator[tuple[str, str]]:
    took = f", {of.duration:.1f} ms" if of.count == 1 else ""
    yield "", f"{of.at:%Y-%m-%d %H:%M:%SZ}{took}, from {of.address or 'several addresses'}"
    if of.user_agent:
        yield "agent", of.user_agent


def _why(of: Event, ink: Ink) -> Lines:
    """Draw the checks in the order of the exchange, then what the credentials that came nearest were compared with."""
    paint = {"pass": ink.good, "fail": ink.bad, "skip": ink.faint}
    made = [(f"{_MARKS[each.result]} {each.name}", paint[each.result]) for each in checks(of)]
    lines = list(_flowing(made))
    for verdict in of.verdicts:
        lines += _verdict(verdict, ink)
        if verdict is of.verdicts[0] and of.nearest:
            lines += [f"  {each}" for each in folded(safe(of.nearest), width() - len(_INDENT) - 2)]
    if of.nearest and not of.verdicts:
        lines += folded(safe(of.nearest), width() - len(_INDENT))
    return _labelled("Why", lines, ink)


def _flowing(words: Iterable[tuple[str, Any]]) -> Iterator[str]:
    """Yield lines of painted words, two blanks between them."""
    line, used = "", 0
    for text, paint in words:
        if used and used + cells(text) > width() - len(_INDENT):
            yield line
            line, used = "", 0
        line, used = (f"{line}  {paint(text)}" if line else paint(text)), used + cells(text) + 2
    yield line


def _verdict(of: VerdictKept, ink: Ink) -> Lines:
    """Draw one credential: what passed, and beneath each other the two values that differ."""
    marks = [(ink.good if each.passed else ink.bad)("✓" if each.passed else "✗") for each in of.checks]
    named = "  ".join(f"{mark} {_CLAIMS[each.claim]}" for mark, each in zip(marks, of.checks, strict=True))
    lines = [f"{ink.bold(safe(of.name))}  {named}", _row("id", str(of.credential_id), "  ", ink)]
    for each in of.checks:
        if not each.passed:
            lines += [_row("credential", each.expected, "  ", ink), _row("token", each.presented, "  ", ink)]
    return lines


def _proof(of: Event, ink: Ink) -> Lines:
    if of.evidence == "none":
        return []
    paint = ink.good if of.proof == "proven" else ink.bad
    first, *more = folded(safe(f"{of.proof}: {words.proof(of)}"), width() - len(_INDENT))
    return _labelled("Proof", [paint(first), *more], ink)


def _section(label: str, rows: Iterable[tuple[str, str]], ink: Ink) -> Lines:
    lines = [_row(name, value, "", ink) if name else safe(value) for name, value in rows]
    return _labelled(label, lines, ink) if lines else []


def _labelled(label: str, lines: Lines, ink: Ink) -> Lines:
    first, *more = lines or [""]
    head = f"{ink.bold(label)}{' ' * (_LABEL + 1 - cells(label))}{first}".rstrip()
    return [head, *(_INDENT + each for each in more)]


def _row(name: str, value: str, indent: str, ink: Ink) -> str:
    shown = safe(name)
    return f"{indent}{ink.faint(shown)}{' ' * max(1, _NAME - cells(shown))}{safe(value)}"
