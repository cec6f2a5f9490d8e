"""What a client of Microsoft Graph asks in a query: text to values of ``accredit.query``, and back.

Rule 1: whatever the text is, it is read within fixed bounds or ``Refused``: QUERY_SYNTAX for what is no query,
QUERY_UNSUPPORTED for a query that is not served. Nothing is ever ignored but what ``read_options`` names.
Rule 2: which properties a kind of thing has is not known here; the store refuses the others.
"""

from accredit.interop.odata.filtering import read_filter
from accredit.interop.odata.options import Options, read_options
from accredit.interop.odata.skiptoken import Cursor, read_skiptoken, write_skiptoken
from accredit.interop.odata.writing import write_filter

__all__ = ["Cursor", "Options", "read_filter", "read_options", "read_skiptoken", "write_filter", "write_skiptoken"]
