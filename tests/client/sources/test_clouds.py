"""How clouds are recognised, and what is said where one gives no token. That they give one, their clients show."""

import gc
import socket
import sys
from pathlib import Path
from threading import Thread

import pytest

from accredit.client.sources.aws_outbound import AwsOutbound
from accredit.client.sources.fly import Fly
from accredit.client.sources.google_cloud import GoogleCloud
from accredit.client.sources.imds import Imds
from accredit.client.sources.spiffe import Spiffe
from accredit.errors import SOURCE_EXTRA, SOURCE_MISSING, SOURCE_REFUSED, SOURCE_UNREACHABLE, Refused
from tests.client.sources.surroundings import AUDIENCE, around, unsigned

KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "x" * 40}


@pytest.fixture
def answered():
    """Let a port answer one request after the other with these bytes; its host and port."""
    open_sockets = []

    def serve(*answers):
        listening = socket.create_server(("127.0.0.1", 0))
        open_sockets.append(listening)

        def answer():
            for each in answers:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65_536)
                    connection.sendall(each)

        Thread(target=answer, daemon=True).start()
        return f"127.0.0.1:{listening.getsockname()[1]}"

    yield serve
    for each in open_sockets:
        each.close()


def http(status, body="", **headers):
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} x\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{more}\r\n{body}".encode()


def file(root: Path, name: str, text: str) -> Path:
    path = root / name
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return root


def refusal(source):
    with pytest.raises(Refused) as refused:
        source.fetch(AUDIENCE)
    return refused.value.row, f"{refused.value} {refused.value.detail or ''}"


def test_google_is_recognised(tmp_path, answered):
    flavored, other = http(200, "", Metadata_Flavor="Google"), http(200)
    machine = file(tmp_path / "google", "sys/class/dmi/id/product_name", "Google Compute Engine\n")
    elsewhere = file(tmp_path / "other", "sys/class/dmi/id/product_name", "Standard PC\n")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = f"127.0.0.1:{closed.getsockname()[1]}"
    rows = {
        "GCE_METADATA_HOST is set": (around({"GCE_METADATA_HOST": "m"}), True),
        "/sys/class/dmi/id/product_name says Google": (around({}, machine), True),
        "a metadata server of Google is at ": (around({"GCE_METADATA_IP": answered(flavored)}, elsewhere), True),
        "is not Google's": (around({"GCE_METADATA_IP": answered(other)}), False),
        "no metadata server is at ": (around({"GCE_METADATA_IP": nobody}), False),
    }
    for why, (seen, found) in rows.items():
        detection = GoogleCloud(seen).detect()
        assert (detection.found, why in detection.why) == (found, True), (why, detection)


def test_what_google_says_when_there_is_no_token(answered):
    redirect = http(302, "", Metadata_Flavor="Google", Location="http://127.0.0.1:1/")
    rows = (
        (http(200, unsigned()), "is no metadata server of Google"),
        (http(404, "no such account", Metadata_Flavor="Google"), "it answered 404: no such account"),
        (redirect, "it answered 302"),
    )
    for answer, says in rows:
        row, text = refusal(GoogleCloud(around({"GCE_METADATA_HOST": answered(answer)})))
        assert (row, says in text) == (SOURCE_REFUSED, True), text


def test_an_azure_app_is_recognised():
    endpoint = {"IDENTITY_ENDPOINT": "http://127.0.0.1:1/msi/token"}
    assert Imds(around({})).detect().why == "IDENTITY_ENDPOINT is not set"
    assert Imds(around(endpoint)).detect().why == "IDENTITY_HEADER is not set"
    assert Imds(around(endpoint | {"IDENTITY_HEADER": "h"})).detect().found


def test_what_a_managed_identity_says_when_there_is_no_token(answered):
    def app(*answers, **more):
        return {"IDENTITY_ENDPOINT": f"http://{answered(*answers)}/msi/token", "IDENTITY_HEADER": "h", **more}

    def machine(answer):
        return {"AZURE_POD_IDENTITY_AUTHORITY_HOST": f"http://{answered(answer)}/"}

    rows = {
        "IDENTITY_HEADER is not set": ({"IDENTITY_ENDPOINT": "http://127.0.0.1:1"}, SOURCE_MISSING),
        "that of Azure Arc": (app(IMDS_ENDPOINT="http://localhost:40342"), SOURCE_MISSING),
        "that of Service Fabric": (app(IDENTITY_SERVER_THUMBPRINT="00"), SOURCE_MISSING),
        "it answered 400: no such identity": (app(http(400, "no such identity")), SOURCE_REFUSED),
        "it answered 404": (machine(http(404)), SOURCE_REFUSED),
        "it answered 200, and no token with it": (machine(http(200, '{"access_token": 7}')), SOURCE_REFUSED),
    }
    for says, (environment, row) in rows.items():
        found, text = refusal(Imds(around(environment)))
        assert (found, says in text) == (row, True), text


def test_aws_is_recognised(tmp_path):
    home = file(tmp_path / "home", ".aws/credentials", "[default]\n").as_posix()
    machine = file(tmp_path / "ec2", "sys/class/dmi/id/sys_vendor", "Amazon EC2\n")
    other = file(tmp_path / "other", "sys/class/dmi/id/sys_vendor", "QEMU\n")
    rows = {
        "AWS_ACCESS_KEY_ID is set": (around(KEYS), True),
        "AWS_WEB_IDENTITY_TOKEN_FILE is set": (around({"AWS_WEB_IDENTITY_TOKEN_FILE": "/token"}), True),
        "~/.aws/credentials is there": (around({"HOME": home}), True),
        "/sys/class/dmi/id/sys_vendor says Amazon": (around({}, machine), True),
        "there are no credentials of AWS": (around({"HOME": "/nonexistent"}, other), False),
    }
    for why, (seen, found) in rows.items():
        detection = AwsOutbound(seen).detect()
        assert (detection.found, why in detection.why) == (found, True), (why, detection)


def test_what_aws_says_when_there_is_no_token(monkeypatch, answered):
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    for name in ("AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    denied = (
        "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User is not authorized</Message>"
        "</Error><RequestId>1</RequestId></ErrorResponse>"
    )
    region = {"AWS_REGION": "eu-west-1"}
    sts = region | {"AWS_ENDPOINT_URL_STS": f"http://{answered(http(403, denied))}"}
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = region | {"AWS_ENDPOINT_URL_STS": f"http://127.0.0.1:{closed.getsockname()[1]}"}
    rows = {
        "no region is set": (KEYS, SOURCE_MISSING),
        "Unable to locate credentials": (region, SOURCE_MISSING),
        "needs the action sts:GetWebIdentityToken": (KEYS | sts, SOURCE_REFUSED),
        "Could not connect to the endpoint": (KEYS | nobody, SOURCE_UNREACHABLE),
    }
    for says, (environment, row) in rows.items():
        found, text = refusal(AwsOutbound(around(environment)))
        assert (found, says in text) == (row, True), text
        assert KEYS["AWS_SECRET_ACCESS_KEY"] not in text


def test_aws_is_asked_in_its_region_whatever_is_configured(monkeypatch):
    monkeypatch.setenv("AWS_STS_REGIONAL_ENDPOINTS", "legacy")
    for variables in ({"AWS_REGION": "us-east-1"}, {"AWS_DEFAULT_REGION": "us-east-1"}):
        client = AwsOutbound(around(KEYS | variables))._client()  # noqa: SLF001  nobody answers there who could tell
        assert client.meta.endpoint_url == "https://sts.us-east-1.amazonaws.com"


def test_what_is_said_where_an_extra_is_not_installed(monkeypatch):
    for package in ("botocore", "spiffe"):
        monkeypatch.setitem(sys.modules, package, None)
    sources = (AwsOutbound(around(KEYS)), Spiffe(around({"SPIFFE_ENDPOINT_SOCKET": "unix:/run/agent.sock"})))
    for each in sources:
        detection = each.detect()
        assert not detection.found
        assert detection.why.endswith("is not installed")
        assert refusal(each)[0] is SOURCE_EXTRA


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_fly_is_a_socket(tmp_path):
    nothing = Fly(around({}, tmp_path))
    assert not nothing.detect().found
    assert refusal(nothing)[0] is SOURCE_MISSING
    path = tmp_path / ".fly/api"
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))
        assert nothing.detect().found
        assert refusal(nothing)[0] is SOURCE_UNREACHABLE  # nobody listens
    gc.collect()  # httpcore leaves the socket that could not be connected to the collector, which complains of it
