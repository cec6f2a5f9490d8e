"""Findings as SARIF 2.1.0 (OASIS Static Analysis Results Interchange Format), which code scanning services take."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from accredit.interop.findings import place

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from accredit.trust.lint import Finding, Level, Rule

VERSION: Final = "2.1.0"
SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT: Final = "trust/v1"
_LEVELS: Final[Mapping[Level, str]] = {"error": "error", "warn": "warning", "info": "note"}


def write(findings: Sequence[Finding], rules: Sequence[Rule], version: str) -> dict[str, Any]:
    """Return a log of one run. ``rules``: all that were tried; ``version``: of this program."""
    places = {rule.id: at for at, rule in enumerate(rules)}
    driver = {
        "name": "accredit lint",
        "version": version,
        "rules": [_rule(each) for each in rules],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(each, places[each.rule]) for each in findings],
    }
    return {"$schema": SCHEMA, "version": VERSION, "runs": [run]}


def _rule(of: Rule) -> dict[str, Any]:
    example = f"\n\n    {of.example}" if of.example else ""
    return {
        "id": of.id,
        "name": "".join(word.capitalize() for word in of.id.split("-")),
        "shortDescription": {"text": f"{of.title}."},
        "fullDescription": {"text": of.why},
        "help": {"text": f"{of.why}\n\n{of.remedy}", "markdown": f"{of.why}\n\n{of.remedy}{example}"},
        "defaultConfiguration": {"level": _LEVELS[of.level]},
    }


def _result(of: Finding, rule: int) -> dict[str, Any]:
    found = {
        "ruleId": of.rule,
        "ruleIndex": rule,
        "level": _LEVELS[of.level],
        "message": {"text": f"{of.message} {of.remedy}"},
        "locations": [_location(of)],
        "partialFingerprints": {FINGERPRINT: _fingerprint(of)},
    }
    return found | ({"properties": {"edit": dict(of.edit)}} if of.edit else {})


def _location(of: Finding) -> dict[str, Any]:
    whose = [each for each in of.location if each]
    logical = {"name": of.credential, "fullyQualifiedName": "/".join([*whose, of.path]), "kind": "object"}
    file, line = place(of.source)
    if not file:
        return {"logicalLocations": [logical]}
    physical: dict[str, Any] = {"artifactLocation": {"uri": quote(file)}}
    if line is not None:
        physical["region"] = {"startLine": line}
    return {"physicalLocation": physical, "logicalLocations": [logical]}


def _fingerprint(of: Finding) -> str:
    """Tell a finding from others as long as it is about the same: wherever it moves in its file."""
    told = "\0".join((of.rule, *of.location, of.path, of.message))
    return sha256(told.encode("utf-8", "surrogatepass")).hexdigest()
