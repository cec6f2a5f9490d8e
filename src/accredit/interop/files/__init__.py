"""Trusts in documents: read from those of others and of ours, and written for others and for us."""

from accredit.interop.files.reading import LARGEST, Configuration, read
from accredit.interop.files.writing import FORMS, Document, Form, write

__all__ = ["FORMS", "LARGEST", "Configuration", "Document", "Form", "read", "write"]
