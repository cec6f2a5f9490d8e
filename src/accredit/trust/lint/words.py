"""What people call the parts of a platform, and how a finding begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.trust.expression import condition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.trust.lint.facts import Linted, Part

_USUAL: Final[Mapping[str, str]] = {"tenant": "customer", "project": "project", "account": "account"}
_PARTS: Final[Mapping[str, tuple[str, str, str]]] = {
    "azure_devops":             ("organization", "project", "service connection"),
    "aws_outbound":             ("account", "project", "role or user"),
    "bitbucket":                ("workspace", "repository", "account"),
    "buildkite":                ("organization", "pipeline", "account"),
    "circleci":                 ("organization", "project", "account"),
    "fly":                      ("organization", "app", "account"),
    "github_actions":           ("owner", "repository", "account"),
    "github_enterprise_server": ("owner", "repository", "account"),
    "gitlab":                   ("group", "project", "account"),
    "google_cloud":             ("project", "project", "service account"),
    "kubernetes":               ("cluster", "namespace", "service account"),
    "semaphore":                ("organization", "project", "account"),
    "spacelift":                ("account", "stack", "account"),
    "spiffe":                   ("trust domain", "workload", "workload"),
    "terraform":                ("organization", "workspace", "account"),
    "vercel":                   ("team", "project", "account"),
}  # fmt: skip
_AT: Final = ("tenant", "project", "account")


def part(linted: Linted, of: Part) -> str:
    """Return what people of the platform call a part of it."""
    found = _PARTS.get(linted.preset.id) if linted.preset else None
    return found[_AT.index(of)] if found else _USUAL[of]


def equals(path: tuple[str, ...], value: str) -> str:
    """Return the condition that a claim has exactly this text."""
    return condition(path, "eq", value)
