"""Who calls: tokens that this authority signed, with one thing wrong each, and what the directory says meanwhile."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from accredit.administer import applications, permissions, principals, signing_keys
from accredit.app import seed
from accredit.app.folder import ALGORITHMS
from accredit.errors import TOKEN_EMPTY, TOKEN_HOST_HINT, TOKEN_REFUSED, TRANSIENT, Refused
from accredit.signing.file import open_signer
from accredit.stores.sqlite import SqliteRegistry
from accredit.web.bearer import Bearers, Caller
from tests.support.every import every
from tests.web.graph.callers import GRAPH_SCOPE, Graph
from tests.wire.authority import ADMIN, BASE, TENANT, wire

READER = "Application.Read.All"
WRITER = "Application.ReadWrite.All"
ARM = "797f4846-ba00-4fd7-ba43-dac1f8f63013"
GRAPH = "00000003-0000-0000-c000-000000000000"


def _encoded(value: Mapping[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _decoded(segment: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    return found


@dataclass
class Desk:
    """Bearers of one emulator, and tokens to show them."""

    graph: Graph
    genuine: str

    @property
    def bearers(self) -> Bearers:
        runtime = self.graph.wire.runtime
        return Bearers(runtime.authority, runtime.published)

    def caller(self, token: str) -> Caller:
        found: Caller = self.graph.wire.run(self.bearers.caller, [f"Bearer {token}".encode()], "")
        return found

    def signed(self, algorithm: str = "RS256", **changed: Any) -> str:
        """The genuine token with other claims (``None``: without), signed by this authority."""
        header, claims, _ = self.genuine.split(".")
        said = {**_decoded(header), **changed.pop("header", {})}
        body = {name: value for name, value in {**_decoded(claims), **changed}.items() if value is not None}
        runtime = self.graph.wire.runtime
        key = next(each for each in runtime.following.signing if each.algorithm == algorithm)
        if algorithm != "RS256":
            said |= {"alg": algorithm, "kid": key.kid, "x5t": key.thumbprint}
        signing_input = f"{_encoded(said)}.{_encoded(body)}"
        signature = open_signer(key, runtime.folder.master_key()).sign(signing_input.encode())
        return f"{signing_input}.{urlsafe_b64encode(signature).rstrip(b'=').decode()}"

    def claims(self) -> dict[str, Any]:
        return _decoded(self.genuine.split(".")[1])


@pytest.fixture(scope="module")
def desk(graph: Graph) -> Desk:
    return Desk(graph, graph.admin())


@pytest.fixture
def mine(tmp_path: Path) -> Iterator[Desk]:
    """A desk whose directory a test changes."""
    with wire(tmp_path / "data", upload=False) as made:
        graph = Graph(made)
        yield Desk(graph, graph.admin())


ACCEPTED: dict[str, Callable[[Desk], str]] = {
    "as it was issued": lambda desk: desk.genuine,
    "ES256, as resources may ask for": lambda desk: desk.signed("ES256"),
    "the form of version 2.0": lambda desk: desk.signed(
        ver="2.0", iss=f"{BASE}/{TENANT}/v2.0", aud=GRAPH, appid=None, azp=ADMIN
    ),
    "for this server": lambda desk: desk.signed(aud=BASE),
    "for this server with a slash": lambda desk: desk.signed(aud=BASE + "/"),
    "for this server without its port": lambda desk: desk.signed(aud="https://localhost"),
    "for Graph by its id": lambda desk: desk.signed(aud=GRAPH),
    "for Graph with a slash": lambda desk: desk.signed(aud="https://graph.microsoft.com/"),
    "for ARM": lambda desk: desk.signed(aud=BASE + "/arm", roles=None),
    "for ARM with a slash": lambda desk: desk.signed(aud=BASE + "/arm/", roles=None),
    "for ARM without the port": lambda desk: desk.signed(aud="https://localhost/arm", roles=None),
    "for ARM by its id": lambda desk: desk.signed(aud=ARM, roles=None),
    "for Azure's own ARM": lambda desk: desk.signed(aud="https://management.azure.com/", roles=None),
    "for Azure's former ARM": lambda desk: desk.signed(aud="https://management.core.windows.net/", roles=None),
    "a minute late": lambda desk: desk.signed(exp=_now(desk) - 59),
    "a minute early": lambda desk: desk.signed(nbf=_now(desk) + 60, iat=_now(desk) + 60, exp=_now(desk) + 3_600),
    "for a day": lambda desk: desk.signed(iat=_now(desk) - 300, exp=_now(desk) + 86_400),
}


def _now(desk: Desk) -> int:
    return int(desk.graph.wire.clock().timestamp())


@every("token", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_a_token_of_this_authority_says_who_calls(desk: Desk, token: Callable[[Desk], str]) -> None:
    caller = desk.caller(token(desk))
    assert str(caller.client.app_id) == ADMIN
    assert str(caller.tenant.id) == TENANT
    assert caller.roles >= {READER, WRITER, "Accredit.Trust.Widen"}


OTHER = "57a671b2-b4c8-4a87-9b73-3f8848456127"


def _altered(desk: Desk) -> str:
    header, _, signature = desk.genuine.split(".")
    return ".".join((header, _encoded({**desk.claims(), "roles": ["Other"]}), signature))


REFUSED: dict[str, tuple[Callable[[Desk], str], str]] = {
    "no JWT": (lambda _: "abc", "no token of this authority"),
    "four parts": (lambda desk: desk.genuine + ".x", "no token of this authority"),
    "an altered claim": (_altered, "Signature is invalid"),
    "no signature": (lambda desk: desk.genuine.rpartition(".")[0] + ".", "no token of this authority"),
    "no algorithm": (lambda desk: desk.signed(header={"alg": "none"}), "no token of this authority"),
    "a secret as its key": (lambda desk: desk.signed(header={"alg": "HS256"}), "no token of this authority"),
    "an algorithm that we never sign with": (
        lambda desk: desk.signed(header={"alg": "PS256"}),
        "no token of this authority",
    ),
    "a key that is none of ours": (lambda desk: desk.signed(header={"kid": "other"}), "Signature is invalid"),
    "no key named": (lambda desk: desk.signed(header={"kid": None, "x5t": None}), "no token of this authority"),
    "another kind of token": (lambda desk: desk.signed(header={"typ": "dpop+jwt"}), "no token of this authority"),
    "an assertion of a workload": (lambda desk: desk.graph.wire.mint(), "Issuer is invalid"),
    "another authority": (lambda desk: desk.signed(iss=f"https://other.test/{TENANT}/"), "Issuer is invalid"),
    "another tenant than its issuer's": (lambda desk: desk.signed(tid=OTHER), "Issuer is invalid"),
    "no tenant": (lambda desk: desk.signed(tid=None), "Issuer is invalid"),
    "a tenant that is no id": (lambda desk: desk.signed(tid=7), "Issuer is invalid"),
    "a tenant that does not exist": (
        lambda desk: desk.signed(tid=OTHER, iss=f"{BASE}/{OTHER}/"),
        "does not exist any more",
    ),
    "another resource": (lambda desk: desk.signed(aud="api://orders"), "Invalid audience 'api://orders'"),
    "the endpoint for token exchange": (
        lambda desk: desk.signed(aud="api://AzureADTokenExchange"),
        "Invalid audience",
    ),
    "an unknown resource": (lambda desk: desk.signed(aud="https://nowhere.test"), "Invalid audience"),
    "several audiences": (lambda desk: desk.signed(aud=[BASE, "api://orders"]), "Invalid audience"),
    "no audience": (lambda desk: desk.signed(aud=None), "no token of this authority"),
    "expired": (lambda desk: desk.signed(exp=_now(desk) - 60), "Lifetime validation failed: expired 60 s ago"),
    "not valid yet": (
        lambda desk: desk.signed(nbf=_now(desk) + 61, exp=_now(desk) + 3_600),
        "Lifetime validation failed: not valid for another 61 s",
    ),
    "longer than any token of ours": (
        lambda desk: desk.signed(iat=_now(desk) - 300, exp=_now(desk) + 86_401),
        "Lifetime validation failed: a life of 86701 s",
    ),
    "an application that does not exist": (lambda desk: desk.signed(appid=OTHER), "does not exist any more"),
    "no application": (lambda desk: desk.signed(appid=None), "does not exist any more"),
    "an application that is no text": (lambda desk: desk.signed(appid=["x"]), "does not exist any more"),
    "another service principal": (lambda desk: desk.signed(oid=OTHER), "does not exist any more"),
    "no service principal": (lambda desk: desk.signed(oid=None), "does not exist any more"),
}


@pytest.mark.parametrize("row", REFUSED.values(), ids=REFUSED.keys())
def test_any_other_token_is_refused_and_nowhere_printed(
    desk: Desk, row: tuple[Callable[[Desk], str], str], caplog: pytest.LogCaptureFixture
) -> None:
    token = row[0](desk)
    with pytest.raises(Refused) as caught:
        desk.caller(token)
    assert caught.value.row is TOKEN_REFUSED
    assert row[1] in caught.value.message
    said = f"{caught.value} {caught.value.detail} {caught.value.__cause__} {caplog.text}"
    assert not any(part in said for part in token.split(".") if len(part) > 8)


HEADERS: dict[str, tuple[list[bytes], str, Any, str]] = {
    "nothing": ([], "az", TOKEN_EMPTY, "Access token is empty."),
    "nothing, from a generated SDK": ([], "kiota-python/1.0", TOKEN_HOST_HINT, "(localhost, not localhost:8443)"),
    "a scheme alone": ([b"Bearer"], "", TOKEN_EMPTY, "Access token is empty."),
    "a scheme and spaces": ([b"Bearer  "], "kiota", TOKEN_EMPTY, "Access token is empty."),
    "another scheme": ([b"Basic abc"], "", TOKEN_REFUSED, "does not begin with Bearer"),
    "no scheme": ([b"abc.def.ghi"], "", TOKEN_REFUSED, "does not begin with Bearer"),
    "an empty header": ([b""], "", TOKEN_REFUSED, "does not begin with Bearer"),
    "two of them": ([b"Bearer a", b"Bearer b"], "", TOKEN_REFUSED, "more than once"),
}


@every("row", HEADERS.values(), ids=HEADERS.keys())
def test_what_the_header_lacks_is_said(desk: Desk, row: tuple[list[bytes], str, Any, str]) -> None:
    values, agent, expected, text = row
    with pytest.raises(Refused) as caught:
        desk.graph.wire.run(desk.bearers.caller, values, agent)
    assert caught.value.row is expected
    assert text in caught.value.message


def test_the_scheme_is_read_in_any_case(desk: Desk) -> None:
    caller = desk.graph.wire.run(desk.bearers.caller, [f"bEARER   {desk.genuine} ".encode()], "")
    assert str(caller.client.app_id) == ADMIN


def test_for_graph_roles_are_those_of_the_token_that_still_hold(mine: Desk) -> None:
    graph = mine.graph
    caller = graph.new_caller(READER)
    assert mine.caller(caller.token).roles == {READER}
    graph.grant(caller.principal, WRITER)
    assert mine.caller(caller.token).roles == {READER}, "a role that the token does not say needs a new token"
    again = graph.token(str(caller.application.app_id), caller.secret)
    assert mine.caller(again).roles == {READER, WRITER}
    resource = seed.marked("principal graph")
    graph.wire.run(permissions.revoke, graph.wire.administrator, caller.principal.id, resource, WRITER)
    assert mine.caller(again).roles == {READER}, "a role that was revoked is gone at once"


def test_for_any_other_audience_roles_are_the_current_ones(mine: Desk) -> None:
    graph = mine.graph
    caller = graph.new_caller(READER)
    token = graph.token(str(caller.application.app_id), caller.secret, BASE + "/arm/.default")
    assert mine.caller(token).roles == {READER}
    graph.grant(caller.principal, WRITER)
    assert mine.caller(token).roles == {READER, WRITER}


def test_where_graph_is_no_part_of_a_tenant_nobody_holds_its_roles(mine: Desk) -> None:
    graph = mine.graph
    caller = graph.new_caller(READER)
    token = graph.token(str(caller.application.app_id), caller.secret, BASE + "/arm/.default")
    graph.wire.run(principals.delete, graph.wire.administrator, seed.marked("principal graph"))
    assert mine.caller(token).roles == set()


def _disable_application(graph: Graph, application_id: UUID, _: UUID) -> None:
    graph.wire.run(applications.update, graph.wire.administrator, application_id, disabled=True)


def _disable_principal(graph: Graph, _: UUID, principal_id: UUID) -> None:
    graph.wire.run(principals.update, graph.wire.administrator, principal_id, enabled=False)


def _delete_application(graph: Graph, application_id: UUID, _: UUID) -> None:
    graph.wire.run(applications.delete, graph.wire.administrator, application_id)


def _delete_principal(graph: Graph, _: UUID, principal_id: UUID) -> None:
    graph.wire.run(principals.delete, graph.wire.administrator, principal_id)


LOST: dict[str, tuple[Callable[[Graph, UUID, UUID], None], str]] = {
    "a disabled application": (_disable_application, "is disabled"),
    "a disabled service principal": (_disable_principal, "is disabled"),
    "a deleted application": (_delete_application, "does not exist any more"),
    "a deleted service principal": (_delete_principal, "does not exist any more"),
}


@pytest.mark.parametrize("row", LOST.values(), ids=LOST.keys())
def test_who_is_no_more_calls_nothing(mine: Desk, row: tuple[Callable[[Graph, UUID, UUID], None], str]) -> None:
    caller = mine.graph.new_caller(READER)
    assert mine.caller(caller.token).roles == {READER}
    row[0](mine.graph, caller.application.id, caller.principal.id)
    with pytest.raises(Refused, match=row[1]):
        mine.caller(caller.token)


def test_a_key_that_was_withdrawn_proves_nothing(mine: Desk) -> None:
    runtime = mine.graph.wire.runtime
    bearers = mine.bearers
    header = [f"Bearer {mine.genuine}".encode()]
    mine.graph.wire.run(bearers.caller, header, "")
    make = runtime.folder.make_key(runtime.folder.master_key())
    for each in ALGORITHMS:
        mine.graph.wire.run(signing_keys.rotate, mine.graph.wire.administrator, make, each, emergency=True)
    with pytest.raises(Refused, match="Signature is invalid"):
        mine.graph.wire.run(bearers.caller, header, "")


class OnlyChanges:
    """A store that says whether anything changed, and nothing else."""

    def __init__(self, version: int) -> None:
        self.version = version

    async def changes(self, _: int) -> tuple[int, frozenset[UUID]]:
        return self.version, frozenset()


def test_a_caller_that_was_asked_for_before_is_known_by_heart(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.caller(desk.genuine)
    snapshot = desk.graph.wire.runtime.snapshot
    monkeypatch.setattr(snapshot, "_lookup", OnlyChanges(snapshot.version))
    assert WRITER in desk.caller(desk.genuine).roles


def test_what_another_process_revokes_is_gone_with_the_next_call(mine: Desk) -> None:
    graph = mine.graph
    caller = graph.new_caller(READER, WRITER)
    assert mine.caller(caller.token).roles == {READER, WRITER}
    elsewhere = replace(graph.wire.administrator, registry=SqliteRegistry(graph.wire.runtime.folder.database))
    resource = seed.marked("principal graph")
    graph.wire.run(permissions.revoke, elsewhere, caller.principal.id, resource, WRITER)
    assert mine.caller(caller.token).roles == {READER}
    elsewhere.registry.close()  # type: ignore[attr-defined]


def test_a_store_out_of_reach_is_no_fault_of_the_token(mine: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def busy(*_: object) -> None:
        raise Refused(TRANSIENT, detail="test")

    monkeypatch.setattr(mine.graph.wire.runtime.snapshot, "_learn", busy)
    with pytest.raises(Refused) as caught:
        mine.caller(mine.signed(aud=GRAPH_SCOPE.removesuffix(".default") + "other"))
    assert caught.value.row is TRANSIENT
