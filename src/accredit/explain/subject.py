"""Why a subject is not the credential's, whatever the platform: absent, a pattern, a name where an id is expected."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from accredit.explain.causes import Cause, add_for, set_to
from accredit.explain.model import Edit
from accredit.signins import kept
from accredit.trust.expression import condition, glob

if TYPE_CHECKING:
    from accredit.assertions import Presented
    from accredit.trust import Check, FederatedCredential

_SESSION: Final = re.compile(r"arn:(?P<partition>[a-z-]+):sts::(?P<account>\d{12}):assumed-role/(?P<role>[^/]+)/.+")
_ROLE: Final = re.compile(r"arn:(?P<partition>[a-z-]+):iam::(?P<account>\d{12}):role/(?:.+/)?(?P<role>[^/]+)")
_MAIL: Final = re.compile(r"[^@\s:/]+@[^@\s:/]+\.[^@\s:/]+")
_NUMBER: Final = re.compile(r"\d{15,30}")


def absent(_: FederatedCredential, check: Check, __: Presented) -> Cause | None:
    if check.presented:
        return None
    return Cause("CLAIM_MISSING(sub)", "The token has no subject.")


def arn_session(_: FederatedCredential, check: Check, __: Presented) -> Cause | None:
    """Name a session of a role where AWS names the role."""
    mine, theirs = _SESSION.fullmatch(check.expected), _ROLE.fullmatch(check.presented)
    if not mine or not theirs or mine.groups() != theirs.groups():
        return None
    text = (
        "The credential names the assumed-role session; AWS puts the ARN of the role itself into the subject. Set the "
        f"subject to `{kept(check.presented)}`."
    )
    return Cause("ARN_SESSION", text, (set_to(check, check.presented),))


def email(_: FederatedCredential, check: Check, presented: Presented) -> Cause | None:
    """Name an account by its e-mail address where the platform has a number."""
    if not _MAIL.fullmatch(check.expected) or not _NUMBER.fullmatch(check.presented):
        return None
    if presented.claims.get("email", check.expected) != check.expected:
        return None
    text = (
        "The credential names the service account's e-mail address; Google's subject is its numeric id, "
        f"`{kept(check.presented)}`, which is never given to another account. Set the subject to that."
    )
    return Cause("EMAIL_SUB", text, (set_to(check, check.presented),))


def literal_star(_: FederatedCredential, check: Check, presented: Presented) -> Cause | None:
    if not set(glob.WILDCARDS) & set(check.expected) or not glob.parse(check.expected).matches(check.presented):
        return None
    clauses = [condition(("sub",), "matches", check.expected)]
    identity = presented.claims.get("repository_id")
    if isinstance(identity, str):
        clauses.append(condition(("repository_id",), "eq", identity))
    text = (
        "The star in the credential's subject is an ordinary character: a subject is never a pattern. "
        "An expression is one."
    )
    exact = add_for(check)
    if not _is_only_context(check.expected):
        return Cause("LITERAL_STAR", _star(check, text), (exact,))
    replaced = Edit(
        target="credential",
        kind="set",
        what="claimsMatchingExpression",
        before=check.expected,
        after=" and ".join(clauses),
        effect="wider",
        text="replace the subject by an expression",
    )
    return Cause("LITERAL_STAR", _star(check, text), (exact, replaced))


def _star(check: Check, text: str) -> str:
    return text.replace("star", "question mark") if "*" not in check.expected else text


def _is_only_context(pattern: str) -> bool:
    """Whether wildcards stand for what a job ran for only, and never for an owner, a repository or an id."""
    first = min(pattern.index(each) for each in glob.WILDCARDS if each in pattern)
    before = pattern[:first]
    return any(pattern.startswith(begin) and before.count(":") >= colons for begin, colons in _NAMED.items())


_NAMED: Final = {"repo:": 2, "project_path:": 2, "organization:": 7}
"""How subjects begin in which only jobs of one owner are left open behind so many colons; of others nobody knows."""
