"""Tenants may say which issuers their applications may trust.

Rule 1: nothing moves: the list stands in the tenant's body, and a body without one allows every issuer, as before.
Rule 2: it is a schema all the same: a version that does not know the list would sign in what it forbids, and so must
not open a database that may have one.
"""

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    pass
