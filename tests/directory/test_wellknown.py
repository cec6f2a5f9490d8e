from uuid import UUID

from accredit.directory import identifier_key, wellknown
from tests.support.every import every

BASE = "https://localhost:8443"


def test_there_are_eleven_apis_and_two_clients_each_with_an_id_and_names_of_its_own():
    found = wellknown.principals()
    assert len(found) == 13
    assert all(key == each.key for key, each in found.items())
    assert len({each.app_id for each in found.values()}) == 13
    names = [identifier_key(name) for each in found.values() for name in (*each.names, *wellknown.derived(each, BASE))]
    assert len(names) == len(set(names))
    assert {each.token_version for each in found.values()} == {1}


def test_names_that_follow_from_the_public_address_are_computed():
    found = wellknown.principals()
    assert wellknown.derived(found["graph"], BASE) == (BASE,)
    assert wellknown.derived(found["arm"], BASE) == (BASE + "/arm",)
    assert wellknown.derived(found["storage"], BASE) == ()
    assert all("{" not in name for each in found.values() for name in each.names)


def test_graph_offers_the_delegated_permission_that_clients_ask_for():
    found = {key: each.scopes for key, each in wellknown.principals().items() if each.scopes}
    assert [(each.value, str(each.id)) for each in found.pop("graph")] == [
        ("User.Read", "e1fe6dd8-ba31-4d61-89e7-88639da4683d")
    ]
    assert found == {}


def test_every_name_and_id_is_reserved():
    reserved = wellknown.reserved(BASE)
    graph = UUID("00000003-0000-0000-c000-000000000000")
    assert reserved[identifier_key("https://graph.microsoft.com/")] == graph
    assert reserved[BASE] == reserved[str(graph)] == graph
    assert reserved[identifier_key("api://AzureADTokenExchangeChina")] == UUID("fb60f99c-7a34-4190-8149-302f77469936")
    assert "api://orders" not in reserved


STS, EMULATOR = "https://sts.contoso.test:8443", BASE
RESERVED = {
    "with the port that it has anyhow": ("https://graph.microsoft.com:443/", STS),
    "with another port": ("https://graph.microsoft.com:1", STS),
    "over plain http": ("http://graph.microsoft.com", STS),
    "with a path": ("https://graph.microsoft.com/v1.0", STS),
    "with a user": ("https://me@Graph.Microsoft.com", STS),
    "with a dot at the end": ("https://graph.microsoft.com.", STS),
    "with an escaped dot": ("https://graph%2Emicrosoft.com", STS),
    "with a slash less": ("https:/graph.microsoft.com", STS),
    "with slashes as on Windows": ("https:\\\\graph.microsoft.com", STS),
    "another API of Microsoft's": ("https://storage.azure.com/x", STS),
    "by its appId": ("api://00000003-0000-0000-C000-000000000000", STS),
    "by its appId, with a path": ("api://00000003-0000-0000-c000-000000000000/x", STS),
    "the audience of federation": ("API://azureadtokenexchange/", STS),
    "this authority": (STS, STS),
    "this authority on another port": ("https://sts.contoso.test:1/x", STS),
    "an emulator by another name of this machine": ("https://127.0.0.1:8443", EMULATOR),
    "an emulator by its IPv6 address": ("https://[::1]:8443/", EMULATOR),
    "an emulator by a name below its own": ("https://sts.localhost", EMULATOR),
    "an emulator on another port": ("https://localhost:1", EMULATOR),
}
FREE = {
    "an API of one's own": ("api://orders", EMULATOR),
    "a name that only begins like one": ("https://graph.microsoft.com.contoso.test", EMULATOR),
    "a name that only ends like one": ("https://my-graph.microsoft.com", EMULATOR),
    "an API by an appId of one's own": ("api://6c3b1e0e-8f0a-4a55-9c37-3f0b8f3c9d11", EMULATOR),
    "a host name that api: makes none of": ("api://localhost", EMULATOR),
    "this machine, where the authority is not": ("https://localhost:1", STS),
    "an address of nothing": ("https://", EMULATOR),
    "an address that is none": ("https://[::1", EMULATOR),
    "no address": ("urn:orders", EMULATOR),
    "anything but Microsoft's, without a public address": (STS, ""),
}


@every("sentence", RESERVED)
def test_reserved_is(sentence):
    assert wellknown.reserves(*RESERVED[sentence])


@every("sentence", FREE)
def test_free_is(sentence):
    assert not wellknown.reserves(*FREE[sentence])


def test_roles_have_the_public_ids_or_such_as_follow_from_their_value():
    found = wellknown.principals()
    graph = {each.value: str(each.id) for each in found["graph"].app_roles}
    assert graph["Application.Read.All"] == "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30"
    assert len(graph) == len(set(graph.values())) == 27
    derived = {each.value: str(each.id) for each in found["vc_request"].app_roles}
    assert derived["VerifiableCredential.Create.All"] == "ffbf7bd4-e756-5ad6-8f77-5c684754e34d"
    assert len(derived) == 3


def test_they_belong_to_microsofts_tenant():
    assert wellknown.owner_tenant() == UUID("f8cdef31-a31e-4b4a-93e4-5f571e91255a")
