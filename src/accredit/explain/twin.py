"""The twin of a credential that names a repository of GitHub: the same, with the ids of owner and repository in it.

Rule 1: a twin never asks for less. Where it is not plain which repository is meant, none is made.
Rule 2: ids stand where GitHub puts them, ``repo:OWNER@ID/NAME@ID:…``, and of an expression in a clause of its own too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal

import msgspec
from msgspec.structs import replace

from accredit.errors import Refused
from accredit.explain import github
from accredit.trust import expression as language
from accredit.trust import presets
from accredit.trust.expression import Atom, Expression, Group
from accredit.trust.expression.writing import spell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from accredit.trust.expression import Node
    from accredit.trust.written import WrittenTrust

Kind = Literal["legacy", "immutable", "template", "template_with_ids", "pattern"]
"""How a credential names a repository. ``pattern``: an expression that does not name one, or several."""

PRESET: Final = "github_actions"
_SUBJECT: Final = ("sub",)
_BEGINS: Final = "repo:"
_REPOSITORY_ID: Final = "repository_id"
_OWNER_ID: Final = "repository_owner_id"
_CLAIMS: Final = (_REPOSITORY_ID, _OWNER_ID)
_IN_TEMPLATE: Final = re.compile(r"(?:^|:)repository(?:_owner)?_id:[0-9]+(?=:|$)")
_PATTERN: Final = re.compile(r"repo:(?P<owner>[^:/@*?\\]+)/(?P<name>[^:/@\\]+)(?P<rest>:.*)?", re.DOTALL)
_WITH_IDS: Final = re.compile(r"repo:(?P<owner>[^:/@*?\\]+)@[0-9]+/(?P<name>[^:/@\\]+)(?:@(?:[0-9]+|\*))?(?=:|$)")
_ID_OF: Final = {
    "owner": re.compile(r"repo:[^:/@]+@([0-9]+)/"),
    "name": re.compile(r"repo:[^:/@]+@[0-9]+/[^:/@*?]+@([0-9]+)(?=:)"),
}
_WILD: Final = re.compile(r"[*?]")


class Ids(msgspec.Struct, frozen=True, gc=False):
    """What GitHub never gives to another owner or repository; ``None``: not known."""

    owner: str | None = None
    repository: str | None = None


class Named(msgspec.Struct, frozen=True, gc=False):
    """Who is named, to the letter; without a repository: several of the owner's, by a pattern."""

    owner: str
    repository: str | None

    def needs(self, ids: Ids) -> bool:
        """Whether ids are missing for a twin."""
        return ids.owner is None or (self.repository is not None and ids.repository is None)

    def __str__(self) -> str:
        return self.owner if self.repository is None else f"{self.owner}/{self.repository}"


class Reading(msgspec.Struct, frozen=True):
    """A credential of GitHub's, as far as its repository goes."""

    kind: Kind
    named: Named | None = None  # of what is legacy
    pinned: Ids = Ids()  # ids that an expression asks for in clauses


def read(trust: WrittenTrust) -> Reading | None:
    """Read how a credential names a repository; ``None``: it is not GitHub's, or names none."""
    preset = presets.recognise(trust.issuer)
    if preset is None or preset.id != PRESET:
        return None
    if trust.subject is not None:
        return _of_subject(trust.subject)
    try:
        parsed = language.parse(trust.expression or "", trust.language_version)
    except Refused:
        return None
    return _of_expression(parsed)


def with_ids(trust: WrittenTrust, ids: Ids) -> WrittenTrust:
    """Return a legacy credential with ids, under the name that it has. Nothing is missing in ``ids``."""
    if trust.subject is not None:
        return replace(trust, subject=_literal_with(trust.subject, ids))
    parsed = language.parse(trust.expression or "", trust.language_version)
    return replace(
        trust, expression=_clauses(_mapped(parsed.root, lambda text, glob: _text_with(text, ids, glob)), ids)
    )


def ids_in(trust: WrittenTrust) -> Ids:
    """Return the ids that a credential asks for."""
    if trust.subject is not None:
        found = github.read(trust.subject)
        return Ids(found.owner_id, found.name_id) if found else Ids()
    return _pinned(language.parse(trust.expression or "", trust.language_version))


def skeleton(trust: WrittenTrust) -> str:
    """Return what a credential of GitHub's and its twin have in common: what they say, without ids."""
    if trust.subject is not None:
        return _stripped(trust.subject)
    parsed = language.parse(trust.expression or "", trust.language_version)
    left = [each for each in _parts(parsed.root) if not _is_id(each)]
    return " and ".join(spell(_mapped(each, lambda text, _: _stripped(text))) for each in left)


def twins(trust: WrittenTrust, others: Iterable[WrittenTrust]) -> Iterator[WrittenTrust]:
    """Yield those of others that say the same with ids, for the same audience, of the same issuer."""
    wanted, place = skeleton(trust), (trust.issuer, trust.audiences)
    for each in others:
        reading = read(each) if (each.issuer, each.audiences) == place else None
        if reading is not None and reading.kind == "immutable" and skeleton(each) == wanted:
            yield each


def _of_subject(subject: str) -> Reading | None:
    found = github.read(subject)
    if found is None:
        return None if subject.startswith(_BEGINS) else _of_template(subject)
    if found.immutable:
        return Reading("immutable")
    if _default(found):
        return None if _has_ids(found) else Reading("legacy", Named(found.owner, found.name))  # both, or none
    return _of_template(subject)


def _of_template(subject: str) -> Reading | None:
    parts = presets.preset(PRESET).read_subject(subject)
    if parts is None:
        return None
    return Reading("template_with_ids" if _IN_TEMPLATE.search(subject) else "template")


def _of_expression(parsed: Expression) -> Reading | None:
    """Read an expression: each thing that it says of ``sub`` names one and the same repository, or there is no twin."""
    texts = list(_texts(parsed))
    if not texts:
        return None
    pinned = _pinned(parsed)
    if all(_WITH_IDS.match(text) for text, _ in texts):
        return Reading("immutable", pinned=pinned)
    named = {_named(text, glob=glob) for text, glob in texts}
    (only, *others) = named
    if only is not None and not others and all(each.operator != "contains" for each in _subjects(parsed)):
        return Reading("legacy", only, pinned)
    return None if pinned != Ids() else Reading("pattern")


def _named(text: str, *, glob: bool) -> Named | None:
    if not glob:
        found = github.read(text)
        plain = found is not None and not _has_ids(found) and _default(found)
        return Named(found.owner, found.name) if found is not None and plain else None
    pattern = _PATTERN.fullmatch(text)
    if pattern is None:
        return None
    wild = _WILD.search(pattern["name"])
    return Named(pattern["owner"], None if wild else pattern["name"]) if wild or pattern["rest"] else None


def _default(subject: github.Subject) -> bool:
    """Whether the context is one that GitHub writes where nobody customised it: there a colon in a name is ``%3A``."""
    ran = subject.ran_for
    return ran is not None and ":" not in ran.name


def _has_ids(subject: github.Subject) -> bool:
    return bool(subject.owner_id or subject.name_id)


def _literal_with(text: str, ids: Ids) -> str:
    owner, _, rest = text.removeprefix("repo:").partition("/")
    name, _, context = rest.partition(":")
    return f"repo:{owner}@{ids.owner}/{name}@{ids.repository}:{context}"


def _text_with(text: str, ids: Ids, glob: bool) -> str:  # noqa: FBT001  of a text of an expression: is it a pattern
    pattern = _PATTERN.fullmatch(text) if glob else None
    if pattern is None:
        return _literal_with(text, ids)
    owner, name, rest = f"{pattern['owner']}@{ids.owner}", pattern["name"], pattern["rest"]
    if not _WILD.search(name):
        return f"repo:{owner}/{name}@{ids.repository}{rest}"
    return f"repo:{owner}/{name}@*{rest}" if rest else f"repo:{owner}/{name}"


def _stripped(text: str) -> str:
    found = _WITH_IDS.match(text)
    return f"repo:{found['owner']}/{found['name']}{text[found.end() :]}" if found else text


def _clauses(root: Node, ids: Ids) -> str:
    """Return the text that also asks for the narrowest id that is known, if it does not yet."""
    claim, value = (_REPOSITORY_ID, ids.repository) if ids.repository else (_OWNER_ID, ids.owner)
    parts = _parts(root)
    asked = any(isinstance(each, Atom) and each.operator == "eq" and each.path == (claim,) for each in parts)
    more = () if asked else (Atom((claim,), "eq", value, None, 0, 0),)
    whole = (*parts, *more)
    return spell(Group("and", whole, 0, 0) if len(whole) > 1 else whole[0])


def _pinned(parsed: Expression) -> Ids:
    found = {each.claim: each.operand for each in _parts(parsed.root) if isinstance(each, Atom) and _is_id(each)}
    owner, repository = found.get(_OWNER_ID), found.get(_REPOSITORY_ID)
    return Ids(
        owner if isinstance(owner, str) else _id_in(parsed, "owner"),
        repository if isinstance(repository, str) else _id_in(parsed, "name"),
    )


def _id_in(parsed: Expression, part: Literal["owner", "name"]) -> str | None:
    """Return the id that everything says that is said of ``sub``."""
    pattern = re.compile(
        r"repo:[^:/@]+@([0-9]+)/" if part == "owner" else r"repo:[^:/@]+@[0-9]+/[^:/@*?]+@([0-9]+)(?=:)"
    )
    found = [pattern.match(text) for text, _ in _texts(parsed)]
    ids = {each[1] if each else None for each in found}
    return ids.pop() if len(ids) == 1 else None


def _is_id(node: Node) -> bool:
    return isinstance(node, Atom) and node.operator == "eq" and len(node.path) == 1 and node.claim in _CLAIMS


def _parts(root: Node) -> tuple[Node, ...]:
    """Return what must all hold."""
    return root.parts if isinstance(root, Group) and root.kind == "and" else (root,)


def _subjects(parsed: Expression) -> Iterator[Atom]:
    return (each for each in parsed.atoms if each.path == _SUBJECT and each.operator != "exists")


def _texts(parsed: Expression) -> Iterator[tuple[str, bool]]:
    """Yield every text that ``sub`` is compared with, and whether it is a pattern."""
    for atom in _subjects(parsed):
        values = atom.operand if isinstance(atom.operand, tuple) else (atom.operand,)
        for each in values:
            yield str(each), atom.glob is not None


def _mapped(node: Node, change: Callable[[str, bool], str]) -> Node:
    """Return a node in which every text that ``sub`` is compared with is another."""
    if isinstance(node, Group):
        return Group(node.kind, tuple(_mapped(each, change) for each in node.parts), node.start, node.end)
    if node.path != _SUBJECT or node.operand is None:
        return node
    glob = node.glob is not None
    if isinstance(node.operand, tuple):
        return replace(node, operand=tuple(change(str(each), glob) for each in node.operand))
    return replace(node, operand=change(str(node.operand), glob))


__all__ = ["Ids", "Kind", "Named", "Reading", "ids_in", "read", "skeleton", "twins", "with_ids"]
