"""Every outage makes an issuer wrong as its sentence says, and ends exchanges as its row says: over real connections.

The emulator fetches the issuer's documents as it does for anybody; time passes because its clock is moved.
"""

import asyncio
import ssl
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx2
import pytest

from accredit.administer import issuers
from accredit.errors import CATALOGUE
from accredit.issuers import base64url, freshness, material
from accredit.outbound import keys as issuer_keys
from accredit.testidp import FAULTS, OUTAGES
from accredit.testidp.outages import BOMB, HUGE
from tests.support.inside import inside
from tests.support.workload import JWT_BEARER, ORDERS, engage, extended

INSTANCE = "looks"  # an issuer that nobody else gives keys of other kinds
HERE = f"/idp/github/{INSTANCE}"
DISCOVERY = HERE + "/.well-known/openid-configuration"
JWKS = HERE + "/.well-known/jwks"
STALE = 400  # seconds: longer than keys are fresh in an emulator
WITHIN = 1.0  # seconds that a fetch may take here; ten elsewhere
LATE = "ISSUER_UNREACHABLE(time)"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    patience = replace(freshness.EMULATOR, fetch_within=WITHIN, connect_within=WITHIN, wait=WITHIN)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(freshness, "EMULATOR", patience)
        patch.setattr(issuer_keys, "LOOK_EVERY", 3_600.0)  # nothing is fetched but what these tests ask for
        with inside(tmp_path_factory.mktemp("outages") / "data", explain_to_caller=True) as made:
            for name in ("gzip_bomb", *(each for each in OUTAGES if OUTAGES[each].cause == "ISSUER_UNREACHABLE(jwks)")):
                # What takes a while to make is made before a fetch waits for it.
                made.issuer.down("github", name, instance=INSTANCE)
                with made.http.stream("GET", made.url + JWKS) as answer:
                    assert answer.status_code == 200
            made.issuer.heal()
            yield made


@pytest.fixture
def idp(emulator):
    yield emulator.issuer
    emulator.provoking.reset()


# ── what an outage looks like ────────────────────────────────────────────────────────────────────────────────────────


class Site:
    """The documents of the issuer as somebody gets them who believes the emulator's CA, and what they honestly are."""

    def __init__(self, emulator):
        self.http = emulator.http
        self.url = emulator.url
        emulator.issuer.down("github", None, instance=INSTANCE)
        self.was = {path: self.get(path).json() for path in (DISCOVERY, JWKS)}

    def get(self, path, **options):
        return self.http.get(path if path.startswith("http") else self.url + path, **options)

    @property
    def discovery(self):
        return self.get(DISCOVERY).json()

    @property
    def keys(self):
        return self.get(JWKS).json()["keys"]

    @property
    def key(self):
        """The honest key."""
        return self.was[JWKS]["keys"][0]

    def discovery_with(self, **members):
        return self.get(JWKS).json() == self.was[JWKS] and self.discovery == self.was[DISCOVERY] | members

    def keys_are(self, *keys):
        return self.discovery == self.was[DISCOVERY] and self.keys == list(keys)

    def statuses(self):
        return self.get(DISCOVERY).status_code, self.get(JWKS).status_code

    def other(self):
        """The one key that is published in place of the honest one, under its name."""
        (key,) = self.keys
        assert key["kid"] == self.key["kid"]
        assert key["kty"] == "RSA"
        assert key["alg"] == "RS256"
        assert self.discovery == self.was[DISCOVERY]
        return key


def closed(site, path):
    with pytest.raises(httpx2.RemoteProtocolError):
        site.get(path)
    return True


def moved(site, host):
    """Whether both documents are elsewhere, and are there."""
    for path in (DISCOVERY, JWKS):
        answer = site.get(path)
        assert answer.status_code == 302
        assert answer.headers["location"].startswith(f"https://{host}:")
        assert site.get(answer.headers["location"]).json() == site.was[path]
    return True


def bits(key):
    return int.from_bytes(base64url.decode(key["n"])).bit_length()


def roca(key):
    n = int.from_bytes(base64url.decode(key["n"]))
    assert material.is_roca(n)
    with pytest.raises(material.Weak, match="ROCA"):
        material.refuse_weak_rsa(n, 65_537)
    return bits(key) == 2_048


def private(key):
    n, p, q = (int.from_bytes(base64url.decode(key[name])) for name in ("n", "p", "q"))
    return p * q == n


def cached(site, words):
    return {site.get(path).headers["cache-control"] for path in (DISCOVERY, JWKS)} == {words}


def behind(site, words):
    """Whether the key set is where TLS fails, and is the honest one for whoever does not look."""
    where = site.discovery["jwks_uri"]
    assert site.discovery_with(jwks_uri=where)
    assert where.startswith("https://localhost:")
    assert where.endswith(JWKS)
    with pytest.raises(httpx2.ConnectError, match=words):
        site.get(where)
    careless = ssl.create_default_context()
    careless.check_hostname, careless.verify_mode = False, ssl.CERT_NONE
    with httpx2.Client(verify=careless, trust_env=False) as client:
        assert client.get(where.replace(JWKS, HERE + "/nothing")).status_code == 404
        return client.get(where).json() == site.was[JWKS]


def at_most(seconds, site, path):
    with pytest.raises(httpx2.ReadTimeout):
        site.get(path, timeout=httpx2.Timeout(10, read=seconds))
    return True


def dripping(site):
    began = time.monotonic()
    with site.http.stream("GET", site.url + JWKS) as answer:
        parts = answer.iter_raw()
        assert [next(parts) for _ in range(3)] == [b"{", b'"', b"k"]
    return time.monotonic() - began > 0.15


def off_curve(key):
    x, y = (base64url.decode(key[name]) for name in ("x", "y"))
    with pytest.raises(material.Weak, match="not on the curve"):
        material.ec_key(key["crv"], x, y)
    return True


def packed(site):
    with site.http.stream("GET", site.url + JWKS) as answer:
        raw = b"".join(answer.iter_raw())
        assert answer.headers["content-encoding"] == "gzip"
    return len(raw) < 100_000 and len(zlib.decompress(raw, wbits=31)) == BOMB


LOOKS = {
    "down": lambda site: closed(site, DISCOVERY) and closed(site, JWKS),
    "timeout": lambda site: at_most(0.3, site, DISCOVERY) and at_most(0.3, site, JWKS),
    "slow_drip": dripping,
    "status_500": lambda site: site.statuses() == (500, 500),
    "status_404": lambda site: site.statuses() == (404, 404),
    "status_429": lambda site: site.statuses() == (429, 429) and site.get(JWKS).headers["retry-after"] == "1",
    "status_403_jwks": lambda site: site.statuses() == (200, 403),
    "status_400_jwks": lambda site: site.statuses() == (200, 400),
    "html_200": lambda site: (
        site.statuses() == (200, 200) and site.get(JWKS).headers["content-type"].startswith("text/html")
    ),
    "wrong_issuer": lambda site: site.discovery_with(issuer="https://issuer.example"),
    "issuer_slash": lambda site: site.discovery_with(issuer=site.was[DISCOVERY]["issuer"] + "/"),
    "missing_jwks_uri": lambda site: site.discovery.keys() == site.was[DISCOVERY].keys() - {"jwks_uri"},
    "jwks_other_host": lambda site: (
        site.discovery["jwks_uri"].startswith("https://127.0.0.1:")
        and site.get(site.discovery["jwks_uri"]).json() == site.was[JWKS]
    ),
    "jwks_http": lambda site: site.discovery_with(jwks_uri=site.was[DISCOVERY]["jwks_uri"].replace("https", "http")),
    "jwks_metadata_ip": lambda site: site.discovery_with(jwks_uri="http://169.254.169.254/latest/jwks"),
    "redirect_same_host": lambda site: moved(site, "localhost"),
    "redirect_cross_host": lambda site: moved(site, "127.0.0.1"),
    "redirect_metadata_ip": lambda site: (
        site.get(JWKS).headers["location"] == "http://169.254.169.254/latest/meta-data/"
    ),
    "huge_discovery": lambda site: len(site.get(DISCOVERY).content) > HUGE and site.keys == [site.key],
    "huge_jwks": lambda site: len(site.get(JWKS).content) > HUGE and site.keys == [site.key],
    "gzip_bomb": packed,
    "empty_jwks": lambda site: site.keys_are(),
    "too_many_keys": lambda site: len({each["kid"] for each in site.keys}) == 101 and site.keys[100] == site.key,
    "oct_key": lambda site: [(each["kty"], each["kid"]) for each in site.keys] == [("oct", site.key["kid"])],
    "private_key_published": lambda site: private(site.other()),
    "rsa_1024": lambda site: bits(site.other()) == 1_024,
    "rsa_e1": lambda site: site.keys_are({**site.key, "e": "AQ"}),
    "rsa_e3": lambda site: site.keys_are({**site.key, "e": "Aw"}),
    "roca_key": lambda site: roca(site.other()),
    "off_curve_point": lambda site: off_curve(site.keys[0]) and site.keys[0]["kid"] == site.key["kid"],
    "alg_mismatch": lambda site: site.keys_are({**site.key, "alg": "ES256"}),
    "use_enc": lambda site: site.keys_are({**site.key, "use": "enc"}),
    "key_ops_sign": lambda site: site.keys_are({**site.key, "key_ops": ["sign"]}),
    "b64_bad_n": lambda site: site.keys_are({**site.key, "n": site.key["n"] + "=="}),
    "dup_kid": lambda site: (
        site.keys[0] == site.key and len({each["n"] for each in site.keys if each["kid"] == site.key["kid"]}) == 2
    ),
    "same_kid_new_key": lambda site: site.other()["n"] != site.key["n"] and bits(site.other()) == 2_048,
    "rotate_all": lambda site: [each["kid"] for each in site.keys] == [f"next-{site.key['kid']}"],
    "mixed_garbage_key": lambda site: site.keys[-1] == site.key and len(site.keys) == 5,
    "no_cache_headers": lambda site: cached(site, "no-store, no-cache, max-age=0") and site.keys_are(site.key),
    "cache_forever": lambda site: cached(site, "public, max-age=31536000, immutable") and site.keys_are(site.key),
    "tls_expired": lambda site: behind(site, "expired"),
    "tls_wrong_name": lambda site: behind(site, "ostname mismatch"),
    "tls_unknown_ca": lambda site: behind(site, "self-signed"),
}


def test_every_outage_is_examined_and_has_a_sentence_of_its_own():
    assert LOOKS.keys() == OUTAGES.keys()
    sentences = {each.sentence for each in OUTAGES.values()}
    assert len(sentences) == len(OUTAGES)
    assert all(each.endswith(".") and each[0].isupper() for each in sentences)
    codes = {row.code for row in CATALOGUE.values()}
    for each in OUTAGES.values():
        assert {each.entra, each.extended} <= codes | {None}
        assert bool(each.cause) == bool(each.entra or each.extended)


def test_every_outage_looks_as_its_sentence_says(emulator, idp):
    site, wrong = Site(emulator), []
    for name, look in LOOKS.items():
        idp.down("github", name, instance=INSTANCE)
        try:
            assert look(site)
        except Exception as error:  # noqa: BLE001  all rows are told
            wrong.append((name, repr(error)))
    assert wrong == []
    idp.down("github", None, instance=INSTANCE)
    assert (site.discovery, site.keys) == (site.was[DISCOVERY], [site.key])


# ── what comes of it ─────────────────────────────────────────────────────────────────────────────────────────────────


def exchange(workload, **token):
    """Code and cause of one exchange; ``token``: params, overrides, header, faults."""
    form = {
        "grant_type": "client_credentials",
        "client_id": workload.client_id,
        "client_assertion_type": JWT_BEARER,
        "client_assertion": workload.emulator.mint(**{"params": {"environment": workload.environment}} | token),
        "scope": f"{ORDERS}/.default",
    }
    answer = workload.emulator.http.post(f"{workload.authority}/oauth2/v2.0/token", data=form)
    if answer.status_code == 200:
        return None, ""
    said = answer.json()
    return said["error_codes"][0], said["accredit_explain"]["cause"]


def test_every_outage_ends_exchanges_as_its_row_says(emulator, idp):
    tenants = {"entra": engage(emulator), "extended": engage(emulator, home=extended(emulator))}
    for fault in ("alg_es384", "alg_ps256"):
        emulator.mint(faults=[fault])  # from now on the issuer has keys of several kinds, and none makes up for another
    wrong = {}
    with ThreadPoolExecutor() as pool:  # some rows take a while to be refused

        def exchanges(cause=""):
            """What comes of one exchange in each tenant; whom a busy machine held up asks again."""
            for _ in range(3):
                emulator.provoking.clock.advance(seconds=STALE)  # what is at hand is too old
                found = dict(zip(tenants, pool.map(exchange, tenants.values()), strict=True))
                if cause == LATE or LATE not in {each for _, each in found.values()}:
                    break
            return found

        assert exchanges() == {"entra": (None, ""), "extended": (None, "")}
        for name, each in OUTAGES.items():
            idp.down("github", name)
            codes = {"entra": (each.entra, each.cause), "extended": (each.extended, each.cause_extended or each.cause)}
            for portability, found in exchanges(each.cause).items():
                code, cause = codes[portability]
                if found != (code, cause if code else ""):
                    wrong[name, portability] = (found, tenants[portability].events()[0].detail)
        assert wrong == {}
        idp.down("github", None)
        assert exchanges() == {"entra": (None, ""), "extended": (None, "")}


def test_every_fault_of_a_token_is_answered_as_its_row_says(emulator, idp):
    """What the core says of each (test_faults) is what leaves the token endpoint."""
    wrong = {}
    for portability in ("entra", "extended"):
        home = {"home": extended(emulator)} if portability == "extended" else {}
        workload, legacy = (engage(emulator, trusting=False, **home) for _ in range(2))
        record = workload.trust().issuer
        emulator.administer(lambda by, at=record.id: issuers.update(by, at, algorithms=("RS256",), require_kid=True))
        legacy.trust(subject=workload.subject.replace("@123456", "").replace("@456789", ""))
        for name, each in FAULTS.items():
            if name == "sub_immutable":  # of a repository whose honest subject has no ids
                found = exchange(
                    legacy, params={"environment": workload.environment, "immutable": False}, faults=[name]
                )
            else:
                found = exchange(workload, faults=[name])
            code = each.entra if portability == "entra" else each.extended
            if found != (code, each.cause if code else ""):
                wrong[name, portability] = found
    assert wrong == {}


def test_keys_at_hand_serve_while_they_are_fresh(emulator, idp):
    workload = engage(emulator)
    emulator.provoking.clock.advance(seconds=STALE)
    assert exchange(workload) == (None, "")
    idp.down("github", "down")
    assert exchange(workload) == (None, "")
    emulator.provoking.clock.advance(seconds=STALE)
    assert exchange(workload) == (90061, "ISSUER_UNREACHABLE(connect)")
    assert exchange(workload)[0] == 90061, "asked again too soon, it is not visited again"
    idp.heal()
    emulator.provoking.clock.advance(seconds=2)
    assert exchange(workload) == (None, "")


def test_an_outage_is_of_one_issuer_and_stops_no_minting(emulator, idp):
    idp.down("github", "status_500")
    assert emulator.http.get(f"{emulator.url}/idp/custom/.well-known/openid-configuration").status_code == 200
    assert emulator.mint()
    idp.down("github", "status_500", instance="another")
    idp.down("github", None)
    assert emulator.http.get(f"{emulator.url}/idp/github/another/.well-known/openid-configuration").status_code == 500


def test_every_kind_of_key_can_be_made_wrong(emulator, idp):
    """A key set with keys of all kinds keeps none that could be used, whatever is wrong with keys."""
    for algorithm in ("RS256", "ES256", "ES384", "EdDSA", "PS256"):
        emulator.mint("custom", params={"algorithm": algorithm})
    url = f"{emulator.url}/idp/custom/.well-known/jwks.json"
    honest = {each["kid"]: each for each in emulator.http.get(url).json()["keys"]}
    assert {each["kty"] for each in honest.values()} == {"RSA", "EC", "OKP"}
    same = {"mixed_garbage_key", "dup_kid", "too_many_keys"}
    spoilt = [each for each in OUTAGES if OUTAGES[each].cause in ("ISSUER_UNREACHABLE(jwks)", "SIGNATURE")]
    for name in {*spoilt, "rotate_all"} - same:
        idp.down("custom", name)
        found = emulator.http.get(url).json()["keys"]
        assert not [each for each in found if each in honest.values()], name


# ── impostors ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_impostor_survives_rude_clients(emulator, idp):
    idp.down("github", "tls_unknown_ca", instance=INSTANCE)
    where = httpx2.URL(emulator.http.get(emulator.url + DISCOVERY).json()["jwks_uri"])
    careless = ssl.create_default_context()
    careless.check_hostname, careless.verify_mode = False, ssl.CERT_NONE
    for sent in (b"", b"rubbish\r\n\r\n", b"GET"):

        async def rude(sent=sent):
            reader, writer = await asyncio.open_connection("127.0.0.1", where.port, ssl=careless)
            writer.write(sent)
            if sent.endswith(b"\r\n\r\n"):
                assert (await reader.read()).startswith(b"HTTP/1.1 404")
            writer.transport.abort()

        asyncio.run(rude())
    with httpx2.Client(verify=careless, trust_env=False) as client:
        assert client.get(where).status_code == 200
