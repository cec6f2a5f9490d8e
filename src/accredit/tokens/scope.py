"""From ``scope`` to the one resource that is asked for (Microsoft identity platform, client credentials flow)."""

from __future__ import annotations

from typing import Final

from accredit.errors import PARAMETER_MISSING, SCOPE_INVALID, SCOPE_NOT_DEFAULT, Refused

DEFAULT: Final = "/.default"
_OPENID: Final = frozenset({"openid", "profile", "offline_access", "email"})  # clients add them; they ask for nothing


def read_scope(scope: str) -> str:
    """Return the resource that ``"{resource}/.default"`` names, its own trailing slash included.

    Raises 70011 for text that cannot be a scope, 1002012 for none, several or another form, 900144 for an empty one.
    """
    if not scope:
        raise Refused(PARAMETER_MISSING, name="scope")
    if scope.endswith(DEFAULT) and " " not in scope and scope.isprintable():
        return _named(scope, scope)
    if not scope.isprintable():  # undecodable bytes arrive as lone surrogates, which are not printable either
        raise Refused(SCOPE_INVALID, scope=scope)
    wanted = [each for each in scope.split(" ") if each and each not in _OPENID]
    if len(wanted) != 1 or not wanted[0].endswith(DEFAULT):
        raise Refused(SCOPE_NOT_DEFAULT, scope=scope)
    return _named(wanted[0], scope)


def _named(entry: str, scope: str) -> str:
    resource = entry.removesuffix(DEFAULT)
    if not resource:
        raise Refused(SCOPE_NOT_DEFAULT, scope=scope)
    return resource
