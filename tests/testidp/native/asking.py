"""The platforms of an emulator that nobody serves, asked directly."""

from collections.abc import Mapping
from urllib.parse import parse_qs, urlencode, urlsplit

from accredit.testidp.native import Answer, Asked, Place, Places
from accredit.testidp.native.catalogue import Natives
from tests.testidp.workbench import BASE, shared

METADATA = "http://127.0.0.1:9000"
SOCKET = "/run/emulator/job.sock"


def platforms() -> Natives:
    return Natives(shared(), Places(BASE, METADATA, SOCKET, "-----BEGIN CERTIFICATE-----"))


def begun(natives: Natives, dialect: str, **request: object) -> Mapping[str, str]:
    """Begin a job; the variables around it."""
    _, environment = natives.begin({"dialect": dialect, **request})
    return environment.variables


def asked(
    target: str, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes = b"", **query: str
) -> Asked:
    """A request as the framework hands it on. ``target``: a path, or an address with a query."""
    parts = urlsplit(target)
    found = parse_qs(parts.query + ("&" if parts.query and query else "") + urlencode(query), keep_blank_values=True)
    return Asked(method, parts.path, {name: tuple(values) for name, values in found.items()}, headers or {}, body)


def at(natives: Natives, place: Place, request: Asked) -> Answer:
    """What a listener of its own answers."""
    answer = natives.at(place, request)
    assert answer is not None, request.path
    return answer
