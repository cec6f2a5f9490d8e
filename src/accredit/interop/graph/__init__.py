"""The JSON of Microsoft Graph, a module for each kind of object: ``write`` to it, ``read`` and ``changes`` from it."""
