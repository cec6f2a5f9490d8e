"""Credentials as Microsoft Graph and the Azure CLI write them.

Read are one credential, a list of them (``az ad app federated-credential list``, ``az identity federated-credential
list``), a collection (``{"value": […]}``), and applications with ``federatedIdentityCredentials`` expanded.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from accredit.trust.written import WrittenTrust

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accredit.interop.files.node import Found, Node

HELD: Final = "federatedIdentityCredentials"
EXPRESSION: Final = "claimsMatchingExpression"
_OF_APPLICATION: Final = re.compile(r"#applications\('([^']+)'\)/federatedIdentityCredentials")
_OF_IDENTITY: Final = re.compile(r"/userAssignedIdentities/([^/]+)/federatedIdentityCredentials/", re.IGNORECASE)
_NEITHER: Final = (
    "there is neither a subject nor an expression. Version 1.0 of Graph, and so az, does not show expressions: read "
    "it from https://graph.microsoft.com/beta"
)
_NOT_EXPANDED: Final = f"{HELD} is not expanded, so that it is not known what this application trusts: $expand={HELD}"
_MORE_PAGES: Final = "there are more pages, which this document does not hold"


def recognises(document: Node) -> bool:
    """Whether a document is one of these."""
    one = any(document.has(name) for name in ("issuer", HELD, "appId")) or document.has("properties", "id")
    return isinstance(document.value, list) or document.has("value") or one


def read(document: Node, found: Found) -> None:
    """Read every credential."""
    if document.has("value"):
        if document.get("@odata.nextLink").value is not None:
            found.note(document, _MORE_PAGES)
        named = _OF_APPLICATION.search(document.get("@odata.context").text() or "")
        application, things = (named[1] if named else ""), document.get("value").elements()
    else:
        application = ""
        things = document.elements() if isinstance(document.value, list) else [document]
    for each in things:
        _thing(each, application, found)


def _thing(node: Node, application: str, found: Found) -> None:
    if node.has(HELD) or node.has("appId"):
        if not node.has(HELD):
            found.note(node, _NOT_EXPANDED)
        named = next((text for name in ("displayName", "appId", "id") if (text := node.get(name).text())), "")
        for each in node.get(HELD).elements():
            credential(each, named, found)
        return
    of = _OF_IDENTITY.search(node.get("id").text() or "")
    credential(node, of[1] if of else application, found)


def credential(node: Node, application: str, found: Found) -> None:
    """Read one credential; of one of a managed identity, what is its own may stand under ``properties``."""
    said = node.get("properties") if node.has("properties") else node
    matching, ours = said.get(EXPRESSION), node.get("accredit")
    subject, expression = said.get("subject").text() or None, matching.get("value").text() or None
    if subject is None and expression is None:
        found.note(node, _NEITHER)
        return
    several = ours.get("multiAudience")
    if several.value not in {None, "contained", "listed", "refuse"}:
        several.refuse("it must be contained, listed or refuse")
    trust = WrittenTrust(
        name=node.get("name").text() or "",
        issuer=said.get("issuer").needed(),
        subject=subject,
        expression=expression,
        language_version=matching.get("languageVersion").number(1),
        audiences=said.get("audiences").texts(),
        description=said.get("description").text(),
        application=application,
        enabled=node.get("isEnabled").flag(usually=True) and ours.get("enabled").flag(usually=True),
        multi_audience=several.value,
        listed_audiences=ours.get("listedAudiences").texts(),
        created_at=(node if node.has("createdDateTime") else ours).get("createdDateTime").moment(),
        last_used_at=node.get("lastSignInDateTime").moment(),
    )
    found.add(node, trust)


def body(of: WrittenTrust) -> dict[str, Any]:
    """Return what a request to make a credential says; null members are left out."""
    matching = {"value": of.expression, "languageVersion": of.language_version}
    return {
        "name": of.name,
        "issuer": of.issuer,
        **({"subject": of.subject} if of.expression is None else {"subject": None, EXPRESSION: matching}),
        **({} if of.description is None else {"description": of.description}),
        "audiences": list(of.audiences),
    }


def write(trusts: Sequence[WrittenTrust]) -> str:
    """Write a collection: of applications with what they trust, or of credentials where no application is named."""
    if not any(each.application for each in trusts):
        return _json({"value": [body(each) for each in trusts]})
    held: dict[str, list[dict[str, Any]]] = {}
    for each in trusts:
        held.setdefault(each.application, []).append(body(each))
    return _json({"value": [{"displayName": name, HELD: bodies} for name, bodies in held.items()]})


def _json(value: object) -> str:
    return json.dumps(value, indent=2) + "\n"
