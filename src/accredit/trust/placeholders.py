"""Text of a template that nobody filled in: ``<org>``, ``{tenantId}``, ``$VARIABLE``, ``OWNER``.

Rule 1: braces around a UUID are a value: so do some platforms write their ids.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

_UUID: Final = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_SAMPLES: Final = (  # words that documentation writes where a name belongs
    "ACCOUNT", "ACCOUNT_ID", "BRANCH", "BRANCH_NAME", "CHANGEME", "CHANGE_ME", "CLUSTER_ID", "ENVIRONMENT",
    "ENVIRONMENT_NAME", "GROUP", "HOST", "HOSTNAME", "NAMESPACE", "ORG", "ORGANIZATION", "ORG_ID", "ORG_NAME", "OWNER",
    "OWNER_ID", "PROJECT", "PROJECT_ID", "PROJECT_PATH", "REGION", "REPO", "REPOSITORY", "REPOSITORY_ID", "REPO_ID",
    "REPO_NAME", "ROLE_NAME", "SERVICE_ACCOUNT", "SERVICE_ACCOUNT_NAME", "SUBJECT", "TENANT", "TENANT_ID", "USER",
    "USERNAME", "WORKSPACE",
)  # fmt: skip
_PLACEHOLDER: Final = re.compile(
    rf"\{{(?!{_UUID}\}})[^{{}}]{{1,60}}\}}"  # {tenantId}, the inside of ${{ … }} and {{ … }}
    r"|<[^<>]{1,60}>"  # <org>
    r"|\$\(?[A-Za-z_][A-Za-z0-9_.]*\)?"  # $VAR, $(Build.Branch)
    r"|%[sdv](?![A-Za-z0-9])"  # of a program that prints
    r"|%[A-Z][A-Z0-9_]{2,}%"  # %TENANT_ID%
    rf"|(?<![A-Za-z0-9_.-])(?:{'|'.join(_SAMPLES)})(?![A-Za-z0-9_.-])"
    r"|(?<![A-Za-z0-9_.-])(?:YOUR|your|MY)[-_][A-Za-z0-9_-]{1,60}"
)


class Placeholder(msgspec.Struct, frozen=True, gc=False):
    """One place that is still to be filled in: ``text`` is [start:end] of what was searched."""

    start: int
    end: int
    text: str


def find(text: str) -> tuple[Placeholder, ...]:
    """Find every place that is still to be filled in, in order. Linear in the text."""
    return tuple(Placeholder(each.start(), each.end(), each[0]) for each in _PLACEHOLDER.finditer(text))
