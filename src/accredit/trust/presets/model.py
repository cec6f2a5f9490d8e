"""What a preset says: the shape of the files in this directory. Values and look-ups only; no rule of a platform.

Rule 1: a member that is declared neither here nor in ``claims`` is an error of the file, never ignored.
Rule 2: patterns mean whole values; every name between braces is a field or a value of the same file.
"""

from __future__ import annotations

import re
from datetime import date  # noqa: TC003  msgspec reads the annotations
from functools import cache
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from accredit.trust.expression.tree import Operator  # noqa: TC001  msgspec reads the annotations
from accredit.trust.presets.claims import STANDARD, Claim, Data, SubjectForm, SubjectParts

if TYPE_CHECKING:
    from collections.abc import Mapping

Evidence = Literal["doc", "src", "obs", "cat", "asm"]
"""Documentation, source, seen running, a public catalogue, not confirmed."""

LONGEST: Final = 600  # characters of issuer, subject and audience


class Source(Data, frozen=True, kw_only=True):
    """Where a fact of the file is from."""

    says: str
    evidence: Evidence
    url: str = ""


class Hint(Data, frozen=True, kw_only=True):
    """A sentence about a value that fits ``when`` or does not fit ``unless``. ``only``: where ``field=value``."""

    says: str
    when: str = ""
    unless: str = ""
    only: str = ""

    def about(self, text: str, values: Mapping[str, str]) -> bool:
        """Whether the sentence is about this text."""
        name, _, value = self.only.partition("=")
        if name and values.get(name) != value:
            return False
        if self.when and not re.fullmatch(self.when, text):
            return False
        return not (self.unless and re.fullmatch(self.unless, text))


class Field(Data, frozen=True, kw_only=True):
    """One thing that a person fills in."""

    name: str
    label: str
    help: str  # a sentence: what is wanted
    pattern: str = ""  # or choices
    min: int = 1  # characters
    max: int = LONGEST
    required: bool = False  # in every mode
    example: str = ""
    default: str = ""
    choices: tuple[str, ...] = ()
    refuse: tuple[Hint, ...] = ()  # what the pattern takes or not, but people type: says what to do
    warn: tuple[Hint, ...] = ()  # taken, and told


class Deprecation(Data, frozen=True, kw_only=True):
    """Issuers of the platform that end."""

    match: str
    since: str = ""
    ends: str = ""
    instead: str = ""


class IssuerForm(Data, frozen=True, kw_only=True):
    """How the platform's issuers look."""

    kind: Literal["fixed", "template", "user"]
    templates: tuple[str, ...] = ("{issuer}",)
    match: str = ""  # what is certainly this platform's; groups are fields. Empty: never recognised by its issuer
    canonical: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    shared: bool = False  # every customer has this issuer, where it is one of ``canonical``
    shared_keys: bool = False  # the issuer names the customer, but all customers' tokens have the same keys
    deprecated: tuple[Deprecation, ...] = ()
    tenant_group: str = ""  # the group of ``match`` that names the customer or the cluster


class Keys(Data, frozen=True, kw_only=True):
    """Where the platform publishes its keys."""

    source: Literal["discovery", "jwks_url", "upload"] = "discovery"
    jwks_path: str = ""
    jwks_url: str = ""
    host: str = ""  # where it is not the issuer's


class Audience(Data, frozen=True, kw_only=True):
    """Who decides about ``aud``, and what it is when nobody asks."""

    control: Literal["chosen", "fixed", "operator"]
    default: tuple[str, ...] = ()
    default_match: str = ""
    whose: str = ""
    fixed: tuple[str, ...] = ()
    how: str = ""
    shape: Literal["string", "list", "either"] = "string"


class Expectations(Data, frozen=True, kw_only=True):
    """How the platform's tokens usually are."""

    algorithms: tuple[str, ...] = ("RS256",)
    max_lifetime: int | None = None  # seconds; None: not known
    exp_required: bool = True
    kid_required: bool = True
    jti: bool = True
    typ: tuple[str, ...] = ("JWT",)


class Clause(Data, frozen=True, kw_only=True):
    """One condition of an expression; ``value`` is a template that the engine quotes, ``when`` the field it needs."""

    claim: str | tuple[str, ...]
    op: Operator
    value: str | None = None
    values: tuple[str, ...] = ()
    boolean: bool | None = None
    integer: int | None = None
    when: str = ""

    @property
    def path(self) -> tuple[str, ...]:
        """The name of the claim and of the members below it."""
        return (self.claim,) if isinstance(self.claim, str) else self.claim


class Mode(Data, frozen=True, kw_only=True):
    """One way of saying whom to trust: an exact subject, or an expression."""

    id: str
    title: str
    help: str = ""
    needs: tuple[str, ...] = ()
    subject: str | None = None
    language_version: Literal[1, 2] = 1
    clauses: tuple[Clause, ...] = ()


class Snippet(Data, frozen=True, kw_only=True):
    """What is pasted at the platform. ``when``: a mode's id, or ``field=value``; empty: always."""

    title: str
    language: str
    text: str
    file: str = ""
    schema: str = ""
    when: str = ""


class Naming(Data, frozen=True, kw_only=True):
    """How a credential is called: the first template that can be filled."""

    templates: tuple[str, ...]


class Preset(Data, frozen=True, kw_only=True, eq=False):
    """A platform, and how to trust it."""

    id: str
    version: int
    title: str
    summary: str
    tier: Literal[1, 2]
    standing: Literal["proven", "unproven"]
    docs_url: str
    verified_at: date
    issuer: IssuerForm
    audience: Audience
    modes: tuple[Mode, ...]
    name: Naming
    fields: tuple[Field, ...] = ()
    values: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    learn: dict[str, str] = msgspec.field(default_factory=dict)  # name claim: id claim
    unsupported: str = ""  # why no trust can be made with it, in a sentence
    replay_default: Literal["off", "observe"] = "observe"
    lint: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    samples: tuple[str, ...] = ()
    keys: Keys = Keys()
    expectations: Expectations = Expectations()
    subject_forms: tuple[SubjectForm, ...] = ()
    claims: tuple[Claim, ...] = ()
    snippets: tuple[Snippet, ...] = ()

    @property
    def label(self) -> str:
        """What is kept with a credential: ``github_actions@1``."""
        return f"{self.id}@{self.version}"

    def field(self, name: str) -> Field | None:
        """The field of this name."""
        return next((each for each in self.fields if each.name == name), None)

    def mode(self, name: str | None) -> Mode | None:
        """The mode of this id; without one the safe default."""
        if name is None:
            return self.modes[0]
        return next((each for each in self.modes if each.id == name), None)

    def claim(self, path: tuple[str, ...]) -> Claim | None:
        """The row of the ledger for this path; the claims of RFC 7519 are in every ledger."""
        listed, families = _ledger(self)
        return listed.get(path) or next((each for each in families if each.covers(path)), None) or STANDARD.get(path)

    def read_subject(self, subject: str) -> SubjectParts | None:
        """Take a subject apart by the first form that fits."""
        if len(subject) > LONGEST:
            return None
        for form in self.subject_forms:
            if found := re.fullmatch(form.regex, subject):
                given = {name: text for name, text in found.groupdict().items() if text is not None}
                return SubjectParts(form, given, {name: found.span(name) for name in given})
        return None

    def is_default_audience(self, audience: str) -> bool:
        """Whether the platform sends this audience when nobody asks for one."""
        return bool(self.audience.default_match) and bool(re.fullmatch(self.audience.default_match, audience))


@cache
def _ledger(of: Preset) -> tuple[dict[tuple[str, ...], Claim], tuple[Claim, ...]]:
    """The rows of one claim each by its path, and those that stand for many: tokens have many claims."""
    families = tuple(each for each in of.claims if each.path[-1].endswith("*"))
    return {each.path: each for each in reversed(of.claims) if each not in families}, families
