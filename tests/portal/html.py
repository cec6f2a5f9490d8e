"""HTML as a tree of elements, read as strictly as we write it: what is opened is closed, and in that order."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

VOID = frozenset(("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"))
UNSEEN = frozenset(("script", "style", "template", "head"))
FLOWS = frozenset(("a", "abbr", "b", "bdi", "button", "code", "em", "i", "kbd", "label", "mark", "q", "s", "small"))
FLOWS |= {"span", "strong", "sub", "sup", "time", "u", "var", "svg", "text", "tspan", "wbr"}
"""What stands in a line: its text goes on where the text before it ended."""


@dataclass
class Element:
    """One element. An attribute without a value has the value ""."""

    tag: str
    attributes: dict[str, str]
    above: Element | None = field(default=None, repr=False)
    children: list[Element | str] = field(default_factory=list, repr=False)

    def __getitem__(self, attribute: str) -> str:
        return self.attributes[attribute]

    def __contains__(self, attribute: str) -> bool:
        return attribute in self.attributes

    def get(self, attribute: str, default: str = "") -> str:
        return self.attributes.get(attribute, default)

    def __iter__(self) -> Iterator[Element]:
        """The elements below this one, in the order of the document."""
        for each in self.children:
            if isinstance(each, Element):
                yield each
                yield from each

    def all(self, *tags: str, **attributes: str) -> list[Element]:
        """The elements below this one with one of these tags, and with all of these attributes (``_`` for ``-``)."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [
            each
            for each in self
            if (not tags or each.tag in tags) and all(each.attributes.get(name) == wanted[name] for name in wanted)
        ]

    def one(self, *tags: str, **attributes: str) -> Element:
        """The only such element."""
        found = self.all(*tags, **attributes)
        assert len(found) == 1, f"{len(found)} of {tags} {attributes} in {self.text[:2_000]!r}"
        return found[0]

    @property
    def text(self) -> str:
        """What a reader sees, blanks collapsed."""
        return " ".join("".join(self._pieces()).split())

    @property
    def raw(self) -> str:
        """Its text as it stands: of a ``textarea`` or ``pre``."""
        return "".join(each if isinstance(each, str) else each.raw for each in self.children)

    def _pieces(self) -> Iterator[str]:
        for each in self.children:
            if isinstance(each, str):
                yield each
            elif each.tag not in UNSEEN:
                yield from each._pieces() if each.tag in FLOWS else (" ", *each._pieces(), " ")  # noqa: SLF001


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.at = self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"an attribute of <{tag}> stands twice: {names}"
        made = Element(tag, {name: value or "" for name, value in attrs}, self.at)
        self.at.children.append(made)
        if tag not in VOID:
            self.at = made

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:  # <path/> in SVG
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.at.tag == tag, f"</{tag}> ends <{self.at.tag}>, line {self.getpos()[0]}"
        assert self.at.above is not None
        self.at = self.at.above

    def handle_data(self, data: str) -> None:
        self.at.children.append(data)


def parse(html: str) -> Element:
    """Read a document or a part of one; the root has no tag. AssertionError names what is not well formed."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert reader.at is reader.root, f"<{reader.at.tag}> is never closed"
    return reader.root
