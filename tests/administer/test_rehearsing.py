from accredit.administer import applications
from accredit.administer.rehearsing import rehearsed
from tests.administer.office import office, run


def test_a_rehearsal_reads_what_is_stored_and_leaves_nothing():
    at = office()
    run(applications.create(at.by, at.tenant.id, display_name="before"))

    async def change(by):
        async with by.registry.reading() as store:
            held = len(await store.applications.find(tenant_id=at.tenant.id))
        await applications.create(by, at.tenant.id, display_name="rehearsed")
        return held

    before = at.read("applications", tenant_id=at.tenant.id)
    assert run(rehearsed(at.by, change)) == len(before)
    assert at.read("applications", tenant_id=at.tenant.id) == before
