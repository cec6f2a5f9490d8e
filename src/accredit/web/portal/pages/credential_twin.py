"""The immutable twin of a credential that names a repository of GitHub by its names: planned, shown, added.

Rule 1: the ids are those that proven sign-ins told, or an administrator types them; where two were seen, none is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.administer import credentials
from accredit.errors import Refused
from accredit.explain import migrating
from accredit.explain.repository_ids import typed_in
from accredit.explain.twinning import members, ways
from accredit.web.portal.credential_preview import same
from accredit.web.portal.pages import application_parts, credential_parts
from accredit.web.portal.problems import problems_of
from accredit.web.portal.route import Route
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from accredit.directory import Application
    from accredit.explain.migration import Migration
    from accredit.trust import FederatedCredential
    from accredit.web.portal.visit import Visit

_PATH: Final = f"{credential_parts.PATH}/twin"
_UNKNOWN: Final = "IDS_UNKNOWN"


async def ask(visit: Visit) -> Response:
    """Show the twin that would be added, or what is missing."""
    application = await application_parts.found(visit)
    credential = await credential_parts.found(visit, application)
    return await _shown(visit, application, credential, await _way(visit, application, credential), {}, {})


async def add(visit: Visit) -> Response:
    """Add the twin, or show it with the ids that were typed."""
    application = await application_parts.found(visit)
    credential = await credential_parts.found(visit, application)
    form = await visit.form()
    way = await _way(visit, application, credential)
    typed = {name: form.text(name) for name in ("owner_id", "repository_id")} if "owner_id" in form else {}
    problems: dict[str, str] = {}
    if way is not None and way.cause == _UNKNOWN and typed:
        way, problems = await _with_ids(visit, application, credential, way, typed)
    plan = None if way is None or way.cause or way.twin is not None else way.plan
    if problems or plan is None or form.text("do") != "add":
        return await _shown(visit, application, credential, way, typed, problems)
    try:
        by = credential_parts.overriding(visit, form.get("reason", ""))
        await credentials.add(by, application.id, **members(plan, credential))
    except Refused as refused:
        return await _shown(visit, application, credential, way, typed, problems_of(refused, {}))
    return visit.done("applications", application.id, "credentials")


async def _way(visit: Visit, application: Application, credential: FederatedCredential) -> Migration | None:
    """Return how far a credential is on the way to ids; ``None``: it does not name a repository by its names."""
    async with visit.reading() as store:
        found = await migrating.of_application(store, visit.portal.log, visit.tenant, application, visit.now)
    return next((each for each in found if each.held.id == credential.id), None)


async def _with_ids(
    visit: Visit, application: Application, credential: FederatedCredential, way: Migration, typed: Mapping[str, str]
) -> tuple[Migration, dict[str, str]]:
    """Return where it would stand with the ids that were typed, which must not contradict those that are known."""
    known = {"owner_id": way.ids.owner, "repository_id": way.ids.repository}
    given = {name: typed[name] or known[name] or "" for name in known}
    wrong = _("Proven sign-ins had another one, {}. Find out whose repository that is.")
    problems = {name: wrong.format(id_) for name, id_ in known.items() if id_ is not None and given[name] != id_}
    if problems or way.named is None:
        return way, problems
    wanted = [given["owner_id"], given["repository_id"]][: 1 if way.named.repository is None else 2]
    try:
        ids = typed_in([f"{way.named}={'/'.join(wanted)}"])
    except ValueError:
        return way, {"owner_id": _("An id of GitHub's is a number; both are needed.")}
    async with visit.reading() as store:
        every = await store.credentials.find(application_id=application.id)
    found = ways(every, application, visit.tenant, credential, ids, visit.now)
    return next(each for each in found if each.held.id == credential.id), {}


async def _shown(
    visit: Visit,
    application: Application,
    credential: FederatedCredential,
    way: Migration | None,
    typed: Mapping[str, str],
    problems: Mapping[str, str],
) -> Response:
    plan = None if way is None or way.cause or way.twin is not None else way.plan
    return await visit.page(
        "credential_twin.html",
        status=422 if problems else 200,
        **credential_parts.beside(visit, application),
        credential=credential,
        way=way,
        plan=plan,
        typed=bool(typed),
        owner_id=typed.get("owner_id", ""),
        repository_id=typed.get("repository_id", ""),
        use=await credential_parts.used(visit, application, credential.id),
        action=credential_parts.url(visit, application, credential.id, "twin"),
        problems=problems,
        same=None if plan is None else same(visit, application, plan),
    )


ROUTES: Final = (
    Route("GET", _PATH, ask, "admin"),
    Route("POST", _PATH, add, "admin"),
)
