"""Findings for other programs: JSON, SARIF 2.1.0, annotations of GitHub Actions."""

import json
import re
from urllib.parse import urlsplit

from hypothesis import given
from hypothesis import strategies as st

from accredit.interop import annotations, findings, sarif
from accredit.trust.lint import RULES, Context, lint
from accredit.trust.written import WrittenTrust
from tests.support.every import every

GITHUB = "https://token.actions.githubusercontent.com"
AUDIENCE = ("api://AzureADTokenExchange",)


def found(source="infra/trust.json:12", name="deploy", subject="repo:o/r:ref:refs/heads/main"):
    trust = WrittenTrust(
        name=name, application="bot", issuer=GITHUB + "/", subject=subject, audiences=AUDIENCE, source=source
    )
    return lint([trust], Context())


def test_json_has_every_member_of_a_finding_as_graph_would_name_it():
    slash = findings.write(found()[0])
    assert list(slash) == [
        "rule", "level", "application", "credential", "path", "message", "why", "remedy", "example", "docsUrl", "edit",
        "start", "end", "source",
    ]  # fmt: skip
    assert (slash["rule"], slash["level"], slash["path"]) == ("FIC-SLASH", "error", "issuer")
    assert (slash["docsUrl"], slash["edit"]) == ("docs/lint.md#fic-slash", {"issuer": GITHUB})
    assert (slash["source"], slash["start"]) == ("infra/trust.json:12", None)
    json.dumps([findings.write(each) for each in found()])


PLACES = {
    "trust.json:12": ("trust.json", 12),
    "C:/a/trust.json:3": ("C:/a/trust.json", 3),
    "trust.json": ("trust.json", None),
    "trust.json:": ("trust.json:", None),
    "trust.json:0": ("trust.json", None),
    "standard input:3": ("", 3),
    "": ("", None),
}


@every("source", PLACES)
def test_a_source_is_a_file_and_a_line(source):
    assert findings.place(source) == PLACES[source]


# The properties that sarif-schema-2.1.0.json allows (it forbids others) of the objects that are written, and requires.
OBJECTS = {
    "sarifLog": ({"$schema", "version", "runs"}, {"version", "runs"}),
    "run": ({"tool", "columnKind", "results"}, {"tool"}),
    "tool": ({"driver"}, {"driver"}),
    "toolComponent": ({"name", "version", "rules"}, {"name"}),
    "reportingDescriptor": (
        {"id", "name", "shortDescription", "fullDescription", "help", "defaultConfiguration"},
        {"id"},
    ),
    "result": (
        {"ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints", "properties"},
        {"message"},
    ),
    "location": ({"physicalLocation", "logicalLocations"}, set()),
    "physicalLocation": ({"artifactLocation", "region"}, set()),
    "logicalLocation": ({"name", "fullyQualifiedName", "kind"}, set()),
}
LEVELS = {"none", "note", "warning", "error"}


def shaped(kind, value):
    allowed, required = OBJECTS[kind]
    assert required <= value.keys() <= allowed, (kind, value.keys())
    return value


def text(value):
    assert value.keys() <= {"text", "markdown"}
    assert all(isinstance(each, str) and each for each in value.values())
    assert "text" in value


def check(log, told):
    shaped("sarifLog", log)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    driver = shaped("toolComponent", shaped("tool", shaped("run", run)["tool"])["driver"])
    assert run["columnKind"] in {"utf16CodeUnits", "unicodeCodePoints"}
    for rule in driver["rules"]:
        shaped("reportingDescriptor", rule)
        for name in ("shortDescription", "fullDescription", "help"):
            text(rule[name])
        assert rule["defaultConfiguration"]["level"] in LEVELS
    assert len({rule["id"] for rule in driver["rules"]}) == len(driver["rules"]) == len(RULES)
    assert len(run["results"]) == len(told)
    for result in run["results"]:
        shaped("result", result)
        text(result["message"])
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in LEVELS
        (location,) = result["locations"]
        (logical,) = shaped("location", location)["logicalLocations"]
        assert all(isinstance(each, str) for each in shaped("logicalLocation", logical).values())
        if "physicalLocation" in location:
            place = shaped("physicalLocation", location["physicalLocation"])
            assert set(place["artifactLocation"]) == {"uri"}
            assert re.fullmatch(r"[A-Za-z0-9._~/%-]+", place["artifactLocation"]["uri"])
            assert urlsplit(place["artifactLocation"]["uri"]).path == place["artifactLocation"]["uri"]
            assert place.get("region", {"startLine": 1})["startLine"] >= 1
        assert all(re.fullmatch("[0-9a-f]{64}", each) for each in result["partialFingerprints"].values())


@every("source", [*PLACES, "a b/ü%.json:1"])
def test_sarif_is_as_its_schema_has_it(source):
    told = found(source)
    log = json.loads(json.dumps(sarif.write(told, RULES, "1.2.3")))
    check(log, told)
    assert log["runs"][0]["tool"]["driver"]["version"] == "1.2.3"


@given(st.text(), st.text(), st.text())
def test_sarif_is_well_formed_whatever_was_linted(name, subject, source):
    told = found(f"x{source}".replace(":", ""), name, subject)
    log = sarif.write(told, RULES, "0")
    assert len(log["runs"][0]["results"]) == len(told)
    json.dumps(log)


def test_the_place_and_the_level_of_a_result():
    result = sarif.write(found(), RULES, "0")["runs"][0]["results"][0]
    assert (result["ruleId"], result["level"], result["properties"]) == (
        "FIC-SLASH",
        "error",
        {"edit": {"issuer": GITHUB}},
    )
    assert result["locations"] == [
        {
            "physicalLocation": {"artifactLocation": {"uri": "infra/trust.json"}, "region": {"startLine": 12}},
            "logicalLocations": [{"name": "deploy", "fullyQualifiedName": "bot/deploy/issuer", "kind": "object"}],
        }
    ]


def test_a_fingerprint_stays_when_the_line_moves_and_differs_between_credentials():
    def prints(*given):
        run = sarif.write(found(*given), RULES, "0")["runs"][0]
        return [each["partialFingerprints"][sarif.FINGERPRINT] for each in run["results"]]

    assert prints("a.json:1") == prints("b.json:9")
    assert set(prints("a.json:1")).isdisjoint(prints("a.json:1", "other"))


def test_a_workflow_command_names_file_line_and_rule():
    lines = annotations.write(found()).splitlines()
    assert lines[0].startswith("::error file=infra/trust.json,line=12,title=FIC-SLASH bot/deploy::The issuer ")
    assert [line.split(" ")[0] for line in lines] == ["::error", "::warning", "::warning", "::warning"]


def test_nothing_ends_a_workflow_command_early():
    (first, *_) = annotations.write(found("a,b:c.json:2", "x\r\n::error::y")).splitlines()
    assert "file=a%2Cb%3Ac.json,line=2,title=FIC-SLASH bot/x%0D%0A%3A%3Aerror%3A%3Ay::" in first
    assert annotations.write(found("")).startswith("::error title=FIC-SLASH bot/deploy::")
    hostile = "".join(f"{end}::error::y" for end in "\x0b\x0c\x1c\x85\u2028\u2029") + "\x1b[2J\u202e"
    told = annotations.write(found("a.json:1", hostile, hostile))
    assert all(line.startswith(("::error file=", "::warning file=", "::notice file=")) for line in told.splitlines())
    assert told.replace("\n", "").isprintable()
