from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accredit import errors
from accredit.directory import (
    Application,
    Client,
    Held,
    Resource,
    Secret,
    ServicePrincipal,
    Tenant,
    digest,
    is_domain,
    permitted,
    prove_secret,
    read_tenant,
)
from accredit.errors import Refused
from tests.forge import NOW
from tests.support.every import every

DAY = timedelta(days=1)
TENANT, APP = UUID("8f3e6c1a-2b4d-4e5f-9a70-1c2d3e4f5a6b"), UUID("4a7d9f02-6c1b-4e83-b5d6-90f1a2c3e4d5")


def secret(number, value, starts_at=NOW, ends_at=NOW + DAY):
    salt = bytes([number]) * 16
    made = digest(salt, value.encode())
    return Secret(key_id=UUID(int=number), salt=salt, digest=made, hint=value[:3], starts_at=starts_at, ends_at=ends_at)


SECRETS = (secret(1, "expired", NOW - DAY, NOW), secret(2, "valid"), secret(3, "early", NOW + DAY, NOW + 2 * DAY))


def refused(ask, *given):
    with pytest.raises(Refused) as error:
        ask(*given)
    return error.value


def test_a_secret_is_known_within_its_dates():
    assert prove_secret("valid", SECRETS, APP, NOW).key_id == UUID(int=2)
    assert prove_secret("expired", SECRETS, APP, NOW - DAY).key_id == UUID(int=1)
    assert prove_secret("early", SECRETS, APP, NOW + DAY).key_id == UUID(int=3)


REFUSED_SECRETS = {
    "one that nobody has": ("other", NOW, errors.SECRET_INVALID),
    "one in another case": ("Valid", NOW, errors.SECRET_INVALID),
    "an empty one": ("", NOW, errors.SECRET_INVALID),
    "one that expires now": ("expired", NOW, errors.SECRET_EXPIRED),
    "one that begins later": ("early", NOW + DAY - timedelta(microseconds=1), errors.SECRET_EXPIRED),
    "text that is not ASCII": ("gültig", NOW, errors.SECRET_INVALID),
}


def test_a_secret_that_expired_is_named_and_one_that_nobody_has_is_not():
    known = {"expired": UUID(int=1), "nobody's": None}
    for value, key_id in known.items():
        with pytest.raises(Refused) as refusal:
            prove_secret(value, SECRETS, APP, NOW)
        assert refusal.value.about == key_id


@every("sentence", REFUSED_SECRETS)
def test_refused_is_a_secret(sentence):
    value, now, row = REFUSED_SECRETS[sentence]
    error = refused(prove_secret, value, SECRETS, APP, now)
    assert (error.row, error.fields) == (row, {"client": str(APP)})


def test_of_two_equal_secrets_the_one_that_is_valid_counts():
    twins = (secret(1, "same", NOW - DAY, NOW), secret(2, "same"))
    assert prove_secret("same", twins, APP, NOW).key_id == UUID(int=2)


SEGMENTS = {
    str(TENANT): TENANT,
    str(TENANT).upper(): TENANT,
    "contoso.test": "contoso.test",
    "Contoso.TEST": "contoso.test",
    "a-b.c1.example.co": "a-b.c1.example.co",
    "organizations": "organizations",
    "Organizations": "organizations",
}
REFUSED_SEGMENTS = {
    "common": errors.GRANT_NEEDS_TENANT,
    "Consumers": errors.GRANT_NEEDS_TENANT,
    "": errors.TENANT_MALFORMED,
    "contoso": errors.TENANT_MALFORMED,
    "contoso.": errors.TENANT_MALFORMED,
    "-a.test": errors.TENANT_MALFORMED,
    "a-.test": errors.TENANT_MALFORMED,
    "a..test": errors.TENANT_MALFORMED,
    "a b.test": errors.TENANT_MALFORMED,
    "a" * 64 + ".test": errors.TENANT_MALFORMED,
    ("a" * 63 + ".") * 4 + "test": errors.TENANT_MALFORMED,
    "contoso.test\n": errors.TENANT_MALFORMED,
    "8f3e6c1a2b4d4e5f9a701c2d3e4f5a6b": errors.TENANT_MALFORMED,
    "8f3e6c1a-2b4d-4e5f-9a70-1c2d3e4f5a6": errors.TENANT_MALFORMED,
    "8f3e6c1a-2b4d-4e5f-9a70-1c2d3e4f5a6g": errors.TENANT_MALFORMED,
    "{f3e6c1a-2b4d-4e5f-9a70-1c2d3e4f5a6}": errors.TENANT_MALFORMED,
}


@every("segment", SEGMENTS)
def test_a_tenant_is_read_from(segment):
    assert read_tenant(segment) == SEGMENTS[segment]


@every("segment", REFUSED_SEGMENTS)
def test_refused_is_the_tenant(segment):
    assert refused(read_tenant, segment).row is REFUSED_SEGMENTS[segment]


def read_or_refused(segment):
    try:
        return read_tenant(segment)
    except Refused as error:
        return error.row


@given(st.text(max_size=40))
def test_any_text_is_a_tenants_name_or_refused(segment):
    found = read_or_refused(segment)
    if isinstance(found, str):
        assert found == "organizations" or is_domain(found)
    else:
        assert isinstance(found, UUID) or found in {errors.GRANT_NEEDS_TENANT, errors.TENANT_MALFORMED}


def client(*, enabled=True, **given):
    application = Application(
        **{"id": UUID(int=1), "tenant_id": TENANT, "app_id": APP, "display_name": "deploy-bot", "created_at": NOW}
        | given
    )
    return Client(
        application,
        ServicePrincipal(
            id=UUID(int=2), tenant_id=TENANT, app_id=APP, display_name="bot", created_at=NOW, enabled=enabled
        ),
    )


def test_a_client_that_is_disabled_or_public_is_refused():
    client().refuse_unusable()
    for disabled in (client(disabled=True), client(enabled=False), client(enabled=False, public=True)):
        error = refused(disabled.refuse_unusable)
        assert (error.row, error.fields) == (errors.CLIENT_DISABLED, {"client": str(APP), "name": "deploy-bot"})
    assert refused(client(public=True).refuse_unusable).row is errors.CLIENT_PUBLIC


@every(
    ("required", "on_resource", "allowed"),
    [
        (False, Held(), True),
        (False, Held(("Read",), assigned=True), True),
        (True, Held(), False),
        (True, Held(assigned=True), True),
    ],
)
def test_a_resource_that_demands_an_assignment_refuses_whoever_has_none(required, on_resource, allowed):
    resource = Resource(
        principal_id=UUID(int=3),
        app_id=UUID(int=4),
        display_name="orders",
        names=(),
        roles=(),
        token_version=2,
        assignment_required=required,
    )
    if allowed:
        assert permitted(client(), resource, on_resource) == on_resource.roles
    else:
        error = refused(permitted, client(), resource, on_resource)
        assert error.row is errors.ROLE_NOT_ASSIGNED
        assert error.fields["resource_name"] == "orders"


@every(
    ("portability", "rule", "in_force"),
    [("entra", None, "contained"), ("extended", None, "refuse"), ("entra", "listed", "listed")],
)
def test_the_rule_for_several_audiences_depends_on_portability_unless_it_is_set(portability, rule, in_force):
    tenant = Tenant(
        id=TENANT, display_name="C", domains=(), created_at=NOW, portability=portability, multi_audience=rule
    )
    assert tenant.several_audiences == in_force
