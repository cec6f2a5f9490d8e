"""Who signs in acts at a URL until he signs out; nothing secret is written down, or shown, that nobody asked for."""

import json
import os
import re
import shlex
import stat
import subprocess
import sys

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from accredit.app import seed
from accredit.cli import profiles
from tests import forge
from tests.support.workload import engage

pytestmark = pytest.mark.slow

SECRET = seed.ADMIN_SECRET
ADMIN = str(seed.ADMIN_ID)
TENANT = str(seed.TENANT_ID)
LOCAL_ONLY = {
    "signing keys": ("keys", "list"),
    "a rotation": ("keys", "rotate"),
    "tenants": ("tenant", "list"),
    "a new tenant": ("tenant", "create", "x", "--domain", "x.test"),
    "the end of a tenant": ("tenant", "delete", "contoso.test", "--yes"),
    "the schema": ("db", "status"),
    "an upgrade": ("db", "upgrade"),
    "a new instance": ("init", "--domain", "x.test"),
}


@pytest.fixture
def home(tmp_path):
    """Where everything is that a command writes down for its user."""
    return tmp_path / "home"


@pytest.fixture
def variables(emulator, monkeypatch):
    """What a script is given."""

    def set_(**more):
        told = {"url": emulator.url, "ca_file": emulator.ca_file, "client_id": ADMIN, "client_secret": SECRET, **more}
        for name, value in told.items():
            monkeypatch.delenv(f"ACCREDIT_{name.upper()}", raising=False)
            if value:
                monkeypatch.setenv(f"ACCREDIT_{name.upper()}", str(value))

    return set_


def written(home):
    return {each: each.read_text() for each in home.rglob("*") if each.is_file()}


def plain_login(emulator, *more):
    return ("login", emulator.url, "--client-id", ADMIN, "--ca-file", str(emulator.ca_file), *more)


def test_who_signs_in_acts_there_until_he_signs_out(bare, emulator, ready, home):
    ended = bare("login", "--ready-file", ready, "--name", "dev", "-o", "json")
    assert (ended.code, ended.json["appId"], ended.json["tenantId"]) == (0, ADMIN, TENANT)
    assert ended.undo == "accredit logout dev"
    assert "Application.ReadWrite.All" in ended.json["roles"]
    assert bare("app", "list", "-q", "[].displayName", "-o", "json").json[:1] == ["accredit-admin"]
    assert bare("whoami", "-o", "json").json == ended.json
    ended = bare("logout")
    assert ended.code == 0
    assert ended.undo.startswith(f"accredit login {emulator.url} --client-id {ADMIN}")
    assert bare("app", "list").code == 4, "the store of this machine is not there"
    assert written(home).keys() == {home / "config/accredit/profiles.json"}
    assert json.loads((home / "config/accredit/profiles.json").read_text()) == {}
    assert bare("logout").err == "Nobody is signed in anywhere.\n"


def test_what_is_written_down_is_for_its_owner_alone(signed_in, home):
    modes = {stat.S_IMODE(each.stat().st_mode) for each in home.rglob("*") if each.is_file()}
    folders = {stat.S_IMODE(each.stat().st_mode) for each in home.rglob("accredit")}
    assert (modes, folders, len(written(home))) == ({0o600}, {0o700}, 2)


@pytest.mark.parametrize(("option", "kept"), [((), False), (("--store-secret",), True)])
@pytest.mark.parametrize("given", ["-", "env:MINE", "@file"])
def test_a_secret_is_written_down_only_for_who_asks(bare, emulator, home, tmp_path, monkeypatch, given, option, kept):
    (tmp_path / "file").write_text(SECRET + "\n")
    monkeypatch.setenv("MINE", SECRET)
    words = plain_login(emulator, "--secret", given.replace("@file", f"@{tmp_path / 'file'}"), *option)
    ended = bare(*words, stdin=SECRET + "\n")
    assert ended.code == 0, ended.err
    assert any(SECRET in text for text in written(home).values()) is kept
    assert SECRET not in ended.out + ended.err
    forget_token(home)
    monkeypatch.delenv("MINE")
    (tmp_path / "file").unlink()
    ended = bare("whoami")
    assert (ended.code == 0) is kept, "what proves it is not at hand any more"


def forget_token(home):
    """Let the access token expire."""
    for each in (home / "cache/accredit").iterdir():
        each.unlink()


def test_a_secret_is_read_again_where_it_was_said_to_be(bare, emulator, home, monkeypatch):
    monkeypatch.setenv("MINE", SECRET)
    assert bare(*plain_login(emulator, "--secret", "env:MINE")).code == 0
    forget_token(home)
    assert bare("whoami").code == 0
    assert len(list((home / "cache/accredit").iterdir())) == 1, "the new token is kept"
    forget_token(home)
    monkeypatch.delenv("MINE")
    ended = bare("whoami", "-o", "json")
    assert (ended.code, json.loads(ended.err)["code"]) == (6, "ACC5002")


def test_nobody_is_asked_for_a_secret_without_a_terminal(bare, emulator):
    ended = bare(*plain_login(emulator))
    assert (ended.code, f"the secret of {ADMIN} is not at hand" in flat(ended.err)) == (6, True)
    assert "accredit login" not in ended.err.partition("fix")[2], "that is what was called"


def test_who_gives_an_emulator_another_application_is_asked_for_its_evidence(bare, ready):
    ended = bare("login", "--ready-file", ready, "--client-id", "deploy-bot")
    assert (ended.code, "the secret of deploy-bot is not at hand" in flat(ended.err)) == (6, True)
    assert bare("login", "--ready-file", ready, "--client-id", ADMIN).code == 0


def test_an_address_and_a_ca_are_judged_before_anybody_is_asked(bare, emulator, tmp_path):
    for words in ((emulator.url, "--ca-file", "/no/such"), ("http://localhost:1",), (emulator.url + "/contoso.test",)):
        ended = bare("login", *words, "--client-id", ADMIN)
        assert (ended.code, "is not at hand" in ended.err) == (2, False), ended.err


def test_a_password_in_an_address_is_not_repeated(bare, emulator):
    url = emulator.url.replace("https://", "https://user:hunter2@")
    ended = bare("login", url, "--client-id", ADMIN, "-vv")
    assert (ended.code, "without user name, password or path" in flat(ended.err)) == (2, True)
    assert "hunter2" not in ended.out + ended.err.partition("error ACC1003")[2]


def test_a_store_is_nothing_to_sign_in_at(bare, ready, data):
    for words in (("--local",), ("--data", str(data)), ("--config", "x")):
        assert bare("login", "--ready-file", ready, *words).code == 2


def test_a_token_of_a_profile_that_cannot_be_read_is_said_to_be_that(bare, emulator, home, tmp_path):
    workload = engage(emulator)
    file = tmp_path / "token"
    file.write_text(workload.assertion())
    words = ("login", emulator.url, "--client-id", workload.client_id, "--ca-file", str(emulator.ca_file))
    assert bare(*words, "--federated-token", f"@{file}", "--name", "ci").code == 0
    for spoil in (lambda: file.write_text("nonsense"), file.unlink):
        forget_token(home)
        (home / "cache/accredit/x").touch()
        spoil()
        ended = bare("app", "list", "-o", "json")
        assert (ended.code, json.loads(ended.err)["where"]) == (2, f"{file}, the token of profile ci")


def test_profiles_are_listed_and_made_the_current_one(bare, ready, emulator):
    for name in ("b", "a"):
        assert bare("login", "--ready-file", ready, "--name", name).code == 0
    found = bare("profile", "list", "-o", "json").json
    assert [(each["name"], each["isCurrent"], each["url"]) for each in found] == [
        ("a", True, emulator.url),
        ("b", False, emulator.url),
    ]
    assert "secret" not in found[0]
    assert bare("profile", "use", "b").undo == "accredit profile use a"
    assert bare("whoami", "-o", "json").json["profile"] == "b"
    assert bare("profile", "use", "c").code == 4
    assert "Still signed in elsewhere: a" in bare("logout").err


def test_a_change_elsewhere_says_where_and_its_undo_goes_there(bare, emulator, signed_in):
    ended = bare("app", "create", "named", "--no-sp", "--profile", "dev")
    assert f"\nat {emulator.url}\n" in ended.err
    assert ended.undo.endswith(" --profile dev")
    asked = bare("app", "delete", "named")
    assert f"at {emulator.url}." in flat(asked.err)


def test_an_authority_that_does_not_answer_is_said_to_be_that_of_the_profile(bare, home, ca_file):
    profiles.save(profiles.Profile(name="gone", url="https://localhost:1", client_id="x", secret="s", ca_file=ca_file))
    ended = bare("app", "list", "-o", "json")
    told = json.loads(ended.err)
    assert (ended.code, told["code"]) == (7, "ACC5001")
    for said in ("profile gone", "--local", "accredit logout gone"):
        assert said in told["fix"]
    assert "Errno" not in told["message"]


@pytest.fixture
def ca_file(emulator):
    return str(emulator.ca_file)


def test_where_there_is_no_store_the_profiles_are_named(bare, signed_in, tmp_path):
    fix = json.loads(bare("app", "list", "--data", str(tmp_path), "-o", "json").err)["fix"]
    assert "--profile NAME (there are: dev)" in fix
    bare("logout")
    fix = json.loads(bare("app", "list", "--data", str(tmp_path), "-o", "json").err)["fix"]
    assert "accredit login URL" in fix


def flat(text):
    return " ".join(text.split())


def test_a_federated_token_signs_in_and_is_read_again_from_its_file(bare, emulator, home, tmp_path):
    workload = engage(emulator)
    file = tmp_path / "token"
    file.write_text(workload.assertion() + "\n")
    words = ("login", emulator.url, "--client-id", workload.client_id, "--ca-file", str(emulator.ca_file))
    assert bare(*words, "--federated-token", f"@{file}").code == 0
    forget_token(home)
    assert bare("app", "show", "deploy-bot").code == 0
    assert file.read_text().strip() not in "".join(written(home).values())
    assert bare(*words, "--federated-token", "-", stdin=workload.assertion()).code == 0
    assert bare("app", "show", "deploy-bot").code == 0
    forget_token(home)
    assert bare("app", "show", "deploy-bot").code == 6


def test_a_certificate_signs_in(bare, emulator, tmp_path):
    workload = engage(emulator, trusting=False)
    made = forge.certificate("ES256", valid=(-1, 36_500))
    certificate = x509.load_der_x509_certificate(made.der).public_bytes(Encoding.PEM)
    workload.certificate(certificate)
    key = made.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "client.pem").write_bytes(certificate + key)
    words = ("login", emulator.url, "--client-id", workload.client_id, "--ca-file", str(emulator.ca_file))
    ended = bare(*words, "--certificate", str(tmp_path / "client.pem"), "-o", "json")
    assert (ended.code, ended.json["roles"]) == (0, ["Application.Read.All"])


def test_who_may_do_nothing_is_signed_in_and_told_so(bare, emulator, tmp_path):
    workload = engage(emulator)
    emulator_admin = ("--data", str(emulator.data), "--tenant", TENANT)
    revoked = bare(
        *("permission", "revoke", workload.client_id, "https://graph.microsoft.com", "Application.Read.All", "--yes"),
        *emulator_admin,
    )
    assert revoked.code == 0
    (tmp_path / "secret").write_text(workload.secret().value)
    words = ("login", emulator.url, "--client-id", workload.client_id, "--ca-file", str(emulator.ca_file))
    ended = bare(*words, "--secret", f"@{tmp_path / 'secret'}")
    assert (ended.code, "holds no role on Microsoft Graph" in flat(ended.err)) == (0, True)
    ended = bare("app", "list", "-o", "json")
    assert (ended.code, json.loads(ended.err)["code"]) == (6, "Authorization_RequestDenied")


WRONG = {
    "a secret that is wrong": (("--secret", "env:WRONG"), 8, "AADSTS7000215"),
    "a secret on the command line": (("--secret", SECRET), 2, "ACC1003"),
    "a secret that is not there": (("--secret", "@/no/such"), 2, "ACC1002"),
    "a tenant that is not there": (("--secret", "env:RIGHT", "--tenant", "nope.test"), 8, "AADSTS900023"),
    "two kinds of evidence": (("--secret", "env:RIGHT", "--certificate", "x"), 2, "usage"),
    "a variable that is not set": (("--secret", "env:NOPE"), 2, "ACC1002"),
    "a certificate to be stored": (("--certificate", "x", "--store-secret"), 2, "usage"),
    "a certificate that is none": (("--certificate", "/dev/null"), 2, "ACC1003"),
    "a token that is none": (("--federated-token", "env:WRONG"), 2, "ACC1001"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_signs_nobody_in(bare, emulator, home, monkeypatch, what):
    monkeypatch.setenv("WRONG", "nonsense")
    monkeypatch.setenv("RIGHT", SECRET)
    options, code, name = WRONG[what]
    ended = bare(*plain_login(emulator, *options), "-o", "json")
    assert (ended.code, json.loads(ended.err)["code"]) == (code, name)
    assert written(home) == {}
    assert SECRET not in ended.out + ended.err


def test_an_authority_that_is_not_there(bare, emulator, monkeypatch):
    monkeypatch.setenv("RIGHT", SECRET)
    words = ("--client-id", ADMIN, "--secret", "env:RIGHT", "-o", "json")
    ended = bare("login", "https://localhost:1", *words)
    assert (ended.code, json.loads(ended.err)["code"]) == (7, "ACC5001")
    ended = bare("login", emulator.url, *words)
    assert (ended.code, "not trusted" in json.loads(ended.err)["message"]) == (7, True)
    assert bare("login", "http://localhost:1", *words).code == 2
    assert bare("login", "--client-id", ADMIN).code == 2
    assert bare("login", emulator.url).code == 2


# ── where a command acts ─────────────────────────────────────────────────────────────────────────────────────────────


def where(bare, *words):
    """Where a command acts: a URL, a directory, or the code of what it says no with."""
    ended = bare("whoami", *words, "-o", "json")
    if ended.code:
        return json.loads(ended.err)["code"]
    return ended.json.get("url") or ended.json["dataDirectory"]


def test_what_is_said_nearest_decides_where_a_command_acts(bare, emulator, data, signed_in, variables, monkeypatch):
    assert where(bare) == emulator.url
    assert where(bare, "--local") == "ACC4002"
    assert where(bare, "--data", str(data)) == str(data)
    monkeypatch.setenv("ACCREDIT_CONFIG", "/no/such")
    assert where(bare) == "ACC1002", "what was said now counts, not the profile of some other day"
    monkeypatch.delenv("ACCREDIT_CONFIG")
    monkeypatch.setenv("ACCREDIT_DATA", str(data))
    assert where(bare) == str(data)
    assert where(bare, "--local") == str(data)
    monkeypatch.setenv("ACCREDIT_PROFILE", "dev")
    assert where(bare) == emulator.url
    assert where(bare, "--profile", "nope") == "ACC5003"
    monkeypatch.setenv("ACCREDIT_PROFILE", "nope")
    assert where(bare) == "ACC5003"
    assert where(bare, "--profile", "dev") == emulator.url
    monkeypatch.setenv("ACCREDIT_URL", "https://localhost:1")
    assert where(bare) == "ACC5002"
    assert where(bare, "--profile", "dev") == emulator.url


def test_who_signs_in_is_told_of_a_variable_that_counts_for_more(bare, ready, data, monkeypatch):
    assert "warning" not in bare("login", "--ready-file", ready, "--name", "dev").err
    for name in ("ACCREDIT_DATA", "ACCREDIT_CONFIG", "ACCREDIT_PROFILE"):
        monkeypatch.setenv(name, str(data))
        ended = bare("login", "--ready-file", ready, "--name", "dev")
        assert (ended.code, f"{name} is set" in flat(ended.err)) == (0, True)
        monkeypatch.delenv(name)
    monkeypatch.setenv("ACCREDIT_DATA", str(data))
    monkeypatch.setenv("ACCREDIT_PROFILE", "dev")
    assert "warning" not in bare("login", "--ready-file", ready, "--name", "dev").err


def test_a_script_needs_variables_and_nothing_else(bare, emulator, variables, home):
    variables()
    assert where(bare) == emulator.url
    assert bare("app", "list", "--tenant", "contoso.test").code == 0
    assert bare("app", "list", "--tenant", "fabrikam.test", "-o", "json").code == 8
    assert written(home) == {}
    variables(client_secret=None)
    assert where(bare) == "ACC5002"
    variables(client_id=None, client_secret=None)
    assert where(bare) == "ACC5002"
    variables(client_secret="wrong")
    assert where(bare) == "AADSTS7000215"
    variables(ca_file="/no/such")
    assert where(bare) == "ACC1002"


def test_a_script_may_bring_a_token(bare, emulator, variables, signed_in, home):
    token = next((home / "cache/accredit").iterdir()).read_text()
    bare("logout")
    variables(client_id=None, client_secret=None, token=token)
    assert where(bare) == emulator.url
    ended = bare("app", "list", "-vv")
    assert (ended.code, token in ended.out + ended.err) == (0, False)
    variables(client_id=None, client_secret=None, token=token[:-8])
    ended = bare("app", "list", "-vv", "-o", "json")
    assert (ended.code, token[:40] in ended.err) == (6, False)
    variables(client_id=None, client_secret=None, token="nonsense")
    ended = bare("app", "list", "-vv")
    assert (ended.code, "nonsense" in ended.err) == (2, False)


def test_a_url_that_somebody_is_signed_in_at_needs_no_more(bare, emulator, variables, signed_in):
    variables(ca_file=None, client_id=None, client_secret=None)
    assert where(bare) == emulator.url


def test_a_token_that_is_not_believed_any_more_is_replaced(bare, signed_in, home):
    file = next((home / "cache/accredit").iterdir())
    believed = file.read_text()
    file.write_text(believed[:-8] + "AAAAAAAA")
    assert bare("app", "list").code == 0
    file.write_text("nonsense")
    ended = bare("app", "list")
    assert ended.code == 0, ended.err
    assert file.read_text() != "nonsense"


def test_a_role_that_was_just_granted_counts_at_once(bare, emulator, home, tmp_path):
    workload = engage(emulator)
    here = ("--data", str(emulator.data), "--tenant", TENANT)
    file = tmp_path / "token"
    file.write_text(workload.assertion())
    words = ("login", emulator.url, "--client-id", workload.client_id, "--ca-file", str(emulator.ca_file))
    assert bare(*words, "--federated-token", f"@{file}").code == 0
    refused = bare("app", "create", "unwanted", "-o", "json")
    grant = f"accredit permission grant {workload.client_id} 'Microsoft Graph' Application.ReadWrite.OwnedBy"
    assert (refused.code, json.loads(refused.err)["fix"].endswith(f": {grant}")) == (6, True), refused.err
    granting = ("permission", "grant", workload.client_id, "https://graph.microsoft.com", "Application.ReadWrite.All")
    assert bare(*granting, *here).code == 0
    assert bare("app", "create", f"made by {workload.client_id}", "--no-sp").code == 0


def test_who_reads_the_log_needs_no_right_to_read_credentials(bare, emulator, home, tmp_path):
    auditor, here = engage(emulator), ("--data", str(emulator.data), "--tenant", TENANT)
    file = tmp_path / "token"
    file.write_text(auditor.assertion())
    words = ("login", emulator.url, "--client-id", auditor.client_id, "--ca-file", str(emulator.ca_file))
    assert bare(*words, "--federated-token", f"@{file}").code == 0
    of = ("-a", auditor.client_id, "-o", "json")
    refused = bare("logs", "usage", *of)
    (grant,) = re.findall(r"accredit (permission grant .* AuditLog\.Read\.All)$", json.loads(refused.err)["fix"])
    assert (refused.code, bare(*shlex.split(grant), *here).code) == (6, 0)
    assert bare("credential", "list", auditor.client_id).code == 6
    known = bare("credential", "list", auditor.client_id, "-o", "json", *here).json
    for asked, name in ((("usage",), "name"), (("stats", "--by", "credential"), "credentialName")):
        read = bare("logs", *asked, *of)
        assert (read.code, read.err) == (0, ""), asked
        assert [each[name] for each in read.json] == [each["name"] for each in known]
    (used,) = bare("logs", "usage", *of).json
    assert {name: used[name] for name in ("id", "createdDateTime")} == {
        name: known[0][name] for name in ("id", "createdDateTime")
    }


@pytest.mark.parametrize("what", LOCAL_ONLY)
def test_what_concerns_the_whole_instance_is_done_on_its_host(bare, signed_in, what):
    ended = bare(*LOCAL_ONLY[what], "-o", "json")
    told = json.loads(ended.err)
    assert (ended.code, told["code"], "--local" in told["fix"], ended.out) == (6, "ACC5004", True, "")


def test_profiles_that_cannot_be_read_are_said_so(bare, signed_in, home):
    file = home / "config/accredit/profiles.json"
    kept = file.read_bytes()
    file.write_text("nonsense")
    for words in (("app", "list"), ("logout",)):
        ended = bare(*words, "-o", "json")
        assert (ended.code, json.loads(ended.err)["code"]) == (2, "ACC1002")
        assert f"mv {file} {file}.old" in json.loads(ended.err)["fix"]
    file.write_bytes(kept)
    file.chmod(0o644)
    ended = bare("app", "list", "-o", "json")
    assert (ended.code, "open to other users (mode 0644)" in json.loads(ended.err)["message"]) == (2, True)
    assert f"chmod 600 {file}" in json.loads(ended.err)["fix"]
    file.chmod(0o600)
    assert bare("app", "list").code == 0


def test_a_home_that_cannot_be_written_is_said_so(bare, ready, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", "/dev/null")
    ended = bare("login", "--ready-file", ready, "-o", "json")
    assert (ended.code, json.loads(ended.err)["code"]) == (2, "ACC1007")


def test_a_relative_home_is_none(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", "here")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert profiles.current() is None
    profiles.save(profiles.Profile(name="x", url="https://x.example", client_id="c"))
    assert (tmp_path / ".config/accredit/profiles.json").exists()


def test_whoever_acts_here_is_the_user_of_the_machine(cli, data):
    ended = cli("whoami", "-o", "json")
    assert ended.json == {
        "user": ended.json["user"],
        "userId": os.getuid(),
        "dataDirectory": str(data),
        "isEmulator": True,
    }


def test_a_command_that_acts_here_imports_no_client(data):
    program = (
        "import sys\nfrom accredit.cli import run\n"
        f"run(('app', 'list', '--data', {str(data)!r}))\n"
        "print([each for each in ('httpx2', 'accredit.client') if each in sys.modules], file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stderr.splitlines()[-1] == "[]"


def test_a_representation_of_a_profile_shows_no_secret():
    assert SECRET not in repr(profiles.Profile(name="x", url="u", client_id="c", secret=SECRET))
