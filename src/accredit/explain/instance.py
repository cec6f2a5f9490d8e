"""Why the issuer of a credential is another one than the token's: another customer, cluster, version or instance.

Rule 1: where names and ids mean something else elsewhere, no edit is made: who is trusted would be somebody else.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from accredit.explain import platform
from accredit.explain.causes import Cause, add_for, set_to
from accredit.explain.issuer import split
from accredit.explain.model import Edit
from accredit.signins import kept

if TYPE_CHECKING:
    from accredit.assertions import Presented
    from accredit.trust import Check, FederatedCredential
    from accredit.trust.presets import Preset

LEGACY_ISSUER: Final = "kubernetes/serviceaccount"
_ENTRA: Final = re.compile(
    r"https://(?:(?P<v2>login\.microsoftonline\.(?:com|us)|login\.partner\.microsoftonline\.cn)/(?P<a>[^/]+)/v2\.0"
    r"|(?P<v1>sts\.(?:windows\.net|microsoftonline\.us|chinacloudapi\.cn))/(?P<b>[^/]+)/)"
)
_API_SERVER: Final = re.compile(
    r"https://(?:[^/]*:6443|[^/]*\.azmk8s\.io(?::\d+)?|(?!oidc\.)[^/]*\.eks\.amazonaws\.com(?:\.cn)?(?::\d+)?"
    r"|\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?|\[[0-9a-f:]+\](?::\d+)?)/?",
    re.IGNORECASE,
)
_CLUSTER: Final = "system:serviceaccount:"
_AKS: Final = ".oic.prod-aks.azure.com"
_PATHS: Final = (  # how hosts end or begin that serve many clusters, and what the parts of their paths are
    (_AKS, ("tenant id", "cluster id")),
    ("oidc.eks.", ("", "cluster id")),
    ("container.googleapis.com", ("", "", "project", "", "location", "", "cluster")),
)


def legacy(_: FederatedCredential, check: Check, __: Presented) -> Cause | None:
    """Find a token that a cluster made before tokens had an issuer of their own."""
    if check.presented != LEGACY_ISSUER:
        return None
    return Cause("LEGACY_TOKEN", LEGACY, (PROJECTED,))


LEGACY: Final = (
    f"This is a legacy service account token, of the issuer `{LEGACY_ISSUER}`, which every cluster has: nobody can say "
    "whose it is. Project a token with an audience into the pod instead."
)
PROJECTED: Final = Edit(
    target="workload",
    kind="request",
    what="token",
    text="use a projected service account token, with an audience and expirationSeconds",
)


def entra_version(_: FederatedCredential, check: Check, __: Presented) -> Cause | None:
    """Differ by the version of Entra ID's tokens; the tenant is one."""
    mine, theirs = _ENTRA.fullmatch(check.expected), _ENTRA.fullmatch(check.presented)
    if not mine or not theirs or (mine["a"] or mine["b"]) != (theirs["a"] or theirs["b"]):
        return None
    version, host = ("v1", theirs["v1"]) if theirs["v1"] else ("v2", theirs["v2"])
    text = (
        f"Same Entra tenant, other token version: the token is {version} and its issuer is `{host}`. The version is "
        "that of the API which the token is for: `requestedAccessTokenVersion` of its application. The "
        f"credential expects `{check.expected}`."
    )
    return Cause("ENTRA_VERSION", text, (set_to(check, check.presented),))


def api_server(_: FederatedCredential, check: Check, presented: Presented) -> Cause | None:
    """Take the address of a cluster's API server for its issuer, or the reverse."""
    if not (presented.subject or "").startswith(_CLUSTER):
        return None
    mine, theirs = _API_SERVER.fullmatch(check.expected), _API_SERVER.fullmatch(check.presented)
    if bool(mine) is bool(theirs):
        return None
    names = "credential names" if mine else "token comes from"
    rest = (
        f"tokens carry the cluster's issuer, which is another address: `{kept(check.presented)}`"
        if mine
        else f"the credential names another issuer, `{check.expected}`: the cluster's was changed, or it is another one"
    )
    text = f"The {names} the cluster's API server; {rest}. Use the issuer that the cluster's tokens print."
    return Cause("API_SERVER", text, (set_to(check, check.presented),))


def moved(credential: FederatedCredential, check: Check, presented: Presented) -> Cause | None:
    """Stand on two sides of a platform's move to another issuer."""
    old, new = platform.of(check.expected, credential.subject), platform.of(check.presented, presented.subject)
    if old and _ends(old, check.expected) and _is_of(old, check.presented, presented.subject):
        text = (
            f"{old.title} moved to another issuer, and the token has the new one; the credential names the old one, "
            f"`{check.expected}`{_until(old, check.expected)}. Add a credential for the new issuer and the new subject."
        )
        return Cause("ISSUER_MOVED", text, (add_for(check, presented.subject or ""),))
    if new and _ends(new, check.presented) and _is_of(new, check.expected, credential.subject):
        text = (
            f"The token still comes from the old issuer of {new.title}, `{kept(check.presented)}`"
            f"{_until(new, check.presented)}; the credential names the new one. Move the workload, or add a credential "
            "for the old issuer until then."
        )
        move = Edit(
            target="workload",
            kind="set",
            what="issuer",
            after=check.expected,
            text="move it to the platform's new issuer",
        )
        return Cause("ISSUER_MOVED", text, (move, add_for(check, presented.subject or "")))
    return None


def tenant_path(credential: FederatedCredential, check: Check, presented: Presented) -> Cause | None:
    """Name the part of the issuer in which two customers or clusters of one platform differ."""
    (scheme, host, path), (theirs, their_host, their_path) = split(check.expected), split(check.presented)
    by = platform.of(check.presented, presented.subject)
    if told := _of_path(check) or (_part(by, check) if by else None):
        return _other_part(check, *told)
    if (scheme, host) != (theirs, their_host) or not host or path == their_path:
        return None
    if by is None and credential.subject != presented.subject:
        return None
    text = (
        f"Same host, other path: `{kept(their_path or '/')}` in the token, `{path or '/'}` in the credential. The "
        f"token comes from another customer, realm or cluster at `{kept(host)}`."
    )
    return Cause("TENANT_PATH", text)


def other_instance(credential: FederatedCredential, check: Check, presented: Presented) -> Cause | None:
    """Differ by where the platform runs."""
    host, their_host = split(check.expected)[1], split(check.presented)[1]
    if host.partition(":")[0] == their_host.partition(":")[0] or credential.subject is None:
        return None
    mine = platform.of(check.expected, credential.subject)
    theirs = platform.of(check.presented, presented.subject)
    if mine is None or theirs is None or not platform.same(mine, theirs):
        return None
    if mine.read_subject(credential.subject) is None or theirs.read_subject(presented.subject or "") is None:
        return None
    noun = platform.noun(theirs)
    text = (
        f"The token comes from `{kept(their_host)}`, the credential trusts `{host}`; a {noun} of the same name there "
        f"is another {noun}."
    )
    return Cause("OTHER_INSTANCE", text)


def _part(by: Preset, check: Check) -> tuple[str, str, str] | None:
    """Return the first part in which two issuers of one platform differ: what it is called, and both texts."""
    if not by.issuer.match:
        return None
    mine, theirs = re.fullmatch(by.issuer.match, check.expected), re.fullmatch(by.issuer.match, check.presented)
    if mine is None or theirs is None:
        return None
    host = split(check.expected)[1].partition(":")[0]
    for name in mine.groupdict():
        old, new = mine[name] or "", theirs[name] or ""
        if old != new and old not in {check.expected, host} and "/" not in old:
            return platform.label(by, name), old, new
    return None


def _of_path(check: Check) -> tuple[str, str, str] | None:
    """Return the same of an issuer whose path has identifiers in known places."""
    (_, host, path), (_, their_host, their_path) = split(check.expected), split(check.presented)
    called = next((names for end, names in _PATHS if host.endswith(end) or host.startswith(end)), ())
    if not called or host != their_host:
        return None
    parts = zip(called, path.strip("/").split("/"), their_path.strip("/").split("/"), strict=False)
    return next(((name, old, new) for name, old, new in parts if name and old != new), None)


def _other_part(check: Check, called: str, mine: str, theirs: str) -> Cause:
    whose = called.removesuffix(" id").removesuffix(" uuid")
    if not mine or not theirs:
        has, lacks = ("token", "credential") if theirs else ("credential", "token")
        text = (
            f"The {whose} `{kept(theirs or mine)}` has an issuer of its own: the {has}'s issuer carries its name as a "
            f"path, the {lacks}'s does not."
        )
        return Cause("TENANT_PATH", text)
    (_, host, _), (_, their_host, _) = split(check.expected), split(check.presented)
    same = f"Same host `{host}`" if host == their_host else "Same platform"
    comes = "a cluster of another tenant" if (whose, host.endswith(_AKS)) == ("tenant", True) else f"another {whose}"
    text = (
        f"{same}, other {called} in the issuer: `{kept(theirs)}` in the token, `{mine}` in the credential. The token "
        f"comes from {comes}."
    )
    return Cause("TENANT_PATH", text)


def _ends(by: Preset, issuer: str) -> bool:
    return any(re.fullmatch(each.match, issuer) for each in by.issuer.deprecated)


def _is_of(by: Preset, issuer: str, subject: str | None) -> bool:
    """Whether an issuer is a present one of a platform, or its subject is of the platform's grammar."""
    if _ends(by, issuer):
        return False
    known = bool(by.issuer.match) and re.fullmatch(by.issuer.match, issuer) is not None
    return known or by.read_subject(subject or "") is not None


def _until(by: Preset, issuer: str) -> str:
    ends = next((each.ends for each in by.issuer.deprecated if re.fullmatch(each.match, issuer)), "")
    return f", which ends on {ends}" if ends else ""
