from pathlib import Path

import pytest

from accredit import config
from accredit.errors import INPUT_UNREADABLE, SETTING_INVALID, Refused
from tests.support.every import every


def test_an_option_outranks_a_variable_outranks_a_secret_file_outranks_the_file(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text('region = "file"\nport = 1\nadmin_port = 2\nunder_way = 7\n[retention]\ndays = 3\nmegabytes = 99\n')
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "accredit_region").write_text("secret\n")
    (secrets / "ACCREDIT_ADMIN_PORT").write_text("22")
    (secrets / "other").write_text("x")
    variables = {"ACCREDIT_REGION": "variable", "ACCREDIT_RETENTION__DAYS": "5", "HOME": "/"}
    found = config.read(variables, file=file, secrets=secrets, port=33, profile=None)
    assert (found.region, found.admin_port, found.port, found.under_way) == ("variable", 22, 33, 7)
    assert (found.retention.days, found.retention.megabytes) == (5, 99)


def test_the_file_may_be_named_by_a_variable(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text('profile = "emulator"')
    assert config.read({"ACCREDIT_CONFIG": str(file)}, secrets=None).profile == "emulator"


def test_what_scripts_say_to_the_command_line_is_not_for_servers() -> None:
    assert config.read(dict.fromkeys(config.CLIENT_VARIABLES, "x"), secrets=None) == config.Settings()


def test_lists_and_tables_in_variables() -> None:
    found = config.read(
        {"ACCREDIT_TRUSTED_PROXIES": "10.0.0.0/8, ::1,", "ACCREDIT_ISSUER_OVERRIDES": '{"https://a": "https://b"}'},
        secrets=None,
    )
    assert found.trusted_proxies == ("10.0.0.0/8", "::1")
    assert found.issuer_overrides == {"https://a": "https://b"}


WRONG: dict[str, tuple[dict[str, str], str, str]] = {
    "an unknown name, with the likely one": ({"ACCREDIT_PROT": "1"}, "prot", "did you mean port?"),
    "an unknown name inside a group": ({"ACCREDIT_TLS__KYE": "x"}, "tls.kye", "did you mean tls.key?"),
    "a name like nothing": ({"ACCREDIT_ZZZZ": "1"}, "zzzz", "there is no such setting"),
    "a port that cannot be": ({"ACCREDIT_PORT": "65536"}, "port", "<= 65535"),
    "text for a number": ({"ACCREDIT_PORT": "many"}, "port", "int"),
    "days beyond any calendar": ({"ACCREDIT_RETENTION__DAYS": "36501"}, "retention.days", "<= 36500"),
    "a log that holds nothing": ({"ACCREDIT_RETENTION__MEGABYTES": "63"}, "retention.megabytes", ">= 64"),
    "counts of no day": ({"ACCREDIT_RETENTION__COUNT_DAYS": "0"}, "retention.count_days", ">= 1"),
    "a log beyond any disk": ({"ACCREDIT_RETENTION__MEGABYTES": "16777217"}, "retention.megabytes", "<= 16777216"),
    "a reserve beyond any disk": (
        {"ACCREDIT_RETENTION__RESERVE_MEGABYTES": "1048577"},
        "retention.reserve_megabytes",
        "<=",
    ),
    "a profile that is none": ({"ACCREDIT_PROFILE": "x", "ACCREDIT_LOG_LEVEL": "loud"}, "log_level", "loud"),
    "JSON that is none": ({"ACCREDIT_REFUSALS": "{"}, "ACCREDIT_REFUSALS", "not JSON"),
    "a setting used as a group": ({"ACCREDIT_PORT": "1", "ACCREDIT_PORT__X": "1"}, "ACCREDIT_PORT__X", "one name"),
}


@every("row", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_setting_is_named_with_its_reason(row: tuple[dict[str, str], str, str]) -> None:
    variables, name, reason = row
    with pytest.raises(Refused) as caught:
        config.read(variables, secrets=None)
    assert caught.value.row is SETTING_INVALID
    assert caught.value.fields["name"] == name
    assert reason in caught.value.fields["reason"]


def test_a_file_that_is_missing_or_broken_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refused) as caught:
        config.read({}, file=tmp_path / "none.toml", secrets=None)
    assert caught.value.row is INPUT_UNREADABLE
    (tmp_path / "broken.toml").write_text("= 1")
    with pytest.raises(Refused) as caught:
        config.read({}, file=tmp_path / "broken.toml", secrets=None)
    assert caught.value.row is SETTING_INVALID


def test_where_the_data_lives() -> None:
    assert config.data_directory(config.Settings(profile="emulator")) is None
    assert config.data_directory(config.Settings()) == config.SYSTEM_DATA
    assert config.data_directory(config.Settings(profile="emulator", data="/x")) == Path("/x")


def test_the_schema_names_every_setting() -> None:
    names = config.schema()["$defs"]["Settings"]["properties"].keys()
    assert set(names) == set(config.Settings.__struct_fields__)
