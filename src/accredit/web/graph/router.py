"""From a target to whoever handles it: a tree of the routes' templates, literal segments before keys.

Rule 1: literal segments are read in any case, as Microsoft Graph reads them: the Azure CLI writes
``oAuth2PermissionGrants``. Keys are taken as they are written.
Rule 2: what begins with ``$`` is never a key.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from accredit.errors import GRAPH_PATH_UNKNOWN, GRAPH_VERB, Refused
from accredit.query import fold
from accredit.web.graph.path import as_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from accredit.web.graph.call import Key
    from accredit.web.graph.path import Segment
    from accredit.web.graph.permissions import Needs
    from accredit.web.graph.route import Route

KEY: Final = "{}"
RESERVED: Final = "$"  # begins the names of what OData defines: $count, $ref
CASTS: Final = ("microsoft.graph.", "graph.")  # a segment that begins so says which kind of thing is meant


@dataclass(frozen=True, slots=True)
class Served:
    """One call that is served. ``template`` is the route's, with casts."""

    template: str
    route: Route
    needs: Needs


@dataclass(slots=True)
class _Node:
    below: dict[str, _Node] = field(default_factory=dict)
    methods: dict[str, Served] = field(default_factory=dict)


class Router:
    """Finds the route of a call. One that ``needs`` says nothing about is not served: building this fails."""

    def __init__(self, routes: Iterable[Route], needs: Mapping[tuple[str, str], Needs]) -> None:
        found: dict[tuple[str, str], Route] = {(each.method, each.template): each for each in routes}
        if unguarded := found.keys() - needs.keys():
            raise ValueError(f"permissions.toml says nothing of {sorted(unguarded)}")
        self._root = _Node()
        for (method, template), needed in needs.items():
            route = found.get((method, without_casts(template)))
            if route is not None:
                self._add(Served(template, route, needed))

    def find(self, method: str, segments: tuple[Segment, ...]) -> tuple[Served, tuple[Key, ...]]:
        """Return who serves a call, and its keys. 404 for an unknown path, 405 for an unknown method."""
        node, keys = self._root, []
        for each in segments:
            below = node.below.get(fold(each)) if isinstance(each, str) and each != KEY else None
            if below is None and not _reserved(each) and (below := node.below.get(KEY)) is not None:
                keys.append(as_key(each))
            if below is None:
                raise Refused(GRAPH_PATH_UNKNOWN, segment=each if isinstance(each, str) else each.value)
            node = below
        if not node.methods:
            raise Refused(GRAPH_PATH_UNKNOWN, segment=segments[-1] if segments else "")
        if method not in node.methods:
            raise Refused(GRAPH_VERB, valid_verbs=", ".join(sorted(node.methods)))
        return node.methods[method], tuple(keys)

    def _add(self, served: Served) -> None:
        node = self._root
        for each in served.template.split("/"):
            node = node.below.setdefault(fold(each), _Node())
        node.methods[served.route.method] = served


def _reserved(segment: Segment) -> bool:
    return isinstance(segment, str) and segment.startswith(RESERVED)


def without_casts(template: str) -> str:
    """Return the template without segments that only say which kind of thing is meant: the same route serves it."""
    return "/".join(each for each in template.split("/") if not each.startswith(CASTS))
