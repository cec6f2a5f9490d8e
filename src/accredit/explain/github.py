"""The subject of a GitHub Actions token: owner, repository, each with its id or without, and the context of the job."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import msgspec

_SUBJECT: Final = re.compile(
    r"repo:(?P<owner>[^:/@]+)(?:@(?P<owner_id>[0-9]+))?/(?P<name>[^:/@]+)(?:@(?P<name_id>[0-9]+))?:(?P<context>.+)"
)
_CONTEXTS: Final = (  # how each kind begins, and how people say it
    ("environment:", "environment `{}`"),
    ("ref:refs/heads/", "branch `{}`"),
    ("ref:refs/tags/", "tag `{}`"),
    ("pull_request", "a pull request"),
)


class Context(msgspec.Struct, frozen=True):
    """What a job ran for: the kind, and its name; a pull request has none."""

    kind: str
    name: str
    words: str


class Subject(msgspec.Struct, frozen=True):
    """A subject taken apart."""

    owner: str
    owner_id: str | None
    name: str
    name_id: str | None
    context: str

    @property
    def repository(self) -> str:
        """The part before the context, as it is written."""
        ids = (self.owner_id, self.name_id)
        owner, name = (text + (f"@{number}" if number else "") for text, number in zip(self._names, ids, strict=True))
        return f"repo:{owner}/{name}"

    @property
    def immutable(self) -> bool:
        """Whether it carries ids, which are never given away again as names are."""
        return self.owner_id is not None and self.name_id is not None

    @property
    def ran_for(self) -> Context | None:
        """The context, if it is of a known kind."""
        for kind, words in _CONTEXTS:
            if self.context.startswith(kind) and (self.context == kind) is (kind == "pull_request"):
                name = self.context.removeprefix(kind)
                return Context(kind, name, words.format(name))
        return None

    @property
    def _names(self) -> tuple[str, str]:
        return self.owner, self.name

    def same_names(self, other: Subject) -> bool:
        """Whether owner and repository are called alike."""
        return self._names == other._names

    def share(self, other: Subject) -> float:
        """Return which share of the parts is equal. Ids count where both have them: else it is another generation."""
        pairs = [(self.owner, other.owner), (self.name, other.name), (self.context, other.context)]
        if self.immutable and other.immutable:
            pairs += [(self.owner_id or "", other.owner_id or ""), (self.name_id or "", other.name_id or "")]
        return sum(mine == theirs for mine, theirs in pairs) / len(pairs)

    def same_ids(self, other: Subject) -> bool:
        """Whether both carry ids, and the same."""
        return self.immutable and (self.owner_id, self.name_id) == (other.owner_id, other.name_id)


@lru_cache(maxsize=64)  # several causes ask about the same two
def read(subject: str) -> Subject | None:
    """Take a subject apart; ``None`` for one of another form."""
    found = _SUBJECT.fullmatch(subject)
    return Subject(**found.groupdict()) if found else None
