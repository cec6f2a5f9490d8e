"""The formats: one value, six ways to write it, none of which depends on where it goes."""

import csv
import io
import json
import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from accredit import __version__
from accredit.cli.ink import Ink, cells, folded, safe
from accredit.cli.output import Column, Style, rendered, streamed

STYLE = Style(Ink(), 80)
COLUMNS = (Column("Name", "name"), Column("Depth", "deep.value"), Column("List", "list"), Column("Yes", "yes"))
ROWS = [
    {"name": "a", "deep": {"value": 1}, "list": ["x", "y"], "yes": True, "hidden": None},
    {"name": 'b "q", c', "deep": None, "list": [], "yes": False, "hidden": 2},
]
HOSTILE = "a\x1b[2Jb\r\n\tc\u202ed\x9be"


def test_a_query_picks_and_other_columns_are_gone(cli):
    ended = cli("credential", "list", "deploy-bot", "-o", "tsv", "-q", "[?lastSignInDateTime!=null].[name,issuer]")
    assert ended.out == "github-production\thttps://token.actions.githubusercontent.com\n"
    assert (
        cli("credential", "list", "deploy-bot", "-o", "tsv", "-q", "[?lastSignInDateTime==null].[name,issuer]").out
        == ""
    )
    assert cli("app", "list", "-q", "[].{n: displayName, a: appId}").out.splitlines()[0].split() == ["n", "a"]
    assert cli("app", "list", "-q", "length(@)").out == "3\n"
    assert cli("app", "show", "deploy-bot", "-q", "displayName", "-o", "json").out == '"deploy-bot"\n'


@pytest.mark.parametrize("kind", ["json", "jsonl", "yaml"])
def test_formats_for_programs_carry_the_same_value(cli, kind):
    expected = cli("app", "list", "-o", "json").json
    out = cli("app", "list", "-o", kind).out
    read = {
        "json": json.loads,
        "jsonl": lambda text: [json.loads(line) for line in text.splitlines()],
        "yaml": yaml.safe_load,
    }[kind]
    assert read(out) == expected


def test_keys_are_those_of_microsoft_graph(cli):
    assert list(cli("credential", "show", "deploy-bot", "github-production", "-o", "json").json) == [
        "id",
        "name",
        "issuer",
        "subject",
        "claimsMatchingExpression",
        "notPortable",
        "audiences",
        "description",
        "isEnabled",
        "lastSignInDateTime",
        "createdDateTime",
        "preset",
    ]
    shown = cli("app", "show", "deploy-bot", "-o", "json").json
    assert {"id", "appId", "displayName", "identifierUris", "appRoles", "passwordCredentials"} <= set(shown)


EMPTY = {"table": "Name  Depth  List  Yes\n", "json": "[]\n", "jsonl": "", "yaml": "[]\n", "tsv": ""}
EMPTY["csv"] = "name,deep.value,list,yes\r\n"


@pytest.mark.parametrize("kind", EMPTY)
def test_an_empty_list_is_an_empty_list(kind):
    assert rendered([], COLUMNS, kind, STYLE) == EMPTY[kind]


LISTS = {
    "sign-ins": ("logs", "list"),
    "service principals": ("sp", "list"),
    "credentials": ("credential", "list", "deploy-bot"),
    "permissions": ("permission", "list", "deploy-bot"),
    "applications": ("app", "list"),
    "issuers": ("issuer", "list"),
}
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@pytest.mark.parametrize("name", LISTS)
def test_an_id_is_never_broken(cli, monkeypatch, name):
    monkeypatch.setenv("COLUMNS", "80")
    narrow = cli(*LISTS[name]).out
    monkeypatch.setenv("COLUMNS", "400")
    assert sorted(ID.findall(narrow)) == sorted(ID.findall(cli(*LISTS[name]).out))
    assert max(map(len, narrow.splitlines())) <= 80


def test_an_empty_list_is_no_failure(cli):
    ended = cli("certificate", "list", "deploy-bot", "-o", "json")
    assert (ended.code, ended.out) == (0, "[]\n")


def test_csv_is_read_back_by_a_reader_of_csv():
    read = list(csv.reader(io.StringIO(rendered(ROWS, COLUMNS, "csv", STYLE), newline="")))
    assert read == [
        ["name", "deep.value", "list", "yes"],
        ["a", "1", '["x", "y"]', "true"],
        ['b "q", c', "", "[]", "false"],
    ]


FORMULAS = {
    "a formula": ("=1+1", "'=1+1"),
    "a sum": ("+1", "'+1"),
    "a difference": ("-1", "'-1"),
    "a function": ("@SUM(A1)", "'@SUM(A1)"),
    "a formula in full width": ("\uff1d1", "'\uff1d1"),
    "a formula behind a tab": ("\t=1", "\\t=1"),
    "a formula behind the end of a line": ("\r=1", "\\r=1"),
    "a formula behind a semicolon": ("a;=1;-2", "a;'=1;'-2"),
    "semicolons in a list": (["a;@b", "c"], '["a;\'@b", "c"]'),
    "semicolons before what is none": ("X11; Linux; rv:1;", "X11; Linux; rv:1;"),
    "a formula that is none": ("a=1", "a=1"),
    "a number": (-1, "-1"),
    "nothing": ("", ""),
}


@pytest.mark.parametrize("what", FORMULAS)
def test_no_cell_of_csv_is_a_formula_to_a_spreadsheet(what):
    value, cell = FORMULAS[what]
    out = rendered([{"name": value, "other": 1}], (*COLUMNS[:1], Column("Other", "other")), "csv", STYLE)
    assert list(csv.reader(io.StringIO(out, newline=""))) == [["name", "other"], [cell, "1"]]


def test_no_heading_of_csv_is_a_formula_either():
    assert rendered([{"=1": 1}], (), "csv", STYLE) == "'=1\r\n1\r\n"


WIDE = (*COLUMNS[:1], Column("Hidden", "hidden", wide=True))


@pytest.mark.parametrize("kind", ["jsonl", "tsv", "csv"])
@pytest.mark.parametrize("pages", [[], [[]], [ROWS], [ROWS[:1], [], ROWS[1:]]])
def test_what_arrives_page_by_page_is_written_as_the_whole_list(kind, pages):
    whole = rendered([row for page in pages for row in page], WIDE, kind, STYLE)
    assert "".join(streamed(pages, WIDE, kind, STYLE)) == whole


def test_a_wide_column_stands_in_csv_only():
    assert rendered(ROWS, WIDE, "csv", STYLE).splitlines()[0] == "name,hidden"
    assert "Hidden" not in rendered(ROWS, WIDE, "table", STYLE)
    assert rendered(ROWS[:1], WIDE, "tsv", STYLE) == "a\n"


BELOW = (
    Column("Name", "name"),
    Column("From", "from", below=True),
    Column("Count", "count"),
    Column("ID", "id", below=True),
)
UNDER = [{"name": "a" * 30, "from": "192.0.2.7", "count": "9", "id": "x" * 20}]
UNDER += [{"name": "b", "from": None, "count": "1,234", "id": "y"}]


def test_what_has_no_room_beside_shares_a_line_below_and_numbers_end_at_one_column():
    assert rendered(UNDER, BELOW, "table", Style(Ink(), 42)).splitlines() == [
        "Name                            Count",
        "  From       ID",
        "a" * 30 + "      9".rjust(7),
        "  192.0.2.7  " + "x" * 20,
        "b" + "1,234".rjust(36),
        "             y",
    ]


def test_tsv_has_no_heading_and_one_line_a_row():
    assert rendered(ROWS, COLUMNS, "tsv", STYLE) == 'a\t1\t["x", "y"]\ttrue\nb "q", c\t\t[]\tfalse\n'


@pytest.mark.parametrize("kind", ["table", "json", "jsonl", "yaml", "tsv", "csv"])
def test_nothing_from_outside_moves_the_cursor(kind):
    for value in ([{"name": HOSTILE}], {"name": HOSTILE}):
        out = rendered(value, COLUMNS, kind, STYLE)
        assert all(each.isprintable() or each in "\n\r\t" for each in out)
        assert "\x1b" not in out
    assert json.loads(rendered(HOSTILE, (), "json", STYLE)) == HOSTILE
    assert yaml.safe_load(rendered({"name": HOSTILE}, (), "yaml", STYLE)) == {"name": HOSTILE}


@given(st.text(max_size=200), st.integers(1, 60))
def test_folding_loses_nothing_but_spaces_and_keeps_to_the_columns(text, columns):
    lines = folded(safe(text), columns)
    assert "".join(lines).replace(" ", "") == safe(text).replace(" ", "")
    assert all(cells(line) <= max(columns, 2) for line in lines)


@given(st.lists(st.lists(st.text("ab -/", max_size=60), min_size=3, max_size=3), max_size=4), st.integers(40, 120))
def test_a_table_of_anything_fits(rows, columns):
    out = rendered(rows, (), "table", Style(Ink(), columns))
    assert all(cells(line) <= columns for line in out.splitlines())


def test_options_stand_before_the_noun_or_after_the_verb(bare, data):
    after = bare("app", "list", "-o", "json", "--data", str(data)).out
    assert bare("-o", "json", "--data", str(data), "app", "list").out == after
    assert bare("-o", "json", "--data", str(data), "app", "list", "-o", "tsv", "-q", "[].displayName").out == (
        "accredit-admin\ndeploy-bot\nOrders API\n"
    )


def test_the_environment_names_directory_and_tenant(bare, data, monkeypatch):
    monkeypatch.setenv("ACCREDIT_DATA", str(data))
    assert bare("tenant", "list", "-q", "length(@)").out == "1\n"
    monkeypatch.setenv("ACCREDIT_TENANT", "nobody.test")
    assert bare("app", "list").code == 4


def test_several_tenants_have_to_be_told_apart(cli):
    assert cli("tenant", "create", "Fabrikam", "--domain", "fabrikam.test").code == 0
    ended = cli("app", "list")
    assert (ended.code, "ACC1006" in ended.err) == (2, True)
    assert cli("app", "list", "--tenant", "Fabrikam.test", "-o", "json").json == []
    assert len(cli("app", "list", "--tenant", "contoso.test", "-o", "json").json) == 3


def test_the_version_is_printed(bare):
    assert bare("version").out == f"accredit {__version__}\n"
    assert bare("version", "-o", "json").json["version"] == __version__


def test_names_that_several_have_are_refused_with_their_ids(cli):
    ids = [cli("app", "create", "twin", "-o", "json").json["appId"] for _ in range(2)]
    ended = cli("app", "show", "twin")
    assert ended.code == 2
    assert all(each in ended.err for each in ids)
    assert cli("app", "show", ids[0], "-q", "displayName").out == "twin\n"


def test_settings_are_shown_with_their_source(cli, bare, data, tmp_path, monkeypatch):
    monkeypatch.setenv("ACCREDIT_UNDER_WAY", "7")
    file = tmp_path / "accredit.toml"
    file.write_text('region = "NA"\n[retention]\ndays = 3\n')
    ended = cli("config", "show", "-o", "json", "--config", str(file))
    rows = {each["name"]: (each["value"], each["source"]) for each in ended.json}
    assert rows["data"] == (str(data), "--data")
    assert rows["under_way"] == (7, "ACCREDIT_UNDER_WAY")
    assert rows["region"] == ("NA", "settings file")
    assert rows["retention.days"] == (3, "settings file")
    assert rows["port"] == (8443, "default")
    monkeypatch.setenv("ACCREDIT_PUBLIC_URL", "https://sts.example.com")
    assert bare("config", "check").code == 0
    assert "properties" in json.dumps(bare("config", "schema", "-o", "json").json)
    file.write_text("regoin = 1\n")
    wrong = bare("config", "check", "--config", str(file))
    assert (wrong.code, "did you mean region?" in " ".join(wrong.err.split())) == (2, True)
