"""The composition root: the one place that names every adapter, reads the clock and makes random values.

Nothing is imported here: ``serve`` needs a web server, ``local`` none, and a command should pay for what it uses only.
"""
