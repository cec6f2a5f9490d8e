"""Every `accredit …` that an advice or a document names exists in the command line. Nothing is run."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from accredit.cli.preset_form import PresetVerb
from accredit.cli.root import root
from accredit.errors import CATALOGUE
from tests.support.every import every

REPOSITORY = Path(__file__).parents[2]
DOCUMENTS = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(?:sh|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`(accredit [^`]+)`")
PROSE = re.compile(r"accredit( [^,.;:()]+)")
ENDS = frozenset({"|", "||", "&&", "&", ";", ">", "<", "2>", "#"})


def lines(document: str) -> Iterator[str]:
    """The command lines of a document: those of its blocks, and its spans of code."""
    for block in BLOCK.findall(document):
        for line in block.replace("\\\n", " ").splitlines():
            for part in re.split(r"[|;&]\s", line.removeprefix("$ ")):
                if part.strip().startswith("accredit "):
                    yield part.strip()
    for span in SPAN.findall(document):
        yield " ".join(span.split())


def words(line: str) -> list[str]:
    """What the shell would hand over to the program."""
    given = shlex.split(line, comments=True)[1:]
    end = next((n for n, word in enumerate(given) if word in ENDS), len(given))
    return given[:end]


def unknown(given: list[str], *, prose: bool = False) -> str:
    """What the command line does not know of these words; nothing when it knows all. ``prose``: words may follow."""
    command: click.Command = root
    context = click.Context(root, info_name="accredit")
    while isinstance(command, click.Group):
        if not given:
            return ""  # the group as a whole is meant
        if command.invoke_without_command and given[0].startswith("-"):
            break  # it does something by itself
        name = given[0]
        found = command.get_command(context, name)
        if found is None:
            return name
        command, given = found, given[1:]
        context = click.Context(command, info_name=name, parent=context)
    if prose:
        given = [each for each in given if each.startswith("-")]
        options = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
        return next((each for each in given if each not in options), "")
    if isinstance(command, PresetVerb) and "ID" not in given:  # ID stands for any of them
        command.choose(context, given)
    try:
        command.make_parser(context).parse_args(given)
    except click.UsageError as error:
        return error.format_message()
    return ""


def test_the_check_finds_what_does_not_exist() -> None:
    assert unknown(["issuer", "restart"]) == "restart"
    assert unknown(["issuer", "list", "shows", "them"], prose=True) == ""
    assert unknown(["tenant", "update", "--colour", "red"], prose=True) == "--colour"
    assert "--colour" in unknown(["tenant", "update", "--colour", "red"])
    assert [words(line) for line in lines("```sh\n$ accredit app list > x # all\n```\n`accredit sp\nlist`")] == [
        ["app", "list"],
        ["sp", "list"],
    ]


@every("row", [row for row in CATALOGUE.values() if "accredit " in row.advice], ids=lambda row: row.name)
def test_an_advice_names_commands_that_exist(row) -> None:
    for found in PROSE.findall(row.advice):
        assert unknown(found.split(), prose=True) == "", row.advice


@every("document", DOCUMENTS, ids=lambda path: path.name)
def test_a_document_names_commands_that_exist(document: Path) -> None:
    for line in lines(document.read_text("utf-8")):
        assert unknown(words(line)) == "", line


def test_commands_were_found() -> None:
    assert sum(1 for path in DOCUMENTS for _ in lines(path.read_text("utf-8"))) > 20
    assert sum("accredit " in row.advice for row in CATALOGUE.values()) > 15
