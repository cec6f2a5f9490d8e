"""What applications trust, as files: ours with everything, and those that Entra ID, Terraform and az take.

Rule 1: a file has so many trusts and no more; more than that is the command line's to write.
Rule 2: so many take half a second to be written: in a thread, for nobody else waits for that.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace
from starlette.responses import Response

from accredit.directory import read_guid
from accredit.errors import NOT_FOUND, Refused
from accredit.interop import files
from accredit.query import Query
from accredit.trust import presets
from accredit.trust.written import WrittenTrust
from accredit.web.portal import same
from accredit.web.portal.pages.settings_parts import around
from accredit.web.portal.route import Route
from accredit.web.portal.visit import tenant_name
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from accredit.directory import Application
    from accredit.interop.files import Form
    from accredit.trust import FederatedCredential
    from accredit.web.portal.visit import Visit

MOST: Final = 2_000  # trusts of one file
AT_ONCE: Final = 250
MOST_NOTES: Final = 100  # remarks that are shown
KINDS: Final[dict[Form, tuple[str, str, str]]] = {
    "yaml": ("trust.yaml", _("YAML"), _("Ours: it holds everything, and is read again by accredit import.")),
    "json": ("trust.json", _("JSON"), _("The same, as JSON.")),
    "bicep": ("trust.bicep", _("Bicep"), _("What Entra ID takes, for the Microsoft Graph extension of Bicep.")),
    "arm": ("trust.arm.json", _("ARM template"), _("The same as a compiled template.")),
    "terraform": ("trust.tf", _("Terraform"), _("What Entra ID takes, for the azuread provider.")),
    "az": ("trust.sh", _("az commands"), _("What Entra ID takes, as commands of the Azure CLI.")),
    "graph": ("trust.graph.json", _("Graph requests"), _("What Entra ID takes, as bodies of Microsoft Graph.")),
}
"""Name of the file, title and what it is for, by form."""


async def show(visit: Visit) -> Response:
    """Show the forms, with what of this tenant would be left out of each."""
    trusts, more = await _trusts(visit)
    notes = (await asyncio.to_thread(files.write, trusts, "graph")).notes
    return await visit.page(
        "settings_export.html",
        **around(visit, "export"),
        kinds=KINDS,
        count=len(trusts),
        more=more,
        notes=notes[:MOST_NOTES],
        remarks=len(notes),
        same=same.Same(command=visit.command("export", all=True, to="yaml")),
    )


async def download(visit: Visit) -> Response:
    """Send one file."""
    form: Form | None = next((each for each in KINDS if each == visit.request.path_params["form"]), None)
    if form is None:
        raise Refused(NOT_FOUND)
    trusts, _more = await _trusts(visit)
    name = f"{tenant_name(visit.tenant)}-{KINDS[form][0]}"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    text = (await asyncio.to_thread(files.write, trusts, form)).text
    return Response(text, media_type="text/plain; charset=utf-8", headers=headers)


async def _trusts(visit: Visit) -> tuple[list[WrittenTrust], bool]:
    """Return what is trusted, by application and name, and whether there is more than a file has."""
    held: list[FederatedCredential] = []
    wanted, after = read_guid(visit.query("application")), None
    where = {"tenant_id": visit.tenant.id} | ({"application_id": wanted} if wanted else {})
    async with visit.reading() as store:
        while len(held) < MOST:
            page = await store.credentials.search(Query(after=after, limit=AT_ONCE), **where)
            held += page.things
            after = page.after
            if after is None:
                break
        owners = {each.application_id for each in held}
        applications = {each: await store.applications.get(each) for each in owners}
    return (await asyncio.to_thread(written, held, applications))[:MOST], after is not None


def written(held: Sequence[FederatedCredential], applications: Mapping[UUID, Application]) -> list[WrittenTrust]:
    """Return credentials as files have them, by application and name; an application of a name alone by that."""
    times = Counter(each.display_name for each in applications.values())
    trusts = []
    for each in held:
        of = applications[each.application_id]
        called = of.display_name if times[of.display_name] == 1 else str(of.app_id)
        trusts.append(replace(WrittenTrust.of(each, called), preset=_label(each)))
    return sorted(trusts, key=lambda each: (each.application.casefold(), each.application, each.name))


def _label(of: FederatedCredential) -> str | None:
    """Return the scenario that a credential may have been made with: it is read back."""
    written = of.expression
    text, version = (written.text, written.language_version) if written else (None, 1)
    form = presets.read(of.issuer.url, of.subject, text, version, audience=of.audience)
    return None if form is None else form.preset.label


ROUTES: Final = (
    Route("GET", "/{tenant}/settings/export", show, "reader"),
    Route("GET", "/{tenant}/settings/export/{form}", download, "reader"),
)
