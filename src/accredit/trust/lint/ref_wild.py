"""FIC-REF-WILD: whoever may push can sign in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust.lint.contexts import GITHUB, context, guarded
from accredit.trust.lint.model import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from accredit.trust.lint.facts import Branch, Linted
    from accredit.trust.lint.model import Finding

RULE: Final = Rule(
    id="FIC-REF-WILD",
    level="warn",
    title="Any branch or tag",
    why="A push is enough: whoever may push to the repository makes a branch or tag that fits, with any code in it.",
    remedy="Trust one protected branch, or an environment with required reviewers.",
    before="repo:o@1/r@2:ref:refs/heads/*",
    after="repo:o@1/r@2:ref:refs/heads/main",
)
_REFS: Final[Mapping[str, tuple[str, ...]]] = {  # claims that say from where the code is, or who has approved of it
    "buildkite": ("build_branch", "build_tag"),
    "circleci": ("oidc.circleci.com/vcs-ref",),
    "github_actions": ("ref", "environment", "workflow_sha"),
    "github_enterprise_server": ("ref", "environment", "workflow_sha"),
    "gitlab": ("ref", "ref_path", "environment"),
}
_PROTECTED: Final = ("ref_protected", "environment_protected")


def check(linted: Linted) -> Iterator[Finding]:
    """Find branches that leave the ref open where the platform has refs."""
    if linted.preset is None or linted.preset.id not in _REFS:
        return
    for branch in linted.branches:
        if not _settled(linted, branch) and (said := _said(linted, branch)):
            yield RULE.finding(linted, linted.member, said, branch=branch, at=linted.at(branch, "context"))


def _settled(linted: Linted, branch: Branch) -> bool:
    """Whether a claim pins the ref, or says that it is protected."""
    claims = _REFS[linted.preset.id] if linted.preset else ()
    return (
        any(branch.demands((name,)) is not None for name in claims)
        or any(branch.demands((name,)) in {"true", True} for name in _PROTECTED)
        or guarded(branch)
    )


def _said(linted: Linted, branch: Branch) -> str:
    if linted.is_of(*GITHUB):
        return _github(linted, branch)
    subject = branch.parts
    if subject is not None and ("ref" in subject.values or "vcs_ref" in subject.values):
        return ""
    if subject is not None and subject.values.get("ref_type") == "tag":
        return "Every tag is accepted."
    if branch.subject is not None and subject is None:
        return ""  # it is none of this platform's
    return "No condition says which branch or tag a job must come from."


def _github(linted: Linted, branch: Branch) -> str:
    found = context(linted, branch)
    if found is None:
        unsaid = branch.subject is None and branch.subject_pattern is None
        return "No condition says which branch, tag or environment a job must come from." if unsaid else ""
    if found.exact or found.text.startswith("environment:"):
        return ""
    kind, _, name = found.text.removeprefix("ref:refs/").partition("/")
    kinds = {"heads": "branch", "tags": "tag"}
    if found.text.startswith("ref:refs/") and kind in kinds:
        fits = f" whose name begins with {name}" if name else ""
        return f"Every {kinds[kind]}{fits} is accepted."
    return "Every branch and tag is accepted, and every pull request."
