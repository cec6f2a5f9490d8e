"""Named ways for an issuer to be wrong: one row each. They change what its documents' addresses answer.

Every one of them must end in 90061 (``causes``) when keys are due and nothing older may serve.
"""
# ruff: noqa: E501  it ends in a table: one outage a row

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from accredit.errors import FAULT_UNKNOWN, Refused
from accredit.testidp.draft import write

if TYPE_CHECKING:
    from collections.abc import Mapping

Which = Literal["discovery", "jwks"]

MOVED: Final = b"moved"  # the query under which a redirected reader finds the honest document
HELD: Final = 30.0  # seconds: longer than anybody should wait for an issuer
DRIP: Final = 0.1  # seconds between two octets of a slow answer
HUGE: Final = 600 * 1024  # octets; readers stop at 512 KiB


@dataclass(frozen=True, slots=True)
class Answer:
    """What an address answers."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0.0  # seconds before anything is sent
    drip: float = 0.0  # seconds between two octets; the whole answer still takes HELD at most


@dataclass(frozen=True, slots=True)
class Request:
    """Which document was asked for, and where."""

    which: Which
    url: str
    document: Mapping[str, object]


Change = Callable[[Request], Answer]


@dataclass(frozen=True, slots=True)
class Outage:
    """One way to be wrong."""

    name: str
    sentence: str
    change: Change
    causes: int = 90061  # AADSTS


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


def _padded(document: dict[str, object], _: Request) -> dict[str, object]:
    return {"x": "x" * HUGE, **document}


# fmt: off
_TABLE: Final = (
    Outage("status_500", "Both documents answer 500.", _status(500)),
    Outage("status_404", "Both documents answer 404.", _status(404)),
    Outage("status_429", "Both documents answer 429 and Retry-After: 1.", _status(429, retry_after="1")),
    Outage("status_403_jwks", "The key set answers 403; discovery is honest.", _status(403, ("jwks",))),
    Outage("html_200", "Both documents are a page of HTML, with 200.", _html),
    Outage("wrong_issuer", "Discovery names another issuer.", _member("discovery", lambda document, _: document | {"issuer": "https://issuer.example"})),
    Outage("issuer_slash", "Discovery names the issuer with one slash more.", _member("discovery", lambda document, _: document | {"issuer": f"{document['issuer']}/"})),
    Outage("missing_jwks_uri", "Discovery names no key set.", _member("discovery", _without_keys_address)),
    Outage("jwks_metadata_ip", "Discovery names a key set at a cloud's metadata address.", _member("discovery", lambda document, _: document | {"jwks_uri": "http://169.254.169.254/latest/jwks"})),
    Outage("huge_discovery", "Discovery is larger than 512 KiB.", _member("discovery", _padded)),
    Outage("empty_jwks", "The key set holds no key.", _member("jwks", lambda document, _: document | {"keys": []})),
    Outage("huge_jwks", "The key set is larger than 512 KiB.", _member("jwks", _padded)),
    Outage("timeout", "Both documents answer after 30 seconds only.", lambda request: replace(honest(request), delay=HELD)),
    Outage("slow_drip", "Both documents come one octet at a time, for 30 seconds at most.", lambda request: replace(honest(request), drip=DRIP)),
    Outage("redirect_same_host", "Both documents have moved, to an address on the same host that has them.", _redirect(_moved)),
    Outage("redirect_cross_host", "Both documents have moved, to an address on another host that has them.", _redirect(lambda url: _moved(_elsewhere(url)))),
    Outage("redirect_metadata_ip", "Both documents have moved to a cloud's metadata address.", _redirect(lambda _: "http://169.254.169.254/latest/meta-data/")),
)
# fmt: on

OUTAGES: Final[Mapping[str, Outage]] = {each.name: each for each in _TABLE}
"""Every fault of an issuer, by name."""


def outage(name: str) -> Outage:
    """Find one. ``FAULT_UNKNOWN``."""
    if name not in OUTAGES:
        raise Refused(FAULT_UNKNOWN, name=name, known=", ".join(OUTAGES))
    return OUTAGES[name]
