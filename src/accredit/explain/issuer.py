"""Why the issuer of a credential is not the token's, though it is the same address, written another way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.explain.causes import Cause, set_to
from accredit.trust import discovery_suffix

if TYPE_CHECKING:
    from accredit.assertions import Presented
    from accredit.trust import Check, FederatedCredential

_USUAL: Final = {"https": "443", "http": "80"}  # ports that a URL leaves out
_THIS_MACHINE: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})


def slash(_: FederatedCredential, check: Check, __: Presented) -> Cause | None:
    if check.expected.rstrip("/") != check.presented.rstrip("/"):
        return None
    longer, shorter = ("credential", "token") if len(check.expected) > len(check.presented) else ("token", "credential")
    text = (
        f"The issuer differs only by the last character: the {longer} ends in `/`, the {shorter} does not. "
        f"{_set(check)}"
    )
    return Cause("SLASH", text, (set_to(check, check.presented),))


def double_slash(_: FederatedCredential, check: Check, __: Presented) -> Cause | None:
    if _single(check.expected) != _single(check.presented):
        return None
    twice, once = ("credential", "token") if len(check.expected) > len(check.presented) else ("token", "credential")
    text = f"The {twice}'s issuer has a double slash where the {once}'s has one. {_set(check)}"
    return Cause("DOUBLE_SLASH", text, (set_to(check, check.presented),))


def discovery(_: FederatedCredential, check: Check, __: Presented) -> Cause | None:
    suffix = discovery_suffix(check.expected)
    issuer = check.expected.removesuffix(suffix)
    if not suffix or issuer.rstrip("/") != check.presented.rstrip("/"):
        return None
    text = (
        f"The credential's issuer is the address of the discovery document; the issuer is the part before "
        f"`/.well-known`. {_set(check)}"
    )
    return Cause("DISCOVERY_SUFFIX", text, (set_to(check, check.presented),))


def address(_: FederatedCredential, check: Check, __: Presented) -> Cause | None:
    """Differ by the scheme, by the port that is usual, or by a name of this machine."""
    (scheme, host, path), (theirs, their_host, their_path) = split(check.expected), split(check.presented)
    if path != their_path:
        return None
    if host == their_host:
        return _differs(check, "SCHEME", "the scheme", scheme or "none", theirs or "none")
    (name, port), (their_name, their_port) = _named(host), _named(their_host)
    usual = _USUAL.get(scheme, "")
    if scheme != theirs or (port or usual) != (their_port or usual):
        return None
    if name == their_name:
        return _differs(check, "PORT", "the port", host, their_host)
    if {name, their_name} <= _THIS_MACHINE:
        return _differs(check, "HOST_ALIAS", "the name of this machine", host, their_host)
    return None


def split(issuer: str) -> tuple[str, str, str]:
    """Return scheme, host with port, and path; an issuer that is no URL has neither scheme nor host."""
    scheme, there, rest = issuer.partition("://")
    if not there:
        scheme, rest = "", issuer
    host, slash, path = rest.partition("/")
    return scheme, host, slash + path


def _named(host: str) -> tuple[str, str]:
    """Return a host's name and its port, empty where it has none."""
    name, bracket, port = host.partition("]") if host.startswith("[") else host.partition(":")
    return (name + bracket, port.removeprefix(":")) if bracket == "]" else (name, port)


def _differs(check: Check, cause: str, what: str, mine: str, theirs: str) -> Cause:
    text = (
        f"The issuer differs only by {what}: `{theirs}` in the token, `{mine}` in the credential. Issuers are compared "
        f"as text. {_set(check)}"
    )
    return Cause(cause, text, (set_to(check, check.presented),))


def _set(check: Check) -> str:
    return f"Set the issuer to `{check.presented}`."


def _single(issuer: str) -> str:
    scheme, _, rest = issuer.partition("://")
    while "//" in rest:
        rest = rest.replace("//", "/")
    return f"{scheme}://{rest}"
