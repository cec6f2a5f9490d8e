"""The JSON of Microsoft Graph, one module for each kind of object: ``write`` to it, ``read`` and ``changes`` from it."""
