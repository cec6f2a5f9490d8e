"""The composition root: the one place that names every adapter, reads the clock and makes random values."""

from accredit.app.initialise import Initialised, initialise
from accredit.app.local import Local, local
from accredit.app.serve import serve

__all__ = ["Initialised", "Local", "initialise", "local", "serve"]
