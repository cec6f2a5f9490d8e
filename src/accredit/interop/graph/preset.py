"""A preset as JSON, named in the manner of Microsoft Graph, which has no such thing; and a form that is filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from accredit.interop.graph import parts
from accredit.interop.graph.parts import Json, Wire

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from accredit.trust.presets import Field, Mode, Preset, Rendered, Snippet

KIND: Final = "Preset"


class Asked(Wire, frozen=True, kw_only=True):
    """The body of a request to render a form."""

    fields: dict[str, str] = msgspec.field(default_factory=dict)
    mode: str | None = None
    audience: str | None = None
    client_id: str | None = None


def asked(body: Mapping[str, Any]) -> Asked:
    """Read the form that is to be rendered. ``PROPERTY_INVALID``."""
    return parts.merged(KIND, Asked, body)


def brief(of: Preset) -> Json:
    """Write what somebody needs to choose one."""
    return {
        "id": of.id,
        "version": of.version,
        "title": of.title,
        "summary": of.summary,
        "aliases": list(of.aliases),
        "tier": of.tier,
        "standing": of.standing,
        "docsUrl": of.docs_url,
        "verifiedDate": of.verified_at.isoformat(),
    }


def write(of: Preset) -> Json:
    """Write everything that is said of a platform; snippets with the places that are filled in."""
    return {
        **brief(of),
        "issuer": {
            "kind": of.issuer.kind,
            "templates": list(of.issuer.templates),
            "match": of.issuer.match,
            "isShared": of.issuer.shared,
            "hasSharedKeys": of.issuer.shared_keys,
        },
        "audience": {
            "control": of.audience.control,
            "default": list(of.audience.default),
            "fixed": list(of.audience.fixed),
            "how": of.audience.how,
            "shape": of.audience.shape,
        },
        "expectations": {
            "algorithms": list(of.expectations.algorithms),
            "maxLifetime": of.expectations.max_lifetime,
        },
        "fields": [_field(each) for each in of.fields],
        "modes": [_mode(each) for each in of.modes],
        "claims": [
            {
                "path": list(each.path),
                "type": each.type,
                "class": each.cls,
                "of": each.of,
                "isNullable": each.nullable,
                "note": each.note,
            }
            for each in of.claims
        ],
        "subjectForms": [
            {"name": each.name, "regex": each.regex, "exact": each.exact, "segments": sorted(each.segments)}
            for each in of.subject_forms
        ],
        "snippets": [
            {"title": each.title, "language": each.language, "file": each.file, "text": each.text}
            for each in of.snippets
        ],
    }


def _field(of: Field) -> Json:
    return {
        "name": of.name,
        "label": of.label,
        "help": of.help,
        "pattern": of.pattern,
        "maxLength": of.max,
        "isRequired": of.required,
        "example": of.example,
        "default": of.default,
        "choices": list(of.choices),
    }


def _mode(of: Mode) -> Json:
    return {
        "id": of.id,
        "title": of.title,
        "help": of.help,
        "needs": list(of.needs),
        "subject": of.subject,
        "languageVersion": of.language_version,
        "claims": [list(each.path) for each in of.clauses],
    }


def rendered(of: Rendered, snippets: Sequence[Snippet]) -> Json:
    """Write the trust that a form stands for: the body of a credential, and what goes with it."""
    matching = {"value": of.expression, "languageVersion": of.language_version} if of.expression is not None else None
    return {
        "preset": of.preset,
        "mode": of.mode,
        "fields": of.values,
        "credential": {
            "name": of.name,
            "issuer": of.issuer,
            "subject": of.subject,
            "claimsMatchingExpression": matching,
            "audiences": [of.audience],
        },
        "warnings": [{"field": each.field, "message": each.message} for each in of.warnings],
        "snippets": [
            {"title": each.title, "language": each.language, "file": each.file, "text": each.text} for each in snippets
        ],
    }
