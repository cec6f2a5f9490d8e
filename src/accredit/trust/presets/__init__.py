"""How to trust a platform, as data: its form, the trust that follows from it, and what its tokens say."""

from accredit.trust.presets.catalogue import ids, preset, recognise, speakers
from accredit.trust.presets.model import Claim, Field, Mode, Preset, Segment, SubjectForm, SubjectParts, unlisted

__all__ = [
    "Claim",
    "Field",
    "Mode",
    "Preset",
    "Segment",
    "SubjectForm",
    "SubjectParts",
    "ids",
    "preset",
    "recognise",
    "speakers",
    "unlisted",
]
