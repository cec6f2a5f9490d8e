"""``accredit preset``: platforms, how each is trusted, and what its tokens say. It needs no server and no store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from accredit.cli.grammar import group
from accredit.cli.ink import folded, width
from accredit.cli.output import Column
from accredit.cli.preset_form import option_of
from accredit.cli.session import pass_session
from accredit.cli.words import accredit

if TYPE_CHECKING:
    from collections.abc import Callable

    from accredit.cli.session import Session
    from accredit.trust.presets import Preset

COLUMNS: Final = (
    Column("Preset", "id"),
    Column("Platform", "title"),
    Column("Standing", "standing"),
    Column("Also called", "aliases"),
)


@group("preset")
def preset() -> None:
    """Presets: the form of each platform, and the trust that follows from it."""


@preset.command("list")
@pass_session
def list_presets(session: Session) -> None:
    """List every platform that there is a form for."""
    from accredit.interop.graph import preset as graph
    from accredit.trust import presets

    session.show([graph.brief(presets.preset(each)) for each in presets.ids()], COLUMNS)


@preset.command("show")
@click.argument("name", metavar="ID")
@pass_session
def show(session: Session, name: str) -> None:
    """Show a platform's form: fields, ways of trusting it, what its tokens say, and what is pasted there."""
    from accredit.interop.graph import preset as graph
    from accredit.trust import presets

    found = presets.preset(name)
    session.show(graph.write(found), DETAILS)
    if session.output == "table" and not session.query and not found.unsupported:
        session.remark("An example, which stores nothing and prints what is pasted at the platform:")
        session.note(_example(found))


def _example(of: Preset) -> str:
    """Return a command that tries the safe default, filled in with the examples of the fields that it needs."""
    from accredit.trust import presets

    options = [part for name, value in presets.example(of).items() for part in _given(name, value)]
    return accredit("credential", "add", "APP", "--preset", of.id, *options, "--dry-run")


def _given(name: str, value: str) -> tuple[str, ...]:
    return ("--field", f"{name}={value}") if name == "name" else (option_of(name), value)


def _field(of: dict[str, Any]) -> list[str]:
    choices = f" One of {', '.join(of['choices'])}." if of["choices"] else ""
    return _hanging(option_of(of["name"]), f"{of['help']}{choices}")


def _mode(of: dict[str, Any]) -> list[str]:
    trusts = of["subject"] or f"an expression of version {of['languageVersion']}"
    return _hanging(of["id"], f"{of['title']}. {of['help']}", trusts)


def _claims(shape: dict[str, Any]) -> list[str]:
    """Return the claims of each kind, together: what may be trusted for good first."""
    found: dict[tuple[str, str], list[str]] = {}
    for each in shape["claims"]:
        found.setdefault((each["class"], each["of"] or ""), []).append(".".join(each["path"]))
    order = sorted(found, key=lambda kind: (list(_KINDS).index(kind[0]), kind[1]))
    room = max(_LEAST, width() - _LABELS - len(_GAP))
    said = (folded(f"{_kind(*kind)}: {', '.join(found[kind])}", room) for kind in order)
    return [_GAP * (n > 0) + line for lines in said for n, line in enumerate(lines)]


def _kind(cls: str, of: str) -> str:
    owner = {"": "", "person": " of a person"}.get(of, f" of the {of}")
    return f"{_KINDS[cls]}{owner}"


def _hanging(head: str, *paragraphs: str) -> list[str]:
    """Fold what is said of one thing below its name."""
    room = max(_LEAST, width() - _LABELS - len(_GAP))
    return [head, *(_GAP + line for each in paragraphs for line in folded(each, room))]


def _each(name: str, lines: Callable[[dict[str, Any]], list[str]]) -> Callable[[dict[str, Any]], list[str]]:
    return lambda shape: [line for each in shape[name] for line in lines(each)]


_GAP: Final = "  "
_LABELS: Final = 17  # columns that the names of the members take
_LEAST: Final = 20  # columns that prose gets
_KINDS: Final = {  # of claims, as docs/presets.md says them
    "id": "id",
    "name": "name",
    "bounded": "one of a few words",
    "person": "person",
    "run": "new in every run",
    "chosen": "chosen by the workload",
    "meta": "describes",
}
_STANDING: Final = {
    "proven": "proven: forms, sample tokens and near misses are tested",
    "unproven": "unproven: written from documentation, and not yet held against a token of the platform",
}
DETAILS: Final = (
    Column("preset", "id"),
    Column("platform", "title"),
    Column("", "summary"),
    Column("also called", "aliases", lambda shape: ", ".join(shape["aliases"])),
    Column("standing", "standing", lambda shape: _STANDING[shape["standing"]]),
    Column("not supported", "unsupported"),
    Column("documentation", "docsUrl"),
    Column("issuer", "issuer.templates"),
    Column("audience", "audience.how"),
    Column("modes", "modes", _each("modes", _mode)),
    Column("fields", "fields", _each("fields", _field)),
    Column("look out for", "lint", lambda shape: ", ".join(shape["lint"])),
    Column("claims", "claims", _claims),
    Column(
        "to paste",
        "snippets",
        lambda shape: [f"{each['title']}  {each['file']}".rstrip() for each in shape["snippets"]],
    ),
)
