"""The export of a tenant that trusts much: a file has all of it, and the page does not grow with it."""

import pytest

from accredit.administer import applications, credentials, tenants
from accredit.web.portal.pages.settings_export import MOST_NOTES
from tests.support.workload import GITHUB

TRUSTED = MOST_NOTES + 5
AT = "/portal/busy.test/settings/export"


@pytest.fixture
def busy(served):
    """A tenant with more expressions that Entra ID does not take than a page has remarks."""

    async def trust(by):
        tenant = await tenants.create(by, display_name="Busy", domains=("busy.test",), portability="extended")
        application = await applications.create(by, tenant.id, display_name="busy")
        for number in range(TRUSTED):
            asked = f"claims['sub'] eq 'repo:o@1/r@{number}:ref:refs/heads/main' and claims['ref_type'] eq 'branch'"
            await credentials.add(by, application.id, name=f"job-{number}", issuer=GITHUB, expression=asked)

    served.administer(trust)


def test_a_page_has_so_many_remarks_and_says_how_many_there_are(portal, busy):
    page = portal.get(AT)
    assert f"{TRUSTED} credentials" in page.text
    assert sum("job-" in each.text for each in page.root.all("li")) == MOST_NOTES
    assert "and 5 more" in page.text
    assert portal.get(f"{AT}/yaml").html.count("job-") == TRUSTED
