"""What an earlier version wrote is read by this one."""

import json
from uuid import UUID

import msgspec
import pytest

from accredit.directory import PrincipalRegistration, Registration
from accredit.stores.kept import READ, body
from tests.stores import made
from tests.support.every import every

TENANT = made.tenant()
APPLICATION = made.application(TENANT, identifier_uris=("api://orders",))
ISSUER = made.issuer(TENANT)
KEPT = {
    "tenants": TENANT,
    "applications": APPLICATION,
    "principals": made.principal(APPLICATION),
    "issuers": ISSUER,
    "assignments": made.assignment(made.principal(APPLICATION), made.principal(APPLICATION)),
}
FIRST = {
    "applications": b'{"id":"00000000-0000-0000-0000-000000000001","tenant_id":"00000000-0000-0000-0000-000000000002",'
    b'"app_id":"00000000-0000-0000-0000-000000000003","display_name":"deploy-bot",'
    b'"created_at":"2026-03-01T12:30:15.123457Z","disabled":false,"public":false,"identifier_uris":["api://orders"],'
    b'"app_roles":[],"token_version":2,"secrets":[],"certificates":[],"revision":3}',
    "principals": b'{"id":"00000000-0000-0000-0000-000000000001","tenant_id":"00000000-0000-0000-0000-000000000002",'
    b'"app_id":"00000000-0000-0000-0000-000000000003","display_name":"deploy-bot",'
    b'"created_at":"2026-03-01T12:30:15.123457Z","application_id":"00000000-0000-0000-0000-000000000004",'
    b'"owner_tenant_id":null,"enabled":true,"assignment_required":false,"names":[],"app_roles":[],"revision":3}',
}


@pytest.mark.parametrize("table", FIRST)
def test_what_was_kept_before_there_were_registrations_is_read(table):
    read = READ[table](FIRST[table])
    assert read.id == UUID(int=1)
    assert (read.display_name, read.created_at, read.revision) == ("deploy-bot", made.AT, 3)
    assert read.registration == (Registration() if table == "applications" else PrincipalRegistration())
    assert READ[table](body(read)) == read


@every("table", KEPT)
def test_what_a_later_version_adds_may_be_missing(table):
    """Members with a default may be missing from what was kept; those without one are there since the first version."""
    whole = json.loads(body(KEPT[table]))
    plain = {each.name: each for each in msgspec.structs.fields(type(KEPT[table]))}
    required = {each.encode_name for each in plain.values() if each.required}
    read = READ[table](json.dumps({name: whole[name] for name in required}).encode())
    assert {each: getattr(read, each) for each in plain if plain[each].required} == {
        each: getattr(KEPT[table], each) for each in plain if plain[each].required
    }
