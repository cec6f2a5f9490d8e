"""A page has one address, and nothing leads from another one to it: not with the scheme that a proxy speaks to us."""

from tests.support.every import every


@every("path", ["tenants/", "sign-in/", "contoso.test/", "contoso.test/applications/", "/tenants", "static/portal.js/"])
def test_what_is_no_address_leads_nowhere(portal, path):
    page = portal.send("GET", f"/portal/{path}", follow=False)
    assert page.status == 404
    assert "location" not in page.headers
