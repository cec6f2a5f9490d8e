"""A server's life as an operator sees it: start, ready file, drain, port taken, restart, kill."""

import json
import re
import resource
import signal
import socket
import ssl
import stat
import subprocess
import threading
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from accredit.app import seed
from tests.ops.servers import COMMAND, WITHIN, command, environment, free_port, serving, start, until

pytestmark = pytest.mark.slow

MEMBERS = {"url", "admin_url", "idp_url", "metadata_url", "ca_file", "pid", "tenant_id", "tenant_domain"}
MEMBERS |= {"admin", "workload"}
TENANT = str(seed.TENANT_ID)


def secret_form(**changed):
    return {
        "grant_type": "client_credentials",
        "client_id": str(seed.ADMIN_ID),
        "client_secret": seed.ADMIN_SECRET,
        "scope": "https://graph.microsoft.com/.default",
    } | changed


def mint(server):
    answer = server.http.post("/idp/_mint", json={"dialect": "github", "params": {}})
    assert answer.status_code == 200, answer.text
    return answer.json()["token"]


def workload_form(assertion, **changed):
    return {
        "grant_type": "client_credentials",
        "client_id": str(seed.WORKLOAD_ID),
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion,
        "scope": "api://orders/.default",
    } | changed


def test_the_ready_file_has_the_members_that_other_programs_rely_on_and_is_its_owners_alone(tmp_path):
    with serving(tmp_path) as server:
        found = server.ready
        assert MEMBERS <= found.keys() <= MEMBERS | {"control_token"}
        assert re.fullmatch(r"https://localhost:\d+", found["url"])
        assert (found["tenant_id"], found["tenant_domain"]) == (TENANT, "contoso.test")
        assert found["admin"] == {"client_id": str(seed.ADMIN_ID), "client_secret": seed.ADMIN_SECRET}
        assert found["workload"].keys() == {"client_id", "issuer", "subject", "audience"}
        assert found["pid"] == server.process.pid
        assert stat.S_IMODE(server.ready_file.stat().st_mode) == 0o600
        assert [each.name for each in tmp_path.glob(".ready*")] == []  # nothing half-written is left
    assert not server.ready_file.exists()


def test_a_ready_file_of_a_killed_server_is_gone_before_the_next_one_is_ready(tmp_path):
    stale = tmp_path / "ready.json"
    stale.write_text(json.dumps({"pid": 0, "url": "https://localhost:1"}))
    with serving(tmp_path) as server:
        assert server.ready["url"] != "https://localhost:1"


def test_both_loopbacks_answer_on_one_port(tmp_path):
    with serving(tmp_path) as server:
        context = ssl.create_default_context(cafile=server.ready["ca_file"])
        for host, family in (("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)):
            with socket.socket(family) as raw:
                raw.settimeout(10)
                raw.connect((host, server.port))
                name = f"[{host}]" if ":" in host else host
                with context.wrap_socket(raw, server_hostname=host) as tls:
                    tls.sendall(f"GET /common/discovery/keys HTTP/1.1\r\nHost: {name}:{server.port}\r\n\r\n".encode())
                    assert tls.recv(64).startswith(b"HTTP/1.1 200")


def test_the_chain_verifies_strictly_and_for_no_other_name(tmp_path):
    with serving(tmp_path) as server:
        context = ssl.create_default_context(cafile=server.ready["ca_file"])
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        for name, accepted in (("localhost", True), ("127.0.0.1", True), ("login.microsoftonline.com", False)):
            with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
                if accepted:
                    context.wrap_socket(raw, server_hostname=name).close()
                    continue
                with pytest.raises(ssl.SSLCertVerificationError):
                    context.wrap_socket(raw, server_hostname=name)


def test_a_port_that_is_taken_is_said_in_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = command("serve", "--profile", "emulator", "--port", str(port), "--data", str(tmp_path / "data"))
    assert done.returncode == 5
    assert f"127.0.0.1:{port}" in done.stderr
    assert "is in use already" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data").exists()


def test_sigterm_lets_a_request_under_way_finish_and_says_503_meanwhile(tmp_path):
    with serving(tmp_path) as server:
        body = b"&".join(f"{name}={value}".encode() for name, value in secret_form().items())
        head = (
            f"POST /{TENANT}/oauth2/v2.0/token HTTP/1.1\r\nHost: {server.host}\r\nContent-Length: {len(body)}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
        )
        assert server.admin.get("/readyz").status_code == 200
        with server.connect() as under_way:
            under_way.sendall(head.encode() + body[:10])
            until(lambda: server.http.get("/common/discovery/keys").status_code == 200)  # it has been read by now
            server.process.send_signal(signal.SIGTERM)
            until(lambda: server.admin.get("/readyz").status_code == 503)
            assert "draining" in server.admin.get("/readyz?verbose").text
            under_way.sendall(body[10:])
            assert under_way.recv(64).startswith(b"HTTP/1.1 200")
        assert server.process.wait(WITHIN) == 0
    assert not server.ready_file.exists()
    assert "Traceback" not in server.log.read_text()


def test_a_request_that_never_arrives_whole_does_not_hold_the_server_nor_leave_a_traceback(tmp_path):
    with serving(tmp_path) as server, server.connect() as slow:
        slow.sendall(
            f"POST /{TENANT}/oauth2/token HTTP/1.1\r\nHost: {server.host}\r\nContent-Length: 9\r\n\r\n".encode()
        )
        server.http.get("/common/discovery/keys")
        assert server.stop() == 0
        assert "Traceback" not in server.log.read_text()


def test_a_temporary_folder_goes_with_its_server(tmp_path):
    ready = tmp_path / "ready.json"
    told = ("serve", "--profile", "emulator", "--port", str(free_port()), "--ready-file", str(ready))
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    with subprocess.Popen((*COMMAND, *told), env=environment(TMPDIR=str(temporary)), stderr=subprocess.PIPE) as process:
        try:
            until(lambda: ready.exists() or process.poll() is not None)
            (folder,) = temporary.glob("accredit-*")
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=WITHIN)
    assert process.returncode == 0
    assert list(temporary.iterdir()) == []


def test_sigterm_in_the_moment_it_is_ready_drains_as_at_any_other(tmp_path):
    for _ in range(3):
        server = start(tmp_path)
        assert server.stop() == 0
        assert not server.ready_file.exists()


def test_a_restart_with_the_same_data_keeps_keys_tenant_issuers_and_events(tmp_path):
    seen = []
    for _ in range(2):
        with serving(tmp_path) as server:
            keys = {each["kid"] for each in server.http.get(f"/{TENANT}/discovery/v2.0/keys").json()["keys"]}
            foreign = {each["kid"] for each in server.http.get("/idp/github/.well-known/jwks").json()["keys"]}
            assert server.token(TENANT, workload_form(mint(server))).status_code == 200
            with server.store() as store, store.events() as log:
                seen.append((keys, foreign, [each.id for each in log.last(seed.TENANT_ID, limit=10)]))
    assert seen[0][:2] == seen[1][:2]
    assert len(seen[0][2]) == 1
    assert seen[1][2][1:] == seen[0][2]


def test_killed_under_load_no_answered_token_lacks_its_event_and_the_store_serves_again(tmp_path):
    answered = []
    for number in range(4):
        server = start(tmp_path)
        try:
            assertion, stopped = mint(server), threading.Event()

            def work(server=server, assertion=assertion, stopped=stopped):
                import httpx2  # noqa: PLC0415  each thread has a client of its own

                context = ssl.create_default_context(cafile=server.ready["ca_file"])
                with httpx2.Client(base_url=server.ready["url"], verify=context, trust_env=False, timeout=10) as http:
                    while not stopped.is_set():
                        try:
                            answer = http.post(f"/{TENANT}/oauth2/v2.0/token", data=workload_form(assertion))
                        except httpx2.HTTPError:
                            return
                        if answer.status_code == 200:
                            answered.append(answer.headers["x-ms-request-id"])

            threads = [threading.Thread(target=work) for _ in range(6)]
            before = len(answered)
            for each in threads:
                each.start()
            until(lambda before=before, number=number: len(answered) > before + 40 + 17 * number)
            server.process.kill()
            stopped.set()
            for each in threads:
                each.join()
        finally:
            server.stop(signal.SIGKILL)
    with serving(tmp_path) as server:
        with server.store() as store, store.events() as log:
            kept = {str(each.id) for each in log.last(seed.TENANT_ID, limit=100_000)}
        assert set(answered) <= kept
        assert server.token(TENANT, workload_form(mint(server))).status_code == 200


def limit_files(server, size):
    """Let no file of the server grow beyond ``size`` bytes (-1: any size): what would fails, as on a full disk."""
    hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (hard if size < 0 else size, hard))


def test_a_full_disk_issues_nothing_says_why_and_recovers_by_itself(tmp_path):
    with serving(tmp_path) as server:
        assertion = mint(server)
        assert server.token(TENANT, workload_form(assertion)).status_code == 200
        limit_files(server, 4096)
        until(lambda: server.token(TENANT, workload_form(assertion)).status_code == 503)
        answers = [server.token(TENANT, form) for form in [workload_form(assertion), secret_form()] * 5]
        assert {each.status_code for each in answers} == {503}
        assert {each.json()["error_codes"][0] for each in answers} == {90033}
        assert all(int(each.headers["retry-after"]) >= 1 for each in answers)
        assert all("access_token" not in each.text for each in answers)
        told = server.admin.get("/readyz?verbose")
        assert told.status_code == 503
        assert "the disk" in told.json()["conditions"]["sign-in log"]
        assert "accredit_signin_log_healthy 0.0" in server.admin.get("/metrics").text
        limit_files(server, -1)
        until(lambda: server.admin.get("/readyz").status_code == 200)
        assert server.token(TENANT, workload_form(assertion)).status_code == 200


def test_the_metrics_are_those_of_the_documentation_and_no_label_is_a_callers_text(tmp_path):
    nobody = "http://127.0.0.1:9"  # what an exporter measures is told where there is one
    with serving(tmp_path, ACCREDIT_EXPORT__OTLP__ENDPOINT=nobody) as server:
        server.token(TENANT, workload_form(mint(server)))
        server.token("canary.example", workload_form("canary", client_id="canary-client"))
        text = server.admin.get("/metrics").text
    there = {each.name + "_total" * (each.type == "counter") for each in text_string_to_metric_families(text)}
    documented = Path(__file__).parents[2].joinpath("docs", "operations.md").read_text(encoding="utf-8")
    assert there == set(re.findall(r"^\| `(accredit_\w+)` \|", documented, re.MULTILINE))
    assert "canary" not in text


def test_an_emulator_refuses_the_data_of_a_production_profile(tmp_path):
    data = tmp_path / "data"
    assert command("init", "--domain", "corp.test", "--data", str(data)).returncode == 0
    done = command("serve", "--profile", "emulator", "--port", "0", "--data", str(data))
    assert done.returncode == 2
    assert "production" in done.stderr
    assert sorted(each.name for each in data.iterdir() if not each.name.endswith(("-wal", "-shm", ".lock"))) == [
        "accredit.db",
        "master.key",
    ]


def test_an_emulator_listens_on_loopback_unless_it_is_told_otherwise(tmp_path):
    done = command("serve", "--profile", "emulator", "--host", "0.0.0.0", "--data", str(tmp_path / "data"))  # noqa: S104  refused
    assert done.returncode == 2
    assert "loopback" in done.stderr
