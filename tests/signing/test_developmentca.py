"""The emulator's certificate authority: strict verifiers accept it, for its own names and nothing else."""

import asyncio
import json
import os
import ssl
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from accredit.signing import developmentca
from accredit.signing.developmentca import development_tls, make

pytestmark = pytest.mark.anyio

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
NAMES = ("localhost", "127.0.0.1", "::1", "accredit.test")


def strict(ca_file):
    context = ssl.create_default_context(cafile=ca_file)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


async def shake(ca_file, certificate_file, key_file, name):
    """Agree on TLS with a server on loopback that is asked for as ``name``."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate_file, key_file)
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=serving)
    try:
        port = server.sockets[0].getsockname()[1]
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=strict(ca_file), server_hostname=name)
        writer.transport.abort()
    finally:
        server.close()
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("name", NAMES)
async def test_strict_verification_accepts_each_of_its_names(name, tmp_path):
    files = development_tls(tmp_path, ["accredit.test"], now=NOW)
    await shake(files.ca_file, files.certificate_file, files.key_file, name)


@pytest.mark.parametrize("name", ["example.com", "127.0.0.2", "other.test"])
async def test_other_names_are_not_certified(name, tmp_path):
    files = development_tls(tmp_path, ["accredit.test"], now=NOW)
    with pytest.raises(ssl.SSLCertVerificationError, match=r"mismatch|not valid for"):
        await shake(files.ca_file, files.certificate_file, files.key_file, name)


def resigned(tmp_path, names, monkeypatch):
    """The files of a CA whose key was kept, against its rules, and signed a leaf for ``names`` with it."""
    kept = []
    real = ec.generate_private_key

    def keep(curve):
        kept.append(real(curve))
        return kept[-1]

    monkeypatch.setattr(developmentca.ec, "generate_private_key", keep)
    authority, leaf, key = make(("localhost", "127.0.0.1", "::1"), NOW)
    builder = x509.CertificateBuilder(
        issuer_name=authority.subject,
        subject_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "evil")]),
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=NOW - DAY,
        not_valid_after=NOW + DAY,
        extensions=[each for each in leaf.extensions if not isinstance(each.value, x509.SubjectAlternativeName)],
    ).add_extension(x509.SubjectAlternativeName(names), critical=False)
    evil = builder.sign(kept[0], SHA256())
    paths = [tmp_path / name for name in ("ca.pem", "leaf.pem", "key.pem")]
    octets = [authority.public_bytes(Encoding.PEM), evil.public_bytes(Encoding.PEM)]
    octets.append(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    for path, text in zip(paths, octets, strict=True):
        path.write_bytes(text)
    return paths


EVIL = {
    "another name": ("login.microsoftonline.com", x509.DNSName("login.microsoftonline.com")),
    "another address": ("10.0.0.1", x509.IPAddress(ip_address("10.0.0.1"))),
    "another IPv6 address": ("::2", x509.IPAddress(ip_address("::2"))),
    "a wildcard": ("a.example.com", x509.DNSName("*.example.com")),
}


@pytest.mark.parametrize(("name", "general"), EVIL.values(), ids=EVIL)
async def test_a_leaf_that_the_ca_signed_is_refused_for(name, general, tmp_path, monkeypatch):
    files = resigned(tmp_path, [general], monkeypatch)
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        await shake(*files, name)


async def test_the_same_leaf_is_accepted_for_a_permitted_name(tmp_path, monkeypatch):
    files = resigned(tmp_path, [x509.DNSName("localhost")], monkeypatch)
    await shake(*files, "localhost")


def test_the_chain_has_what_strict_verifiers_demand(tmp_path):
    files = development_tls(tmp_path, now=NOW)
    authority = x509.load_pem_x509_certificate(files.ca_file.read_bytes())
    leaf = x509.load_pem_x509_certificate(files.certificate_file.read_bytes())
    critical = {type(each.value).__name__ for each in authority.extensions if each.critical}
    assert critical == {"BasicConstraints", "KeyUsage", "NameConstraints"}
    constraints = authority.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (constraints.ca, constraints.path_length) == (True, 0)
    names = authority.extensions.get_extension_for_class(x509.NameConstraints).value
    assert names.excluded_subtrees is None
    assert [str(each.value) for each in names.permitted_subtrees or ()] == ["localhost", "127.0.0.1/32", "::1/128"]
    for certificate in (authority, leaf):
        assert certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        assert certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
        assert certificate.not_valid_after_utc - NOW <= 30 * DAY
    usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert "not for production" in authority.subject.rfc4514_string()


def test_files_have_their_modes_whatever_the_umask_and_no_ca_key_is_among_them(tmp_path):
    before = os.umask(0)
    try:
        files = development_tls(tmp_path, now=NOW)
    finally:
        os.umask(before)
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()}
    wrong = {developmentca.wrong_file(tmp_path, each).name: 0o600 for each in developmentca.WRONG}
    assert modes == {"ca.pem": 0o644, "tls.pem": 0o644, "tls.key": 0o600, **wrong}
    authority = x509.load_pem_x509_certificate(files.ca_file.read_bytes())
    leaf = x509.load_pem_x509_certificate(files.certificate_file.read_bytes())
    assert authority.public_key() != leaf.public_key()


AGES = {
    "at once": (timedelta(0), False),
    "just before seven days are left": (23 * DAY - timedelta(seconds=1), False),
    "when seven days are left": (23 * DAY, True),
    "when it has ended": (31 * DAY, True),
    "on a clock before its time": (-DAY, True),
}


@pytest.mark.parametrize(("later", "made_again"), AGES.values(), ids=AGES)
def test_files_are_made_again(later, made_again, tmp_path):
    now = NOW.replace(microsecond=0)
    first = development_tls(tmp_path, now=now)
    before = first.ca_file.read_bytes(), first.certificate_file.read_bytes(), first.key_file.read_bytes()
    second = development_tls(tmp_path, now=now + later)
    after = second.ca_file.read_bytes(), second.certificate_file.read_bytes(), second.key_file.read_bytes()
    assert (before != after) is made_again
    assert second.expires_at == (now + later if made_again else now) + 30 * DAY


SPOILT = {
    "nothing that is wrong": lambda files: developmentca.wrong_file(files.ca_file.parent, "expired").unlink(),
    "no CA": lambda files: files.ca_file.unlink(),
    "no key": lambda files: files.key_file.unlink(),
    "an empty certificate": lambda files: files.certificate_file.write_bytes(b""),
    "another CA": lambda files: files.ca_file.write_bytes(make(("localhost",), NOW)[0].public_bytes(Encoding.PEM)),
    "another key": lambda files: files.key_file.write_bytes(
        make(("localhost",), NOW)[2].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    ),
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
async def test_files_that_do_not_fit_are_made_again(spoil, tmp_path):
    spoil(development_tls(tmp_path, now=NOW))
    files = development_tls(tmp_path, now=NOW)
    await shake(files.ca_file, files.certificate_file, files.key_file, "localhost")
    assert len(list(tmp_path.iterdir())) == 3 + len(developmentca.WRONG)


async def test_another_name_makes_them_again(tmp_path):
    development_tls(tmp_path, now=NOW)
    files = development_tls(tmp_path, ["Accredit.test"], now=NOW)
    assert files.names == NAMES
    await shake(files.ca_file, files.certificate_file, files.key_file, "accredit.test")
    again = development_tls(tmp_path, ["accredit.test"], now=NOW)
    assert again.names == files.names
    assert again.expires_at == files.expires_at


def test_a_folder_that_cannot_be_written_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        development_tls(tmp_path, now=NOW)
    assert not list(tmp_path.iterdir())


PROGRAM = """
const https = require('https'), fs = require('fs');
const [cert, key, ca, names] = [process.argv[1], process.argv[2], process.argv[3], JSON.parse(process.argv[4])];
const server = https.createServer({cert: fs.readFileSync(cert), key: fs.readFileSync(key)}, (q, a) => a.end('ok'));
server.listen(0, '127.0.0.1', async () => {
  const said = {};
  for (const name of names) said[name] = await new Promise(done => https.get(
    {host: '127.0.0.1', port: server.address().port, servername: /[:]|^[0-9.]+$/.test(name) ? '' : name,
     ca: fs.readFileSync(ca), agent: false,
     checkServerIdentity: (_, peer) => require('tls').checkServerIdentity(name, peer)},
    answer => { answer.resume(); done('accepted'); }).on('error',
    error => done(error.code === 'UNSPECIFIED' ? error.message : error.code)));
  console.log(JSON.stringify(said));
  server.close();
});
"""


@pytest.mark.clients_node
def test_node_accepts_its_names_and_no_other(clients_node, tmp_path):
    files = development_tls(tmp_path, ["accredit.test"], now=NOW)
    certified = [each for each in NAMES if each != "::1"]  # Node 24 matches no IPv6 address with any certificate
    asked = [*certified, "other.test", "10.0.0.1"]
    paths = [str(each) for each in (files.certificate_file, files.key_file, files.ca_file)]
    ran = subprocess.run(
        [clients_node.node, "-e", PROGRAM, *paths, json.dumps(asked)],
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    refused = dict.fromkeys(["other.test", "10.0.0.1"], "ERR_TLS_CERT_ALTNAME_INVALID")
    assert json.loads(ran.stdout) == dict.fromkeys(certified, "accepted") | refused


@pytest.mark.clients_node
def test_node_refuses_a_leaf_that_the_ca_signed_for_another_name(clients_node, tmp_path, monkeypatch):
    ca, leaf, key = resigned(tmp_path, [x509.DNSName("login.microsoftonline.com")], monkeypatch)
    ran = subprocess.run(
        [clients_node.node, "-e", PROGRAM, str(leaf), str(key), str(ca), '["login.microsoftonline.com"]'],
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    assert json.loads(ran.stdout) == {"login.microsoftonline.com": "permitted subtree violation"}


WRONG = {
    "expired": "certificate has expired",
    "wrong_name": "ostname mismatch",
    "unknown_ca": "self-signed certificate",
}


async def test_the_certificates_that_nobody_should_accept_are_accepted_by_nobody(tmp_path):
    files = development_tls(tmp_path, now=NOW)
    assert WRONG.keys() == set(developmentca.WRONG)
    for what, reason in WRONG.items():
        both = developmentca.wrong_file(tmp_path, what)
        with pytest.raises(ssl.SSLCertVerificationError, match=reason):
            await shake(files.ca_file, both, both, "localhost")
    other = developmentca.wrong_file(tmp_path, "wrong_name")
    await shake(files.ca_file, other, other, developmentca.OTHER_NAME)  # nothing else is wrong with it
