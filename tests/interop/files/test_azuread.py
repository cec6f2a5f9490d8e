"""Resources for the azuread provider."""

from accredit.interop.files import azuread
from accredit.interop.files.azuread import Raw


def test_every_kind_of_value_is_written_and_what_is_none_is_not():
    members = {
        "display_name": 'a "b" ${c}',
        "id": Raw("data.azuread_application.x.id"),
        "enabled": True,
        "disabled": False,
        "version": 2,
        "owners": ["a", Raw("b.c")],
        "absent": None,
    }
    assert azuread.resource(azuread.APPLICATION, "Orders API", members) == (
        'resource "azuread_application" "orders_api" {\n'
        '  display_name = "a \\"b\\" $${c}"\n'
        "  id           = data.azuread_application.x.id\n"
        "  enabled      = true\n"
        "  disabled     = false\n"
        "  version      = 2\n"
        '  owners       = ["a", b.c]\n'
        "}\n"
    )


def test_what_exists_is_looked_up():
    assert azuread.lookup(azuread.PRINCIPAL, "1x", {"client_id": "1"}) == (
        'data "azuread_service_principal" "_1x" {\n  client_id = "1"\n}\n'
    )
