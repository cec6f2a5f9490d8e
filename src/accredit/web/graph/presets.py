"""Presets over the directory API, under ``/beta``: the forms of platforms, and what follows from one that is filled in.

Rule 1: nothing is stored and nothing of the tenant is shown but its id: forms are the same for everybody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.errors import GRAPH_PATH_UNKNOWN, Refused
from accredit.interop.graph import preset as graph
from accredit.trust import presets
from accredit.web.graph import listing
from accredit.web.graph.answers import entity
from accredit.web.graph.route import in_beta

if TYPE_CHECKING:
    from accredit.web.graph.answers import Answer
    from accredit.web.graph.call import Call

PRESETS: Final = "accredit.presets"


async def listed(call: Call) -> Answer:
    """List every platform that there is a form for, as much of each as it takes to choose."""
    rows = [graph.brief(presets.preset(each)) for each in presets.ids()]
    return listing.few(call, PRESETS, graph.KIND, rows)


async def shown(call: Call) -> Answer:
    """Show a platform's form, by its id or an alias."""
    return entity(call, f"{PRESETS}/$entity", graph.write(_found(call)))


async def rendered(call: Call) -> Answer:
    """Say what a form that is filled in stands for: a credential to be made, and what is pasted at the platform.

    Raises ``PRESET_FORM`` with a detail for each field.
    """
    preset, asked = _found(call), graph.asked(call.body)
    try:
        made = presets.render(preset, asked.fields, mode=asked.mode, audience=asked.audience)
    except presets.FormError as error:
        error.details = tuple(("InvalidField", each.message, f"fields/{each.field}") for each in error.findings)
        raise
    client = "" if asked.client_id is None else str(asked.client_id)
    texts = presets.snippets(preset, made, client_id=client, tenant=str(call.caller.tenant.id), authority=call.graph)
    return entity(call, f"{PRESETS}/$entity/render", graph.filled(made, texts))


def _found(call: Call) -> presets.Preset:
    """Return the preset that the path means. ``PRESET_UNKNOWN``."""
    key = call.keys[0]
    if key.name not in {None, "id"}:
        raise Refused(GRAPH_PATH_UNKNOWN, segment=key.name)
    return presets.preset(key.value)


ROUTES: Final = (
    in_beta("GET", PRESETS, listed),
    in_beta("GET", f"{PRESETS}/{{}}", shown),
    in_beta("POST", f"{PRESETS}/{{}}/render", rendered),
)
