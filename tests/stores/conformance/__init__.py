"""What every store does: one table of sentences, run against each store through a factory of about ten lines."""

from tests.stores.conformance import changes, references, search, shelf, unique
from tests.stores.conformance.store import CASES, Store

__all__ = ["CASES", "Store", "changes", "references", "search", "shelf", "unique"]
