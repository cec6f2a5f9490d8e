"""How to trust a platform, as data: its form, the trust that follows from it, and what its tokens say.

What is here is loaded when it is first used: every start of the command imports this, and few need a form.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from accredit.trust.presets.catalogue import ids, preset, recognise, speakers
    from accredit.trust.presets.claims import Claim, Segment, SubjectForm, SubjectParts
    from accredit.trust.presets.filling import fill
    from accredit.trust.presets.form import FieldFinding, Form, FormError
    from accredit.trust.presets.ledger import unlisted
    from accredit.trust.presets.model import Field, Mode, Preset
    from accredit.trust.presets.pasting import Snippet, snippets
    from accredit.trust.presets.reading import read
    from accredit.trust.presets.rendering import Rendered, example, free_name, render
    from accredit.trust.presets.writing import fields

_HOMES: Final = {
    **dict.fromkeys(("ids", "preset", "recognise", "speakers"), "catalogue"),
    **dict.fromkeys(("fill",), "filling"),
    **dict.fromkeys(("FieldFinding", "Form", "FormError"), "form"),
    **dict.fromkeys(("unlisted",), "ledger"),
    **dict.fromkeys(("Claim", "Segment", "SubjectForm", "SubjectParts"), "claims"),
    **dict.fromkeys(("Field", "Mode", "Preset"), "model"),
    **dict.fromkeys(("Snippet", "snippets"), "pasting"),
    **dict.fromkeys(("read",), "reading"),
    **dict.fromkeys(("Rendered", "example", "free_name", "render"), "rendering"),
    **dict.fromkeys(("fields",), "writing"),
}

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
    "example",
    "fields",
    "fill",
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


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = found  # found without this function from now on
    return found
