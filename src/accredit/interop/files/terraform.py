"""Trusts in Terraform: read from a plan or state (``terraform show -json``), written as HCL for the azuread provider.

Rule 1: what is known only after the plan is applied is told, and not guessed.
Rule 2: an application is called what its resource calls it, if the document says so; else by the resource's address.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from accredit.interop.files.quoting import hcl, identifiers
from accredit.trust.written import WrittenTrust

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from accredit.interop.files.node import Found, Node

PLAIN: Final = "azuread_application_federated_identity_credential"
FLEXIBLE: Final = "azuread_application_flexible_federated_identity_credential"
IDENTITY: Final = "azurerm_federated_identity_credential"
_OWNERS: Final = ("application_id", "application_object_id", "user_assigned_identity_id", "parent_id")
_INDEX: Final = re.compile(r"\[[^\]]*\]")
_UNKNOWN: Final = "is known only after it is applied, so that this trust was not read"


def recognises(document: Node) -> bool:
    """Whether a document is a plan or a state."""
    return document.has("format_version") and (document.has("planned_values") or document.has("values"))


def read(document: Node, found: Found) -> None:
    """Read every credential of the planned values, or of the state."""
    values = document.get("planned_values" if document.has("planned_values") else "values")
    resources = list(_resources(values.get("root_module")))
    known = [*resources, *_resources(document.get("prior_state").get("values").get("root_module"))]
    owners = _Owners(document, known)
    for each in resources:
        if each.get("mode").text() in {None, "managed"} and each.get("type").text() in {PLAIN, FLEXIBLE, IDENTITY}:
            _credential(each, owners, found)


def _resources(module: Node) -> Iterator[Node]:
    yield from module.get("resources").elements()
    for child in module.get("child_modules").elements():
        yield from _resources(child)


class _Owners:
    """What the owners of credentials are called: by their ids, and by the addresses that configuration refers to."""

    def __init__(self, document: Node, resources: Sequence[Node]) -> None:
        self._by_id: dict[str, str] = {}
        self._by_address: dict[str, str] = {}
        for each in resources:
            values = each.get("values")
            named = next((name for key in ("display_name", "name") if (name := _plain(values.get(key)))), None)
            if named is None:
                continue
            self._by_address[_INDEX.sub("", each.get("address").text() or "")] = named
            for key in ("id", "object_id"):
                if found := _plain(values.get(key)):
                    self._by_id[found] = named
        self._references = dict(_references(document.get("configuration").get("root_module"), ""))

    def of(self, resource: Node) -> str:
        """Return what the owner of a credential is called; empty where the document does not say."""
        values = resource.get("values")
        said = next((text for key in _OWNERS if (text := _plain(values.get(key)))), None)
        if said is not None:
            return self._by_id.get(said) or said.rpartition("/")[2]
        address = self._references.get(_INDEX.sub("", resource.get("address").text() or ""), "")
        return self._by_address.get(address, address)


def _plain(node: Node) -> str | None:
    return node.value if isinstance(node.value, str) else None


def _references(module: Node, prefix: str) -> Iterator[tuple[str, str]]:
    """Yield the address of each resource with that of the one that its owner is a member of."""
    for each in module.get("resources").elements():
        expressions = each.get("expressions")
        for key in _OWNERS:
            texts = expressions.get(key).get("references").texts() if expressions.has(key) else ()
            if texts:  # the longest first: module.x.id, module.x
                yield f"{prefix}{each.get('address').text()}", prefix + texts[-1]
    for name, call in module.get("module_calls").members().items():
        yield from _references(call.get("module"), f"{prefix}module.{name}.")


def _credential(node: Node, owners: _Owners, found: Found) -> None:
    values, flexible = node.get("values"), node.get("type").value == FLEXIBLE
    trusted = "claims_matching_expression" if flexible else "subject"
    audience = "audience" if flexible or values.has("audience") else "audiences"
    for name in ("issuer", trusted, audience):
        if values.get(name).value is None:
            found.note(node, f"{node.get('address').text()}: {name} {_UNKNOWN}")
            return
    given = values.get(audience)
    trust = WrittenTrust(
        name=values.get("name" if values.has("name") else "display_name").text() or "",
        issuer=values.get("issuer").needed(),
        subject=None if flexible else values.get("subject").needed(),
        expression=values.get(trusted).needed() if flexible else None,
        audiences=given.texts() if isinstance(given.value, list) else (given.needed(),),
        description=values.get("description").text() or None,
        application=owners.of(node),
    )
    found.add(node, trust)


def write(trusts: Sequence[WrittenTrust]) -> str:
    """Write resources of the azuread provider, and beside them where their applications are looked up."""
    applications = list(dict.fromkeys(each.application for each in trusts))
    labels = dict(zip(applications, identifiers(applications), strict=True))
    blocks = [_lookup(label, name) for name, label in labels.items()]
    names = identifiers([f"{each.application} {each.name}" for each in trusts])
    blocks += [_resource(label, each, labels) for label, each in zip(names, trusts, strict=True)]
    return "\n".join(blocks)


def _lookup(label: str, application: str) -> str:
    if not application:
        said = hcl("The application that trusts them, as azuread names it: /applications/<object id>.")
        return block(f'variable "{label}"', {"type": "string", "description": said})
    return block(f'data "azuread_application" "{label}"', {"display_name": hcl(application)})


def _resource(label: str, of: WrittenTrust, labels: Mapping[str, str]) -> str:
    owner = labels[of.application]
    written: dict[str, str] = {
        "application_id": f"data.azuread_application.{owner}.id" if of.application else f"var.{owner}",
        "display_name": hcl(of.name),
        "issuer": hcl(of.issuer),
    }
    if of.expression is None:
        written |= {"audiences": f"[{', '.join(map(hcl, of.audiences))}]", "subject": hcl(of.subject or "")}
    else:
        written |= {"audience": hcl(of.audiences[0]), "claims_matching_expression": hcl(of.expression)}
    if of.description:
        written["description"] = hcl(of.description)
    return block(f'resource "{PLAIN if of.expression is None else FLEXIBLE}" "{label}"', written)


def block(head: str, members: Mapping[str, Any]) -> str:
    """Write one block of HCL; ``members`` are written already."""
    broad = max(map(len, members))
    return "".join([f"{head} {{\n", *(f"  {name:<{broad}} = {text}\n" for name, text in members.items()), "}\n"])
