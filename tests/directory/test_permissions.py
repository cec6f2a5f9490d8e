from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from accredit.directory import AppRole, Held, Resource, held, identifier_key
from tests.support.every import every

GUID = "c1a5e2d4-7b38-4f60-8d19-2e6a9b0c7f31"
SAME = {
    "one trailing slash": ("api://orders", "api://orders/"),
    "case of scheme and host": ("HTTPS://Graph.Microsoft.COM/x", "https://graph.microsoft.com/x"),
    "case of a GUID": (f"api://{GUID.upper()}", f"api://{GUID}"),
    "case of a GUID within": (f"https://a.test/{GUID.upper()}/x", f"https://a.test/{GUID}/x"),
    "case of a bare GUID": (GUID.upper(), GUID),
}
DIFFERENT = {
    "two trailing slashes": ("api://orders", "api://orders//"),
    "case of a path": ("https://a.test/X", "https://a.test/x"),
    "case of what is no URL": ("urn:Orders", "urn:orders"),
    "a port": ("https://a.test", "https://a.test:443"),
    "a scheme": ("https://a.test", "http://a.test"),
    "characters that only look alike": ("https://\u212a.test", "https://k.test"),
}


@every("what", SAME)
def test_identifiers_are_equal_but_for(what):
    one, other = SAME[what]
    assert identifier_key(one) == identifier_key(other)


@every("what", DIFFERENT)
def test_identifiers_differ_by(what):
    one, other = DIFFERENT[what]
    assert identifier_key(one) != identifier_key(other)


@given(st.text(max_size=60).filter(lambda text: not text.endswith("/")))
def test_a_key_is_its_own_key(identifier):
    assert identifier_key(identifier_key(identifier)) == identifier_key(identifier)


def role(number, value, *, enabled=True):
    return AppRole(id=UUID(int=number), value=value, display_name=value, enabled=enabled)


RESOURCE = Resource(
    principal_id=UUID(int=1),
    app_id=UUID(int=2),
    display_name="orders",
    names=(),
    roles=(role(1, "Write"), role(2, "Read"), role(3, "Old", enabled=False), role(4, "Read")),
    token_version=2,
)


@every(
    ("assigned", "expected"),
    [
        ((), Held()),
        ((1, 2), Held(("Read", "Write"), assigned=True)),
        ((2, 4), Held(("Read",), assigned=True)),
        ((3,), Held((), assigned=True)),
        ((99,), Held((), assigned=True)),
        ((0,), Held((), assigned=True)),
    ],
)
def test_a_token_names_the_enabled_roles_that_are_held(assigned, expected):
    assert held(RESOURCE, frozenset(UUID(int=number) for number in assigned)) == expected
