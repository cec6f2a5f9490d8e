"""Trusts in templates of Azure Resource Manager, which Bicep compiles to.

Read are credentials of applications (the Microsoft Graph extension of Bicep) and of managed identities, in modules too.
Written are those of applications.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from accredit.interop.files import graph
from accredit.interop.files.armexpression import Unresolved, evaluate, is_expression, literal, written
from accredit.interop.files.node import Found, Node
from accredit.interop.files.quoting import identifiers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from accredit.trust.written import WrittenTrust

SCHEMA: Final = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
CREDENTIAL: Final = "Microsoft.Graph/applications/federatedIdentityCredentials"
IDENTITY: Final = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials"
MOST_VALUES: Final = 500_000  # of a document that are evaluated
MODULE: Final = "Microsoft.Resources/deployments"
ALIASES: Final = {"v1.0": "microsoftGraphV1", "beta": "microsoftGraphBeta"}  # of the extension, by version of Graph
_END: Final = re.compile(r"/([A-Za-z0-9_-]+)'")  # of a name that begins with what only a deployment knows
_CREDENTIALS: Final = {CREDENTIAL.lower(), IDENTITY.lower()}


def recognises(document: Node) -> bool:
    """Whether a document is a template."""
    schema = document.value.get("$schema") if isinstance(document.value, dict) else None
    return (isinstance(schema, str) and "deploymenttemplate.json" in schema.lower()) or document.has(
        "contentVersion", "resources"
    )


def read(document: Node, found: Found) -> None:
    """Read every credential of a template and its modules."""
    _read(_Scope(document, {}, _Work()), found)


@dataclass(slots=True)
class _Work:
    """How many more values are looked at: variables that refer to each other grow faster than they are long."""

    left: int = MOST_VALUES


class _Scope:
    """A template, and what its parameters were given."""

    def __init__(self, template: Node, given: dict[str, Any], work: _Work) -> None:
        self.template = template
        self.work = work
        self._given = given

    def resources(self) -> Iterator[tuple[str, Node]]:
        """Yield the resources, each with its symbolic name if it has one."""
        held = self.template.get("resources")
        if isinstance(held.value, dict):
            yield from held.members().items()
        else:
            yield from (("", each) for each in held.elements())

    def value(self, of: Any, depth: int = 0) -> Any:  # noqa: ANN401  any JSON value
        """Return a value of the template with its expressions evaluated. Raises ``Unresolved``."""
        self.work.left -= 1
        if self.work.left < 0:
            raise Unresolved("more values than anybody reads")
        if isinstance(of, str):
            return evaluate(of, self._look, depth) if is_expression(of) else literal(of)
        if isinstance(of, list):
            return [self.value(each, depth) for each in of]
        if isinstance(of, dict):
            return {name: self.value(each, depth) for name, each in of.items()}
        return of

    def node(self, of: Node) -> Node:
        """Return a node of the template with its expressions evaluated. Raises ``Unresolved``."""
        return Node(self.value(of.value), of.source, of.path)

    def _look(self, function: str, name: str, depth: int) -> Any:  # noqa: ANN401  any JSON value
        if function == "parameters":
            if name in self._given:
                return self._given[name]
            declared = self.template.get("parameters").get(name)
            if not declared.has("defaultValue"):
                raise Unresolved(f"the parameter {name}")
            return self.value(declared.value["defaultValue"], depth)
        if function == "variables":
            declared = self.template.get("variables")
            if not declared.has(name):
                raise Unresolved(f"the variable {name}")
            return self.value(declared.value[name], depth)
        held = dict(self.resources())
        if not name or name not in held or not held[name].has("properties"):
            raise Unresolved(f"the resource {name}")
        return self.value(held[name].get("properties").value, depth)


def _read(scope: _Scope, found: Found) -> None:
    for name, each in scope.resources():
        kind = (each.get("type").text() or "").partition("@")[0].lower()
        if kind == MODULE.lower() and each.get("properties").has("template"):
            _read(_module(scope, each), found)
        elif kind in _CREDENTIALS:
            _credential(scope, name, each, found)


def _module(scope: _Scope, of: Node) -> _Scope:
    """Return the template of a module with what it is given; what cannot be told is not given."""
    said = of.get("properties")
    if said.get("expressionEvaluationOptions").get("scope").value != "inner":  # the outer template's expressions
        return _Scope(said.get("template"), {}, scope.work)
    given: dict[str, Any] = {}
    for name, each in said.get("parameters").members().items():
        if each.has("value"):
            try:
                given[name] = scope.value(each.value["value"])
            except Unresolved:
                continue
    return _Scope(said.get("template"), given, scope.work)


def _credential(scope: _Scope, symbol: str, of: Node, found: Found) -> None:
    said = of.get("properties")
    if of.get("copy").value is not None:
        found.note(of, "it is made in a loop (copy), and only a deployment knows how often: it was not read")
        return
    values: dict[str, Any] = {}
    for name in ("issuer", "subject", graph.EXPRESSION, "audiences", "description"):
        try:
            values[name] = scope.value(said.get(name).value)
        except Unresolved as error:
            found.note(of, f"{name} is only known when it is deployed, for {error}: this trust was not read")
            return
    application, called = _named(scope, symbol, of, of.get("name") if of.has("name") else said.get("name"))
    values["name"] = called
    graph.credential(Node(values, of.source, of.path), application, found)


def _named(scope: _Scope, symbol: str, of: Node, name: Node) -> tuple[str, str]:
    """Return what application and credential are called; where only a deployment knows, what the template says."""
    try:
        application, _, called = str(scope.node(name).text() or symbol).rpartition("/")
    except Unresolved:
        on, end = of.get("dependsOn").elements(), _END.search(name.value)
        return (on[0].text() or "" if on else ""), (end[1] if end else symbol)
    return application, called


def resources(trusts: Sequence[WrittenTrust]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield for each trust the name of its resource, the version of Graph that has it, and its properties."""
    names = identifiers(f"{each.application} {each.name}" for each in trusts)
    for name, each in zip(names, trusts, strict=True):
        said = {key: value for key, value in graph.body(each).items() if key != "name" and value is not None}
        yield name, "v1.0" if each.expression is None else "beta", said


def write(trusts: Sequence[WrittenTrust]) -> str:
    """Write a template; where an application has no name, its name is a parameter."""
    held: dict[str, Any] = {}
    versions: set[str] = set()
    for (symbol, version, said), each in zip(resources(trusts), trusts, strict=True):
        versions.add(version)
        unnamed = f"[format('{{0}}/{each.name}', parameters('application'))]"
        name = written(f"{each.application}/{each.name}") if each.application else unnamed
        properties = {"name": name, **_written(said)}
        held[symbol] = {"import": ALIASES[version], "type": f"{CREDENTIAL}@{version}", "properties": properties}
    template: dict[str, Any] = {"$schema": SCHEMA, "languageVersion": "2.0", "contentVersion": "1.0.0.0"}
    template["imports"] = {
        ALIASES[each]: {"provider": "MicrosoftGraph" + ("Beta" if each == "beta" else ""), "version": "1.0.0"}
        for each in sorted(versions)
    }
    if not all(each.application for each in trusts):
        template["parameters"] = {"application": {"type": "string"}}
    return json.dumps({**template, "resources": held}, indent=2) + "\n"


def _written(value: Any) -> Any:  # noqa: ANN401  any JSON value
    """Write a value of a template: text that would be an expression is escaped."""
    if isinstance(value, str):
        return written(value)
    if isinstance(value, list):
        return [_written(each) for each in value]
    return {name: _written(each) for name, each in value.items()} if isinstance(value, dict) else value
