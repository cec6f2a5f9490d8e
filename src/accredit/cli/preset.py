"""``accredit preset``: platforms, how each is trusted, and what its tokens say. It needs no server and no store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from accredit.cli.grammar import group
from accredit.cli.output import Column
from accredit.cli.preset_form import option_of
from accredit.cli.session import pass_session
from accredit.cli.words import accredit

if TYPE_CHECKING:
    from accredit.cli.session import Session
    from accredit.trust.presets import Preset

COLUMNS: Final = (
    Column("Preset", "id"),
    Column("Platform", "title"),
    Column("Tier", "tier"),
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

    values: dict[str, str] = {}
    for _ in of.fields:
        try:
            presets.render(of, values)
        except presets.FormError as error:
            lacking = [field for each in error.findings if (field := of.field(each.field)) is not None]
            values |= {each.name: each.example for each in lacking}
    options = [part for name, value in values.items() for part in _given(name, value)]
    return accredit("credential", "add", "APP", "--preset", of.id, *options, "--dry-run")


def _given(name: str, value: str) -> tuple[str, ...]:
    return ("--field", f"{name}={value}") if name == "name" else (option_of(name), value)


def _field(of: dict[str, Any]) -> str:
    said = of["help"]
    choices = f" One of {', '.join(of['choices'])}." if of["choices"] else ""
    warned = "".join(f" {each}" for each in of["warnings"])
    return f"{option_of(of['name'])}  {said}{choices}{warned}"


def _mode(of: dict[str, Any]) -> str:
    trusts = of["subject"] or f"expression, version {of['languageVersion']}"
    return f"{of['id']}  {of['title']}. {of['help']} ({trusts})"


def _claim(of: dict[str, Any]) -> str:
    owner = f" of the {of['of']}" if of["of"] else ""
    return f"{'.'.join(of['path'])}  {of['type']}, {of['class']}{owner}"


def _list(name: str, line: Any) -> Any:  # noqa: ANN401  what makes a line of an element
    return lambda shape: [line(each) for each in shape[name]]


_STANDING: Final = {
    "proven": "proven: forms, sample tokens and near misses are tested",
    "unproven": "unproven: written from documentation, and not yet held against a token of the platform",
}
DETAILS: Final = (
    Column("preset", "id"),
    Column("platform", "title"),
    Column("", "summary"),
    Column("also called", "aliases"),
    Column("standing", "standing", lambda shape: _STANDING[shape["standing"]]),
    Column("not supported", "unsupported"),
    Column("documentation", "docsUrl"),
    Column("issuer", "issuer.templates"),
    Column("audience", "audience.how"),
    Column("modes", "modes", _list("modes", _mode)),
    Column("fields", "fields", _list("fields", _field)),
    Column("look out for", "lint"),
    Column("claims", "claims", _list("claims", _claim)),
    Column("to paste", "snippets", _list("snippets", lambda each: f"{each['title']}  {each['file']}".rstrip())),
)
