import pytest

from accredit.errors import GRAPH_PATH_UNKNOWN, GRAPH_VERB, Refused, Row
from accredit.web.graph.answers import NOTHING, Answer
from accredit.web.graph.call import Call, Key
from accredit.web.graph.path import parse
from accredit.web.graph.permissions import Needs
from accredit.web.graph.route import Method, Route
from accredit.web.graph.router import Router
from tests.support.every import every

NEEDS = Needs((frozenset({"A"}),), "O", frozenset(), writes=False)


async def nothing(_: Call) -> Answer:
    return NOTHING


SERVED: tuple[tuple[Method, str], ...] = (
    ("GET", "applications"),
    ("POST", "applications"),
    ("GET", "applications/$count"),
    ("GET", "applications/{}"),
    ("POST", "applications/{}/owners/$ref"),
    ("DELETE", "applications/{}/owners/{}/$ref"),
    ("GET", "applications/{}/owners"),
    ("GET", "auditLogs/signIns"),
)
CAST = "applications/{}/microsoft.graph.kind/owners"
ROUTER = Router(
    [Route(method, template, nothing) for method, template in SERVED],
    {**dict.fromkeys(SERVED, NEEDS), ("GET", CAST): NEEDS, ("GET", "not/served/yet"): NEEDS},
)

FOUND: dict[str, tuple[str, str, str, tuple[Key, ...]]] = {
    "a collection": ("GET", "applications", "applications", ()),
    "a key": ("GET", "applications/x", "applications/{}", (Key(None, "x"),)),
    "a key with a name": ("GET", "applications(appId='x')", "applications/{}", (Key("appId", "x"),)),
    "a literal in another case, as the Azure CLI writes some": (
        "GET",
        "AUDITLOGS/signins",
        "auditLogs/signIns",
        (),
    ),
    "a key keeps its case": ("GET", "Applications/Ab/Owners", "applications/{}/owners", (Key(None, "Ab"),)),
    "a cast in another case": ("GET", "applications/x/Microsoft.Graph.Kind/owners", CAST, (Key(None, "x"),)),
    "braces are a key like others": ("GET", "applications/{}", "applications/{}", (Key(None, "{}"),)),
    "a literal before a key": ("GET", "applications/$count", "applications/$count", ()),
    "a key in parentheses is never a literal": (
        "GET",
        "applications('$count')",
        "applications/{}",
        (Key(None, "$count"),),
    ),
    "a reference": ("POST", "applications/x/owners/$ref", "applications/{}/owners/$ref", (Key(None, "x"),)),
    "two keys": (
        "DELETE",
        "applications/x/owners('y')/$ref",
        "applications/{}/owners/{}/$ref",
        (Key(None, "x"), Key(None, "y")),
    ),
    "a cast is served by the same route": (
        "GET",
        "applications/x/microsoft.graph.kind/owners",
        CAST,
        (Key(None, "x"),),
    ),
}


@every("row", FOUND.values(), ids=FOUND.keys())
def test_a_target_has_one_route(row: tuple[str, str, str, tuple[Key, ...]]) -> None:
    method, path, template, keys = row
    served, found = ROUTER.find(method, parse(f"/v1.0/{path}").segments)
    assert (served.template, found) == (template, keys)


REFUSED: dict[str, tuple[str, str, Row, str]] = {
    "an unknown collection": ("GET", "planets", GRAPH_PATH_UNKNOWN, "planets"),
    "an unknown navigation": ("GET", "applications/x/moons", GRAPH_PATH_UNKNOWN, "moons"),
    "a key where none can be": ("GET", "auditLogs('x')", GRAPH_PATH_UNKNOWN, "x"),
    "a name of OData is no key": ("GET", "applications/$value", GRAPH_PATH_UNKNOWN, "$value"),
    "nor is a reference": ("DELETE", "applications/x/owners/$count/$ref", GRAPH_PATH_UNKNOWN, "$count"),
    "half of a path": ("GET", "auditLogs", GRAPH_PATH_UNKNOWN, "auditLogs"),
    "nothing": ("GET", "", GRAPH_PATH_UNKNOWN, ""),
    "a cast that nobody may use": (
        "GET",
        "applications/x/microsoft.graph.other/owners",
        GRAPH_PATH_UNKNOWN,
        "microsoft",
    ),
    "a permission without a route": ("GET", "not/served/yet", GRAPH_PATH_UNKNOWN, "not"),
    "another method": ("PUT", "applications", GRAPH_VERB, "GET, POST"),
    "a method that reads no body": ("HEAD", "applications/x", GRAPH_VERB, "GET"),
}


@every("row", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_not_served_is_named(row: tuple[str, str, Row, str]) -> None:
    method, path, expected, said = row
    with pytest.raises(Refused) as caught:
        ROUTER.find(method, parse(f"/v1.0/{path}").segments)
    assert caught.value.row is expected
    assert said in "".join(caught.value.fields.values())


def test_a_route_that_the_permissions_do_not_name_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="secrets"):
        Router([Route("GET", "secrets", nothing)], {})


KINDS = {
    "applications/{}": "Application",
    "applications/{}/federatedIdentityCredentials/{}": "FederatedIdentityCredential",
    "servicePrincipals/{}/owners": "DirectoryObject",
    "servicePrincipals/{}/appRoleAssignedTo": "AppRoleAssignment",
    "auditLogs/signIns": "SignIn",
    "me": "DirectoryObject",
}


@every(("template", "kind"), KINDS.items())
def test_refusals_name_what_a_collection_holds(template: str, kind: str) -> None:
    assert Route("GET", template, nothing).kind == kind
