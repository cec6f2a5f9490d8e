"""A preset as JSON, named in the manner of Microsoft Graph, which has no such thing; and a form that is filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID  # noqa: TC003  msgspec reads the annotations

import msgspec

from accredit.interop.graph import parts
from accredit.interop.graph.credential import Matching
from accredit.interop.graph.parts import Json, Wire, written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from accredit.trust import presets

KIND: Final = "Preset"
_BRIEF: Final = ("id", "version", "title", "summary", "aliases", "tier", "standing", "docsUrl", "verifiedDate")


class Field(Wire, frozen=True, kw_only=True):
    """One thing that a person fills in."""

    name: str
    label: str
    help: str
    pattern: str
    max_length: int
    is_required: bool
    example: str
    default: str
    choices: tuple[str, ...]
    warnings: tuple[str, ...]  # what is told of some values, which are taken


class Mode(Wire, frozen=True, kw_only=True):
    """One way of saying whom to trust; ``subject`` is a template, ``claims`` are the paths of an expression."""

    id: str
    title: str
    help: str
    needs: tuple[str, ...]
    subject: str | None
    language_version: int
    claims: tuple[tuple[str, ...], ...]


class Claim(Wire, frozen=True, kw_only=True):
    """A claim of the platform's tokens, and what it is worth: an id pins, a name can be recycled."""

    path: tuple[str, ...]
    type: str
    cls: str = msgspec.field(name="class")
    of: str | None
    is_nullable: bool
    note: str


class SubjectForm(Wire, frozen=True, kw_only=True):
    """How subjects of the platform look. ``exact``: whether one can match twice."""

    name: str
    regex: str
    exact: str
    segments: tuple[str, ...]


class Snippet(Wire, frozen=True, kw_only=True):
    """What is pasted at the platform."""

    title: str
    language: str
    file: str
    text: str


class IssuerForm(Wire, frozen=True, kw_only=True):
    """How issuers of the platform look."""

    kind: str
    templates: tuple[str, ...]
    match: str
    is_shared: bool
    has_shared_keys: bool


class Audience(Wire, frozen=True, kw_only=True):
    """Who decides about the audience."""

    control: str
    default: tuple[str, ...]
    fixed: tuple[str, ...]
    how: str
    shape: str


class Written(Wire, frozen=True, kw_only=True):
    """A platform, and how to trust it."""

    id: str
    version: int
    title: str
    summary: str
    aliases: tuple[str, ...]
    tier: int
    standing: str
    docs_url: str
    verified_date: str
    issuer: IssuerForm
    audience: Audience
    algorithms: tuple[str, ...]
    max_lifetime: int | None  # seconds
    fields: tuple[Field, ...]
    modes: tuple[Mode, ...]
    claims: tuple[Claim, ...]
    subject_forms: tuple[SubjectForm, ...]
    lint: tuple[str, ...]  # rules that matter here
    unsupported: str  # why it cannot be trusted; empty where it can
    snippets: tuple[Snippet, ...]


class Asked(Wire, frozen=True, kw_only=True):
    """A form to be rendered. ``client_id``: of the application, for what is pasted at the platform."""

    fields: dict[str, str] = msgspec.field(default_factory=dict)
    mode: str | None = None
    audience: str | None = None
    client_id: UUID | None = None


class NewCredential(Wire, frozen=True, kw_only=True):
    """What the body of a new credential says."""

    name: str
    issuer: str
    subject: str | None
    claims_matching_expression: Matching | None
    audiences: tuple[str, ...]


class Warned(Wire, frozen=True, kw_only=True):
    """What people should know of a field."""

    field: str
    message: str


class Filled(Wire, frozen=True, kw_only=True):
    """The trust that a form stands for, and what goes with it."""

    preset: str
    mode: str
    fields: dict[str, str]
    credential: NewCredential
    warnings: tuple[Warned, ...]
    snippets: tuple[Snippet, ...]


def asked(body: Mapping[str, Any]) -> Asked:
    """Read the form that is to be rendered. ``PROPERTY_INVALID``."""
    return parts.merged(KIND, Asked, body)


def brief(of: presets.Preset) -> Json:
    """Write what somebody needs to choose one."""
    found = write(of)
    return {name: found[name] for name in _BRIEF}


def write(of: presets.Preset) -> Json:
    """Write everything that is said of a platform; snippets with the places that are filled in."""
    found: Json = written(_written(of))
    return found


def _written(of: presets.Preset) -> Written:
    return Written(
        id=of.id,
        version=of.version,
        title=of.title,
        summary=of.summary,
        aliases=of.aliases,
        tier=of.tier,
        standing=of.standing,
        docs_url=of.docs_url,
        verified_date=of.verified_at.isoformat(),
        issuer=IssuerForm(
            kind=of.issuer.kind,
            templates=of.issuer.templates,
            match=of.issuer.match,
            is_shared=of.issuer.shared,
            has_shared_keys=of.issuer.shared_keys,
        ),
        audience=Audience(
            control=of.audience.control,
            default=of.audience.default,
            fixed=of.audience.fixed,
            how=of.audience.how,
            shape=of.audience.shape,
        ),
        algorithms=of.expectations.algorithms,
        max_lifetime=of.expectations.max_lifetime,
        fields=tuple(map(_field, of.fields)),
        modes=tuple(map(_mode, of.modes)),
        claims=tuple(map(_claim, of.claims)),
        subject_forms=tuple(
            SubjectForm(name=each.name, regex=each.regex, exact=each.exact, segments=tuple(each.segments))
            for each in of.subject_forms
        ),
        lint=tuple(f"FIC-{each}" for each in of.lint),
        unsupported=of.unsupported,
        snippets=tuple(
            Snippet(title=each.title, language=each.language, file=each.file, text=each.text) for each in of.snippets
        ),
    )


def _field(of: presets.Field) -> Field:
    return Field(
        name=of.name,
        label=of.label,
        help=of.help,
        pattern=of.pattern,
        max_length=of.max,
        is_required=of.required,
        example=of.example,
        default=of.default,
        choices=of.choices,
        warnings=tuple(each.says for each in of.warn),
    )


def _mode(of: presets.Mode) -> Mode:
    return Mode(
        id=of.id,
        title=of.title,
        help=of.help,
        needs=of.needs,
        subject=of.subject,
        language_version=of.language_version,
        claims=tuple(each.path for each in of.clauses),
    )


def _claim(of: presets.Claim) -> Claim:
    return Claim(path=of.path, type=of.type, cls=of.cls, of=of.of, is_nullable=of.nullable, note=of.note)


def filled(of: presets.Rendered, snippets: Sequence[presets.Snippet]) -> Json:
    """Write the trust that a form stands for."""
    matching = None if of.expression is None else Matching(value=of.expression, language_version=of.language_version)
    found: Json = written(
        Filled(
            preset=of.preset,
            mode=of.mode,
            fields=of.values,
            credential=NewCredential(
                name=of.name,
                issuer=of.issuer,
                subject=of.subject,
                claims_matching_expression=matching,
                audiences=(of.audience,),
            ),
            warnings=tuple(Warned(field=each.field, message=each.message) for each in of.warnings),
            snippets=tuple(
                Snippet(title=each.title, language=each.language, file=each.file, text=each.text) for each in snippets
            ),
        )
    )
    return found
