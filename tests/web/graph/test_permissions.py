"""The table of who may call what, and that it is the one that is enforced."""

from uuid import uuid4

import pytest

from accredit.app import seed
from accredit.errors import PRIVILEGES_MISSING, Refused
from accredit.web.graph import room
from accredit.web.graph.permissions import Admitted, read, table
from accredit.web.graph.router import without_casts
from tests.support.every import every
from tests.web.graph.callers import Graph

OWNED = "Application.ReadWrite.OwnedBy"
READ = "Application.Read.All"
WRITE = "Application.ReadWrite.All"
ASSIGN = "AppRoleAssignment.ReadWrite.All"
ROUTES = {(each.method, each.template) for each in room.ROUTES}


def test_every_route_has_a_permission() -> None:
    assert table().keys() >= ROUTES


def test_every_permission_has_a_route() -> None:
    assert {(method, without_casts(template)) for method, template in table()} == ROUTES


def test_no_route_is_there_twice() -> None:
    assert len(ROUTES) == len(room.ROUTES)


ADMITTED: dict[str, tuple[tuple[str, str], set[str], Admitted]] = {
    "reading with the least role": (("GET", "applications"), {READ}, Admitted()),
    "reading with the role for what one owns": (("GET", "applications"), {OWNED}, Admitted()),
    "writing with the role for everything": (("PATCH", "applications/{}"), {WRITE}, Admitted()),
    "writing with the role for what one owns": (("PATCH", "applications/{}"), {OWNED}, Admitted(owned_only=True)),
    "writing with both": (("PATCH", "applications/{}"), {OWNED, WRITE}, Admitted()),
    "two roles together": (("POST", "servicePrincipals/{}/appRoleAssignedTo"), {ASSIGN, READ}, Admitted()),
    "assigning roles of every API but Graph": (
        ("POST", "servicePrincipals/{}/appRoleAssignedTo"),
        {WRITE},
        Admitted(not_on_graph=True),
    ),
    "assigning, with more than is needed": (
        ("DELETE", "servicePrincipals/{}/appRoleAssignments/{}"),
        {WRITE, ASSIGN, READ},
        Admitted(),
    ),
    "nothing but a token": (("GET", "me"), set(), Admitted()),
}


@every("row", ADMITTED.values(), ids=ADMITTED.keys())
def test_a_caller_is_admitted_by_the_roles_it_holds(row: tuple[tuple[str, str], set[str], Admitted]) -> None:
    call, roles, expected = row
    assert table()[call].admit(frozenset(roles)) == expected


DENIED: dict[str, tuple[tuple[str, str], set[str]]] = {
    "no role": (("GET", "applications"), set()),
    "a role for something else": (("GET", "applications"), {"AuditLog.Read.All"}),
    "a role that only reads": (("PATCH", "applications/{}"), {READ}),
    "a role that only reads shows no credential": (("GET", "applications/{}/federatedIdentityCredentials"), {READ}),
    "one of two roles": (("POST", "servicePrincipals/{}/appRoleAssignedTo"), {ASSIGN}),
    "the other one": (("POST", "servicePrincipals/{}/appRoleAssignedTo"), {READ}),
}


@every("row", DENIED.values(), ids=DENIED.keys())
def test_a_caller_that_lacks_roles_is_told_which(row: tuple[tuple[str, str], set[str]]) -> None:
    call, roles = row
    with pytest.raises(Refused) as caught:
        table()[call].admit(frozenset(roles))
    assert caught.value.row is PRIVILEGES_MISSING
    assert " on Microsoft Graph" in caught.value.detail


RULE = 'owned = "O"\n[roles]\nA = "A.All"\n[[rules]]\ncalls = ["GET a"]\n'
MISTAKES: dict[str, tuple[str, str]] = {
    "a call without who may make it": (RULE, "either roles or anybody may GET a"),
    "roles, and anybody": (RULE + 'roles = ["A"]\nanybody = true', "either roles or anybody may GET a"),
    "a call twice": (RULE + 'roles = ["A"]\n[[rules]]\ncalls = ["GET a"]\nanybody = true', "stands there twice"),
    "a misspelt member": (RULE + 'rolls = ["A"]', "rolls"),
}


@every("row", MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_in_the_table_lets_nobody_in(row: tuple[str, str]) -> None:
    text, reason = row
    with pytest.raises(ValueError, match=reason):
        read(text)


def test_a_table_is_read() -> None:
    needs = read(RULE + 'roles = ["A"]')["GET", "a"]
    assert needs.admit(frozenset({"A.All"})) == Admitted()
    with pytest.raises(Refused):
        needs.admit(frozenset({"A"}))


CALLS = {
    f"{method} {template} with {' + '.join(sorted(roles)) or 'a token'}": (method, template, roles)
    for (method, template), needs in table().items()
    if (method, without_casts(template)) in ROUTES
    for roles in needs.alternatives or (frozenset[str](),)
}
KEYS = {
    "applications": seed.marked("application deploy-bot"),
    "servicePrincipals": seed.marked("principal deploy-bot"),
    "federatedIdentityCredentials": seed.marked(seed.CREDENTIAL),
    "directoryObjects": seed.marked("principal deploy-bot"),
}


def path_of(method: str, template: str) -> str:
    """Fill a template in: with objects that exist where the call reads, with such as do not where it writes."""
    filled: list[str] = []
    for each in template.split("/"):
        known = KEYS.get(filled[-1]) if filled and method == "GET" else None
        filled.append(str(known or uuid4()) if each == "{}" else each)
    return "/v1.0/" + "/".join(filled)


@every("row", CALLS.values(), ids=CALLS.keys())
def test_exactly_the_roles_of_the_table_let_a_caller_in(graph: Graph, row: tuple[str, str, frozenset[str]]) -> None:
    """What is asked for may be refused for another reason (an object that is not there), but not for who asks."""
    method, template, roles = row
    body = None if method in {"GET", "DELETE"} else {}
    answer = graph.ask(method, path_of(method, template), graph.caller(*sorted(roles)).token, body)
    assert answer.status < 500, answer.body
    assert answer.status not in {401, 403, 405}, answer.body


NEEDED = {
    f"{method} {template}": (method, template)
    for (method, template), needs in table().items()
    if needs.alternatives and (method, without_casts(template)) in ROUTES
}


@every("row", NEEDED.values(), ids=NEEDED.keys())
def test_without_a_role_nobody_is_let_in(graph: Graph, row: tuple[str, str]) -> None:
    method, template = row
    answer = graph.ask(method, path_of(method, template), graph.caller().token, None if method == "GET" else {})
    assert answer.status == 403, answer.body
    assert answer.json["error"]["code"] == "Authorization_RequestDenied"
    assert answer.json["error"]["message"] == "Insufficient privileges to complete the operation."
