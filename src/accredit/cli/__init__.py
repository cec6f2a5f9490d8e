"""The command line: one file for each noun, loaded when it is called."""

from accredit.cli.root import main, run

__all__ = ["main", "run"]
