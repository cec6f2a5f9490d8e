"""How an explanation looks: for people, and as annotations of a job of GitHub Actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.cli.ink import cells, folded, safe, width

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from accredit.cli.ink import Ink
    from accredit.explain import Comparison, Explanation, Near, Step

MARKS: Final = {"pass": "✓", "fail": "✗", "skip": "–"}  # noqa: RUF001  a dash: it was not tried
_UNCHECKED: Final = {  # what is still to be seen, by the step that was not made
    "signature": "would match, if its signature holds (not checked)",
    "replay": "would match, if it was not used before (not looked up)",
}
_BOTH: Final = "would match, if its signature holds and it was not used before"
_LABEL: Final = 16  # columns of a step's label
_INDENT: Final = " " * 6
_CLAIMS: Final = {"iss": "issuer", "aud": "audience", "sub": "subject"}
_LEVELS: Final = {"accepted": "notice", "refused": "error"}


def annotation(found: Explanation, source: str = "") -> str:
    """Write an explanation as GitHub Actions reads annotations. ``source``: the file, and the line in it."""
    file, _, line = source.rpartition(":")
    where = {"file": file, "line": line} if file and line.isdigit() else {"file": source} if source else {}
    what = found.cause or ("would match" if found.outcome == "accepted" else "refused")
    title = " ".join(each for each in (found.application, found.code, what) if each)
    members = ",".join(f"{name}={_escaped(text, ':,')}" for name, text in {**where, "title": title}.items())
    return f"::{_LEVELS[found.outcome]} {members}::{_escaped(found.sentence)}"


def _escaped(text: str, more: str = "") -> str:
    return "".join(f"%{ord(each):02X}" if each in "%\r\n" + more else each for each in safe(text))


def drawn(found: Explanation, ink: Ink, *, hint: bool = False, source: str = "") -> list[str]:
    """Draw an explanation for people: the answer, the first reason, every step.

    ``hint``: keys can be fetched. ``source``: where the credential stands, in a file.
    """
    near = found.near[0] if found.near else None
    name = found.credential or (near.name if near else "")
    lines = briefly(found, ink)
    compared = {_CLAIMS.get(each.claim, each.claim): each for each in near.comparisons} if near else {}
    for step in found.steps:
        lines += _step(step, compared, ink, " (use --online)" if hint and step.id == "signature" else "")
    lines += _edits(found, near, ink)
    if warning := getattr(found, "warning", ""):
        lines += _labelled("note", warning, "  ", ink)
    if found.unlisted:
        new = ", ".join(f"{each.name} ({each.type})" for each in found.unlisted)
        said = f"the platform sends claims that are not in its ledger: {new}. It changed; nothing is decided by them."
        lines += _labelled("note", said, "  ", ink)
    others = [each for each in found.near[1:] if each.name != name]
    if others:
        lines += _labelled("less near", ", ".join(each.name for each in others), "  ", ink)
    for each in found.elsewhere:
        lines += _labelled("elsewhere", f"it would match the application {each}", "  ", ink)
    if source:
        lines += _labelled("stands in", source, "  ", ink)
    return lines


def briefly(found: Explanation, ink: Ink) -> list[str]:
    """Draw an explanation that is not the nearest: the answer and the first reason, without its steps."""
    near = found.near[0] if found.near else None
    name = found.credential or (near.name if near else "")
    if found.outcome != "accepted":
        answer, paint = "no match" if near else "refused", ink.bad
    else:
        answer, paint = ("match", ink.good) if found.complete else (_open(found), ink.bold)
    title = safe(found.application) + (f" / {safe(name)}" if name else "")
    return [*_heading(title, answer, paint, ink), *_prose(found.sentence, "  ")]


def _open(found: Explanation) -> str:
    """Say of a token that matches what nobody looked at."""
    left = [_UNCHECKED[each.id] for each in found.steps if each.status == "skip" and each.id in _UNCHECKED]
    return left[0] if len(left) == 1 else _BOTH


def _heading(title: str, answer: str, paint: Callable[[str], str], ink: Ink) -> list[str]:
    """Draw what was asked about, and the answer: below it where it has no room beside it."""
    if cells(title) + len("   ") + cells(answer) <= width():
        return [f"{ink.bold(title)}   {paint(answer)}"]
    return [*map(ink.bold, folded(title, width())), f"  {paint(answer)}"]


def _step(step: Step, compared: Mapping[str, Comparison], ink: Ink, hint: str) -> list[str]:
    mark = MARKS[step.status]
    paint = {"pass": ink.good, "fail": ink.bad, "skip": ink.faint}[step.status]
    said = " ".join(each for each in (step.code, safe(step.detail)) if each) + (hint if step.status == "skip" else "")
    label = step.label + " " * max(1, _LABEL - cells(step.label)) if said else step.label
    first, *more = folded(said, max(20, width() - _LABEL - 6))
    lines = [f"  {paint(mark)} {label} {first}".rstrip(), *(" " * (_LABEL + 5) + each for each in more)]
    if step.status == "fail" and (pair := compared.get(step.id)) is not None and not pair.passed:
        lines += _labelled("credential", pair.expected, _INDENT, ink, whole=True)
        lines += _labelled("token", pair.presented, _INDENT, ink, whole=True)
    return lines


def _edits(found: Explanation, near: Near | None, ink: Ink) -> list[str]:
    """Draw the changes that would help, each with its command; what nobody may do yet is said so."""
    lines: list[str] = []
    for each in found.edits or (near.edits if near else ()):
        if said := each.text or each.after:
            later = "" if each.offered else " (once somebody has proven who sent it)"
            lines += _labelled("fix", said + later, "  ", ink)
        if each.command:
            lines += _labelled("run", each.command, "  ", ink, whole=True)
    return lines


def _labelled(label: str, said: str, indent: str, ink: Ink, *, whole: bool = False) -> list[str]:
    broad = 10
    room = max(20, width() - len(indent) - broad - 2)
    first, *more = [safe(said)] if whole else folded(safe(said), room)
    pad = " " * (broad - cells(label))
    return [f"{indent}{ink.faint(label)}{pad}  {first}", *(indent + " " * (broad + 2) + each for each in more)]


def _prose(said: str, indent: str) -> list[str]:
    return [indent + each for each in folded(safe(said), max(20, width() - len(indent)))] if said else []
