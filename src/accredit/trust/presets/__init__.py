"""How to trust a platform, as data: its form, the trust that follows from it, and what its tokens say."""

from accredit.trust.presets.catalogue import ids, preset, recognise, speakers
from accredit.trust.presets.form import FieldFinding, Form, FormError
from accredit.trust.presets.model import (
    Claim,
    Field,
    Mode,
    Preset,
    Segment,
    SubjectForm,
    SubjectParts,
    unlisted,
)
from accredit.trust.presets.reading import read
from accredit.trust.presets.rendering import Rendered, free_name, render
from accredit.trust.presets.snippets import Snippet, snippets

__all__ = [
    "Claim",
    "Field",
    "FieldFinding",
    "Form",
    "FormError",
    "Mode",
    "Preset",
    "Rendered",
    "Segment",
    "Snippet",
    "SubjectForm",
    "SubjectParts",
    "free_name",
    "ids",
    "preset",
    "read",
    "recognise",
    "render",
    "snippets",
    "speakers",
    "unlisted",
]
