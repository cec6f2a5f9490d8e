"""Accredit: a workload identity federation authority. This module holds the version only, so importing it is free."""

from accredit._version import __version__

__all__ = ["__version__"]
