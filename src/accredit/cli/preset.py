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

    found = graph.write(presets.preset(name))
    session.show(found, DETAILS)
    if session.output == "table" and not session.query:
        session.remark("An example of it, before anything is stored:")
        session.note(_example(found))


def _example(of: dict[str, Any]) -> str:
    """Return a command that tries the safe default."""
    needed = {*of["modes"][0]["needs"], *(each["name"] for each in of["fields"] if each["isRequired"])}
    options = [
        part
        for each in of["fields"]
        if each["name"] in needed and not each["default"]
        for part in (option_of(each["name"]), each["example"] or "…")
    ]
    return accredit("credential", "add", "APP", "--preset", of["id"], *options, "--dry-run")


def _field(of: dict[str, Any]) -> str:
    said = of["help"]
    choices = f" One of {', '.join(of['choices'])}." if of["choices"] else ""
    return f"{option_of(of['name'])}  {said}{choices}"


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
    Column("documentation", "docsUrl"),
    Column("issuer", "issuer.templates"),
    Column("audience", "audience.how"),
    Column("modes", "modes", _list("modes", _mode)),
    Column("fields", "fields", _list("fields", _field)),
    Column("claims", "claims", _list("claims", _claim)),
    Column("to paste", "snippets", _list("snippets", lambda each: f"{each['title']}  {each['file']}".rstrip())),
)
