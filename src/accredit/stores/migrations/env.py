"""Alembic's way in: the connection, with its transaction, is the caller's."""

from alembic import context

from accredit.stores.migrations import VERSION_TABLE
from accredit.stores.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    version_table_pk=True,
    transaction_per_migration=False,
)
context.run_migrations()
