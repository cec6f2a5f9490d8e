"""Named ways for an issuer to be wrong: one row each. They change what its documents' addresses answer.

Rule 1: a row names the refusal that an exchange ends in, and the cause that its explanation gives, when keys are due
and nothing older may serve, by the portability of the tenant; ``None``: the exchange is granted all the same.
Rule 2: what a row changes of a key set it changes of every key in it: no other key of the issuer makes up for it.
"""
# ruff: noqa: E501  it ends in a table: one outage a row

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Final, Literal

from accredit.errors import FAULT_UNKNOWN, INPUT_INVALID, Refused
from accredit.testidp import bad_keys
from accredit.testidp.draft import write
from accredit.testidp.near import meant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.testidp.impostors import Impostors

Which = Literal["discovery", "jwks"]

MOVED: Final = b"moved"  # the query under which a redirected reader finds the honest document
HELD: Final = 30.0  # seconds: longer than anybody should wait for an issuer
DRIP: Final = 0.1  # seconds between two octets of a slow answer
HUGE: Final = 600 * 1024  # octets; readers stop at 512 KiB
BOMB: Final = 32 * 1024 * 1024  # octets that a small answer unpacks to


@dataclass(frozen=True, slots=True)
class Answer:
    """What an address answers."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0.0  # seconds before anything is sent
    drip: float = 0.0  # seconds between two octets; the whole answer still takes HELD at most
    cut: bool = False  # the connection ends before the body


@dataclass(frozen=True, slots=True)
class Request:
    """Which document was asked for, and where."""

    which: Which
    url: str
    document: Mapping[str, object]
    impostors: Impostors | None = None  # who answers over TLS as nobody should


Change = Callable[[Request], Answer]


@dataclass(frozen=True, slots=True)
class Outage:
    """One way to be wrong."""

    name: str
    sentence: str
    change: Change
    entra: int | None = 90061  # AADSTS, by the portability of the tenant
    extended: int | None = 90061
    cause: str = ""  # of the explanation
    cause_extended: str = ""  # where it is another one


def honest(request: Request) -> Answer:
    """Answer with the document as it is."""
    return Answer(write(request.document))


def _status(status: int, which: tuple[Which, ...] = ("discovery", "jwks"), **headers: str) -> Change:
    sent = tuple((name.replace("_", "-"), value) for name, value in headers.items())

    def change(request: Request) -> Answer:
        if request.which not in which:
            return honest(request)
        return Answer(write({"error": f"status {status}"}), status=status, headers=sent)

    return change


def _member(which: Which, change: Callable[[dict[str, object], Request], dict[str, object]]) -> Change:
    def answer(request: Request) -> Answer:
        if request.which != which:
            return honest(request)
        return Answer(write(change(dict(request.document), request)))

    return answer


def _redirect(target: Callable[[str], str]) -> Change:
    return lambda request: Answer(b"", status=302, headers=(("location", target(request.url)),))


def _elsewhere(url: str) -> str:
    """The same address under this machine's other name."""
    here, there = ("localhost", "127.0.0.1") if "//localhost" in url else ("127.0.0.1", "localhost")
    return url.replace(f"//{here}", f"//{there}", 1)


def _moved(url: str) -> str:
    return f"{url}?{MOVED.decode()}"


def _html(_: Request) -> Answer:
    return Answer(b"<!doctype html><title>Welcome</title><p>It works!", content_type="text/html; charset=utf-8")


def _without_keys_address(document: dict[str, object], _: Request) -> dict[str, object]:
    del document["jwks_uri"]
    return document


def _keys(change: bad_keys.Change) -> Change:
    """Change every key of the key set."""

    def changed(document: dict[str, object], _: Request) -> dict[str, object]:
        keys = document["keys"]
        assert isinstance(keys, list)  # noqa: S101  it is ours
        return document | {"keys": [each for key in keys for each in change(key)]}

    return _member("jwks", changed)


def _kept(cache_control: str) -> Change:
    return lambda request: replace(honest(request), headers=(("cache-control", cache_control),))


def _located(change: Callable[[str], str]) -> Change:
    """Let discovery name another address for the key set."""
    return _member("discovery", lambda document, _: document | {"jwks_uri": change(str(document["jwks_uri"]))})


def _tls(kind: str) -> Change:
    """Let discovery name the same key set behind a certificate that nobody should accept."""

    def moved(document: dict[str, object], request: Request) -> dict[str, object]:
        if request.impostors is None:
            raise Refused(INPUT_INVALID, what=f"mode tls_{kind}", reason="this issuer has no TLS of its own")
        return document | {"jwks_uri": request.impostors.instead(str(document["jwks_uri"]), kind)}

    return _member("discovery", moved)


@cache
def _bomb() -> bytes:
    packing = zlib.compressobj(9, wbits=31)  # 31: gzip
    return packing.compress(bytes(BOMB)) + packing.flush()


def _packed(_: Request) -> Answer:
    return Answer(_bomb(), headers=(("content-encoding", "gzip"),))


def _padded(document: dict[str, object], _: Request) -> dict[str, object]:
    return {"x": "x" * HUGE, **document}


# fmt: off
_TABLE: Final = (
    # ── it does not answer, or not so
    Outage("down", "The connection ends before an answer is complete.", lambda request: replace(honest(request), cut=True), cause="ISSUER_UNREACHABLE(connect)"),
    Outage("timeout", "Both documents answer after 30 seconds only.", lambda request: replace(honest(request), delay=HELD), cause="ISSUER_UNREACHABLE(time)"),
    Outage("slow_drip", "Both documents come one octet at a time, for 30 seconds at most.", lambda request: replace(honest(request), drip=DRIP), cause="ISSUER_UNREACHABLE(time)"),
    Outage("status_500", "Both documents answer 500.", _status(500), cause="ISSUER_UNREACHABLE(status)"),
    Outage("status_404", "Both documents answer 404.", _status(404), cause="ISSUER_UNREACHABLE(status)"),
    Outage("status_429", "Both documents answer 429 and Retry-After: 1.", _status(429, retry_after="1"), cause="ISSUER_UNREACHABLE(status)"),
    Outage("status_403_jwks", "The key set answers 403; discovery is honest.", _status(403, ("jwks",)), cause="RBAC_403"),
    Outage("status_400_jwks", "The key set answers 400; discovery is honest.", _status(400, ("jwks",)), cause="ISSUER_UNREACHABLE(status)"),
    Outage("html_200", "Both documents are a page of HTML, with 200.", _html, cause="HTML"),
    # ── what discovery says
    Outage("wrong_issuer", "Discovery names another issuer.", _member("discovery", lambda document, _: document | {"issuer": "https://issuer.example"}), cause="ISSUER_MISMATCH"),
    Outage("issuer_slash", "Discovery names the issuer with one slash more.", _member("discovery", lambda document, _: document | {"issuer": f"{document['issuer']}/"}), cause="ISSUER_MISMATCH"),
    Outage("missing_jwks_uri", "Discovery names no key set.", _member("discovery", _without_keys_address), cause="ISSUER_UNREACHABLE(discovery)"),
    Outage("jwks_other_host", "Discovery names a key set on another host that has it.", _located(_elsewhere), None, cause="ISSUER_UNREACHABLE(url)"),
    Outage("jwks_http", "Discovery names the key set with http instead of https.", _located(lambda url: url.replace("https://", "http://", 1)), cause="ISSUER_UNREACHABLE(connect)"),
    Outage("jwks_metadata_ip", "Discovery names a key set at a cloud's metadata address.", _located(lambda _: "http://169.254.169.254/latest/jwks"), cause="ISSUER_UNREACHABLE(address)", cause_extended="ISSUER_UNREACHABLE(url)"),
    Outage("redirect_same_host", "Both documents have moved, to an address on the same host that has them.", _redirect(_moved), cause="ISSUER_UNREACHABLE(redirect)"),
    Outage("redirect_cross_host", "Both documents have moved, to an address on another host that has them.", _redirect(lambda url: _moved(_elsewhere(url))), cause="ISSUER_UNREACHABLE(redirect)"),
    Outage("redirect_metadata_ip", "Both documents have moved to a cloud's metadata address.", _redirect(lambda _: "http://169.254.169.254/latest/meta-data/"), cause="ISSUER_UNREACHABLE(redirect)"),
    # ── how much there is
    Outage("huge_discovery", "Discovery is larger than 512 KiB.", _member("discovery", _padded), cause="ISSUER_UNREACHABLE(size)"),
    Outage("huge_jwks", "The key set is larger than 512 KiB.", _member("jwks", _padded), cause="ISSUER_UNREACHABLE(size)"),
    Outage("gzip_bomb", "Both documents are some 32 KiB of gzip that unpack to 32 MiB, asked for or not.", _packed, cause="ISSUER_UNREACHABLE(encoding)"),
    Outage("empty_jwks", "The key set holds no key.", _member("jwks", lambda document, _: document | {"keys": []}), cause="ISSUER_UNREACHABLE(jwks)"),
    Outage("too_many_keys", "The key that signs stands behind 100 others.", _keys(bad_keys.behind_many), 7000272, 7000272, "KEY_UNKNOWN"),
    # ── the keys
    Outage("oct_key", "The key set holds a symmetric key.", _keys(bad_keys.symmetric), cause="ISSUER_UNREACHABLE(jwks)"),
    Outage("private_key_published", "The key set holds the private part of a key.", _keys(bad_keys.private), cause="ISSUER_UNREACHABLE(jwks)"),
    Outage("rsa_1024", "The key has 1,024 bits.", _keys(bad_keys.short), cause="ISSUER_UNREACHABLE(jwks)"),
    Outage("rsa_e1", "The key's public exponent is 1.", _keys(bad_keys.in_rsa(e="AQ")), cause="ISSUER_UNREACHABLE(jwks)"),
    Outage("rsa_e3", "The key's public exponent is 3.", _keys(bad_keys.in_rsa(e="Aw")), cause="ISSUER_UNREACHABLE(jwks)"),
    Outage("roca_key", "The key's modulus has the fingerprint of CVE-2017-15361 (ROCA).", _keys(bad_keys.roca), cause="ISSUER_UNREACHABLE(jwks)"),
    Outage("off_curve_point", "The key is a point that is not on its curve.", _keys(bad_keys.off_curve), cause="ISSUER_UNREACHABLE(jwks)"),
    Outage("alg_mismatch", "The key's alg belongs to another kind of key.", _keys(bad_keys.mismatched), cause="ISSUER_UNREACHABLE(jwks)"),
    Outage("use_enc", "The key's use is encryption.", _keys(bad_keys.altered(use="enc")), cause="ISSUER_UNREACHABLE(jwks)"),
    Outage("key_ops_sign", "The key's key_ops are sign, and not verify.", _keys(bad_keys.altered(key_ops=["sign"])), cause="ISSUER_UNREACHABLE(jwks)"),
    Outage("b64_bad_n", "The key's number is padded base64.", _keys(bad_keys.padded), cause="ISSUER_UNREACHABLE(jwks)"),
    Outage("dup_kid", "Two different keys have the kid.", _keys(bad_keys.twice), cause="ISSUER_UNREACHABLE(jwks)"),
    Outage("same_kid_new_key", "Another key has the kid; tokens are still signed with the one before.", _keys(bad_keys.another), 700027, 700027, "SIGNATURE"),
    Outage("rotate_all", "The key set holds the next key only; tokens are still signed with the one before.", _keys(bad_keys.rotated), 7000272, 7000272, "KEY_UNKNOWN"),
    Outage("mixed_garbage_key", "The key stands among entries that are no keys.", _keys(bad_keys.among_garbage), None, None),
    # ── how long they may be kept
    Outage("no_cache_headers", "Both documents forbid to be kept.", _kept("no-store, no-cache, max-age=0"), None, None),
    Outage("cache_forever", "Both documents may be kept for a year.", _kept("public, max-age=31536000, immutable"), None, None),
    # ── TLS
    Outage("tls_expired", "The key set is behind a certificate that has expired.", _tls("expired"), cause="TLS_EXPIRED"),
    Outage("tls_wrong_name", "The key set is behind a certificate for another name.", _tls("wrong_name"), cause="TLS_NAME"),
    Outage("tls_unknown_ca", "The key set is behind a certificate that nobody signed but itself.", _tls("unknown_ca"), cause="TLS_CA"),
)
# fmt: on

OUTAGES: Final[Mapping[str, Outage]] = {each.name: each for each in _TABLE}
"""Every fault of an issuer, by name."""


def outage(name: str) -> Outage:
    """Find one. ``FAULT_UNKNOWN``."""
    if name not in OUTAGES:
        raise Refused(FAULT_UNKNOWN, name=name, meant=meant(name, OUTAGES))
    return OUTAGES[name]
