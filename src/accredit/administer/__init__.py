"""Every change that an administrator can make, one function each: its rules, its findings, its audit record.

Whatever face a change comes through, it is made here, by ``await noun.verb(administrator, ...)``.
"""

from accredit.administer import (
    applications,
    credentials,
    delegated,
    evidence,
    issuers,
    owners,
    people,
    permissions,
    principals,
    role_assignments,
    signing_keys,
    tenants,
)
from accredit.administer.administrator import Administrator, Change

__all__ = [
    "Administrator",
    "Change",
    "applications",
    "credentials",
    "delegated",
    "evidence",
    "issuers",
    "owners",
    "people",
    "permissions",
    "principals",
    "role_assignments",
    "signing_keys",
    "tenants",
]
