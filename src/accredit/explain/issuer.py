"""Why the issuer of a credential is not the token's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accredit.explain.causes import Cause, set_to
from accredit.trust import discovery_suffix

if TYPE_CHECKING:
    from accredit.assertions import Presented
    from accredit.trust import Check, FederatedCredential


def slash(_: FederatedCredential, check: Check, __: Presented) -> Cause | None:
    if check.expected.rstrip("/") != check.presented.rstrip("/"):
        return None
    longer, shorter = ("credential", "token") if len(check.expected) > len(check.presented) else ("token", "credential")
    text = (
        f"The issuer differs only by the last character: the {longer} ends in `/`, the {shorter} does not. "
        f"Set the issuer to `{check.presented}`."
    )
    return Cause("SLASH", text, (set_to(check, check.presented),))


def double_slash(_: FederatedCredential, check: Check, __: Presented) -> Cause | None:
    if _single(check.expected) != _single(check.presented):
        return None
    twice, once = ("credential", "token") if len(check.expected) > len(check.presented) else ("token", "credential")
    text = f"The {twice}'s issuer has a double slash where the {once}'s has one. Set the issuer to `{check.presented}`."
    return Cause("DOUBLE_SLASH", text, (set_to(check, check.presented),))


def discovery(_: FederatedCredential, check: Check, __: Presented) -> Cause | None:
    suffix = discovery_suffix(check.expected)
    issuer = check.expected.removesuffix(suffix)
    if not suffix or issuer.rstrip("/") != check.presented.rstrip("/"):
        return None
    text = (
        f"The credential's issuer is the address of the discovery document; the issuer is the part before "
        f"`/.well-known`. Set the issuer to `{check.presented}`."
    )
    return Cause("DISCOVERY_SUFFIX", text, (set_to(check, check.presented),))


def _single(issuer: str) -> str:
    scheme, _, rest = issuer.partition("://")
    while "//" in rest:
        rest = rest.replace("//", "/")
    return f"{scheme}://{rest}"
