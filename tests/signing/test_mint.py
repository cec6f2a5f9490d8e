"""Access tokens: whose key, which header, and whether others can verify them."""

import json
from base64 import urlsafe_b64decode
from datetime import timedelta
from uuid import UUID

import jwt
import msgspec
import pytest
from cryptography.exceptions import InternalError
from joserfc import jwt as joserfc
from joserfc.jwk import KeySet

from accredit.errors import MASTER_KEY, TRANSIENT, Refused
from accredit.signing import TokenMint, seal
from accredit.tokens.keys import LONGEST_TOKEN, key_set
from tests.signing.grants import BASE, MASTER, NOW, ORDERS, PRINCIPAL, TENANT, grant, key
from tests.support.every import every

pytestmark = pytest.mark.anyio

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def mint(*keys):
    return TokenMint(BASE, keys, MASTER, aio=lambda: "opaque")


def header(token):
    return json.loads(urlsafe_b64decode(token.value.split(".")[0] + "=="))


@every("algorithm", ["RS256", "ES256"])
@every("version", [1, 2])
async def test_two_other_libraries_verify_a_token(version, algorithm):
    keys = [key("RS256"), key("ES256")]
    token = await mint(*keys)(grant(version, algorithm), NOW)
    published = key_set(keys, None)
    found = next(each for each in jwt.PyJWKSet.from_dict(published).keys if each.key_id == header(token)["kid"])
    audience = str(ORDERS) if version == 2 else "api://orders"
    suffix = "v2.0" if version == 2 else ""
    read = jwt.decode(
        token.value,
        found.key,
        algorithms=[algorithm],
        audience=audience,
        issuer=f"{BASE}/{TENANT}/{suffix}",
        options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
    )
    assert read["oid"] == read["sub"] == str(PRINCIPAL)
    assert read["roles"] == ["Orders.Read"]
    assert read["aio"] == "opaque"
    assert (read["iat"], read["exp"]) == (NOW.timestamp() - 300, NOW.timestamp() + 3_600)
    other = joserfc.decode(token.value, KeySet.import_key_set(published), algorithms=[algorithm])
    assert other.claims == read
    assert (token.issued_at, token.lifetime, token.wanted) == (int(NOW.timestamp()), 3_600, "api://orders")
    assert "=" not in token.value
    assert token.value not in repr(token)


async def test_the_header_is_the_one_that_entra_id_writes():
    marked = key("RS256", kid_prefix="emulator-")
    first = (await mint(marked)(grant(1), NOW)).value.split(".")[0]
    second = (await mint(marked)(grant(2), NOW)).value.split(".")[0]
    thumbprint = marked.thumbprint
    assert urlsafe_b64decode(first + "==").decode() == (
        f'{{"typ":"JWT","alg":"RS256","x5t":"{thumbprint}","kid":"emulator-{thumbprint}"}}'
    )
    assert urlsafe_b64decode(second + "==").decode() == f'{{"typ":"JWT","alg":"RS256","kid":"emulator-{thumbprint}"}}'


async def test_the_next_key_signs_from_its_first_second():
    old, new = key("ES256"), key("ES256", DAY)
    port = mint(new, old)
    expected = [(NOW, old), (NOW + DAY - SECOND, old), (NOW + DAY, new), (NOW + DAY + SECOND, new), (NOW, old)]
    for now, signs in expected:  # the last step is a clock that was set back
        assert header(await port(grant(algorithm="ES256"), now))["kid"] == signs.kid, now


async def test_a_withdrawn_key_signs_until_it_is_withdrawn():
    old, new = key("ES256"), key("ES256", DAY)
    gone = msgspec.structs.replace(new, withdrawn_at=NOW + 2 * DAY)
    port = mint(old, gone)
    assert header(await port(grant(algorithm="ES256"), NOW + 2 * DAY - SECOND))["kid"] == new.kid
    with pytest.raises(Refused) as refused:
        await port(grant(algorithm="ES256"), NOW + 2 * DAY + LONGEST_TOKEN)
    assert refused.value.row is TRANSIENT


async def test_without_a_key_of_the_algorithm_nothing_is_signed():
    for port, now in ((mint(), NOW), (mint(key("RS256")), NOW), (mint(key("ES256")), NOW - SECOND)):
        with pytest.raises(Refused) as refused:
            await port(grant(algorithm="ES256"), now)
        assert refused.value.row is TRANSIENT
        assert refused.value.detail == "no ES256 key signs now"


async def test_keys_are_taken_over_and_opened_once():
    old, new = key("ES256"), key("ES256", SECOND)
    port = mint(old)
    before = port._signers[old.kid]  # noqa: SLF001  the same object is the point
    now = NOW + 2 * SECOND
    assert header(await port(grant(algorithm="ES256"), now))["kid"] == old.kid
    port.set_keys([old, new])
    assert header(await port(grant(algorithm="ES256"), now))["kid"] == new.kid
    assert port._signers[old.kid] is before  # noqa: SLF001


def sealed_by_another(made):
    return msgspec.structs.replace(made, sealed=seal(bytes(32), b"another key", kid=made.kid))


async def test_a_new_key_that_does_not_open_leaves_its_algorithm_without_one_and_never_the_old_one():
    old, other = key("ES256"), key("RS256")
    port, strange = mint(old, other), sealed_by_another(key("ES256", SECOND))
    later = NOW + 2 * SECOND
    port.set_keys([msgspec.structs.replace(old, withdrawn_at=later), strange, other])
    with pytest.raises(Refused) as refused:
        await port(grant(algorithm="ES256"), later)
    assert refused.value.row is TRANSIENT
    assert (
        refused.value.detail
        == port.trouble("ES256", later)
        == f"the master key does not open signing key {strange.kid}"
    )
    assert header(await port(grant(algorithm="RS256"), later))["kid"] == other.kid
    assert port.trouble("RS256", later) == ""
    assert port.trouble("RS256", NOW - SECOND) == "no RS256 key signs now"


async def test_a_key_in_use_that_does_not_open_is_refused_at_the_start_and_a_withdrawn_one_is_not():
    strange = sealed_by_another(key("ES256"))
    with pytest.raises(Refused) as refused:
        mint(strange)
    assert refused.value.row is MASTER_KEY
    port = mint(msgspec.structs.replace(strange, withdrawn_at=NOW), key("ES256", SECOND))
    assert port.trouble("ES256", NOW + SECOND) == ""


class Broken:
    """A private key that the library cannot use any more."""

    def sign(self, *_):
        raise InternalError("unknown OpenSSL error", [])


async def test_a_key_that_does_not_sign_is_a_transient_error():
    port, kid = mint(key("ES256")), key("ES256").kid
    port._signers[kid] = msgspec.structs.replace(port._signers[kid], private_key=Broken())  # noqa: SLF001
    with pytest.raises(Refused) as refused:
        await port(grant(algorithm="ES256"), NOW)
    assert refused.value.row is TRANSIENT
    assert refused.value.detail == f"signing key {kid} does not sign"


async def test_a_lifetime_of_its_own_reaches_the_token():
    wanted = grant()
    tenant = msgspec.structs.replace(wanted.tenant, token_lifetime=86_400)
    token = await mint(key())(msgspec.structs.replace(wanted, tenant=tenant), NOW)
    assert token.lifetime == 86_400


@pytest.mark.parametrize("extras", [True, False])
async def test_whether_tokens_for_graph_carry_what_entra_id_adds_is_a_setting(extras):
    graph = UUID("00000003-0000-0000-c000-000000000000")
    decided = grant(1, "RS256")
    resource = msgspec.structs.replace(decided.resource, app_id=graph)
    decided = msgspec.structs.replace(decided, resource=resource)
    minted = await TokenMint(BASE, [key("RS256")], MASTER, aio=lambda: "opaque", graph_extras=extras)(decided, NOW)
    said = json.loads(urlsafe_b64decode(minted.value.split(".")[1] + "=="))
    assert ("wids" in said, "app_displayname" in said) == (extras, extras)
