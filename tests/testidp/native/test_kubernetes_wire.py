"""Requests as kubectl writes them: recorded from version 1.32, and made wrong."""

import json

import pytest

from accredit.testidp.native.kubernetes_wire import MAGIC, PROTOBUF, Reference, Spec, read
from tests.testidp.native.asking import asked, platforms
from tests.testidp.workbench import Parts

HEAD = "6b3873000a280a1861757468656e7469636174696f6e2e6b38732e696f2f7631120c546f6b656e52657175657374"
RECORDED = {
    "--audience api://x --audience y --duration 10m": (
        "12290a100a0012001a0022002a00320038004200120f0a076170693a2f2f780a017920d8041a040a0012001a002200",
        Spec(["api://x", "y"], 600),
    ),
    "--duration 5m": ("121d0a100a0012001a0022002a00320038004200120320ac021a040a0012001a002200", Spec([], 300)),
    "": ("121a0a100a0012001a0022002a0032003800420012001a040a0012001a002200", Spec([])),
    "--bound-object-kind Pod --bound-object-name p --bound-object-uid x": (
        "122b0a100a0012001a0022002a0032003800420012111a0f0a03506f64120276311a01702201781a040a0012001a002200",
        Spec([], None, Reference("Pod", "v1", "p", "x")),
    ),
    "--bound-object-kind Pod --bound-object-name p": (
        "122a0a100a0012001a0022002a0032003800420012101a0e0a03506f64120276311a017022001a040a0012001a002200",
        Spec([], None, Reference("Pod", "v1", "p")),
    ),
}


def test_what_kubectl_sends_is_understood():
    found = {options: read(bytes.fromhex(HEAD + body), PROTOBUF) for options, (body, _) in RECORDED.items()}
    assert {options: each.spec for options, each in found.items()} == {name: row[1] for name, row in RECORDED.items()}
    assert {(each.apiVersion, each.kind) for each in found.values()} == {("authentication.k8s.io/v1", "TokenRequest")}


def test_it_is_granted_like_any_other():
    natives = platforms()
    job, _ = natives.begin({"dialect": "kubernetes"})
    body, spec = RECORDED["--audience api://x --audience y --duration 10m"]
    headers = {"authorization": f"Bearer {job.secret}", "content-type": PROTOBUF}
    path = "/api/v1/namespaces/shop/serviceaccounts/deployer/token"
    answer = natives.of_issuer("kubernetes", asked(path, "POST", headers, bytes.fromhex(HEAD + body)))
    assert answer.status == 201
    assert Parts.of(json.loads(answer.body)["status"]["token"]).claims["aud"] == spec.audiences


def test_fields_of_every_kind_are_passed_over():
    spec = bytes.fromhex("0a0161" + "49" + "00" * 8 + "55" + "00" * 4 + "20ffffffffffffffffff01")
    request = read(MAGIC + b"\x12" + bytes([len(spec) + 2]) + b"\x12" + bytes([len(spec)]) + spec, PROTOBUF + "; x=y")
    assert (request.kind, request.spec) == (None, Spec(["a"], -1))


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        MAGIC + b"\x0a\x05abc",
        MAGIC + b"\x0a",
        MAGIC + b"\x80",
        MAGIC + b"\xff" * 11,
        MAGIC + b"\x0d\x00",
        MAGIC + b"\x0b\x00",
        MAGIC + b"\x0f\x00",
        MAGIC + b"\x08\x01",
        MAGIC + b"\x12\x03\x12\x01",
        MAGIC + b"\x12\x05\x12\x03\x0a\x01\xff",
    ],
)
def test_what_is_no_message_is_refused(body):
    with pytest.raises(ValueError, match=r"."):
        read(body, PROTOBUF)


def test_json_that_nobody_can_read_to_its_end_is_refused():
    for body in (b'{"x": ' + b"[" * 60_000, b"[" * 60_000):
        with pytest.raises(ValueError, match=r"nested too deeply|Expected `object`"):
            read(body, "application/json")
