"""Who administers: whose claims give which role, and who is signed in.

Rule 1: roles of a tenant are its Admins' to give; the role of an instance administrator is theirs only.
Rule 2: sessions belong to the instance. Everybody sees their own; who administers the instance sees and ends all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.administer import people
from accredit.directory import read_guid
from accredit.directory.people import MAPPED_ROLES
from accredit.errors import NOT_FOUND, PRIVILEGES_MISSING, Refused
from accredit.web.portal import same
from accredit.web.portal.pages.settings_parts import PART, around, done
from accredit.web.portal.problems import problems_of
from accredit.web.portal.route import Route
from accredit.web.portal.visit import Form, address, tenant_name
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.responses import Response

    from accredit.directory.people import RoleMapping, Session
    from accredit.web.portal.visit import Visit

FIELDS: Final = {"role": "role", "issuer": "issuer", "claim": "claim", "value": "value"}
INSTANCE: Final = "instance"
MOST_SHOWN: Final = 100  # sessions on one page
_LOOKED_THROUGH: Final = 1_000  # sessions, used last, for those of one person
_PATH: Final = "/{tenant}/settings/administrators"
_OIDC: Final = "portal.oidc.issuer"


async def show(visit: Visit) -> Response:
    """Show roles and sessions."""
    return await _shown(visit, {}, {})


async def add(visit: Visit) -> Response:
    """Give a role."""
    sent = await visit.form()
    role = sent.text("role")
    if role == INSTANCE and not visit.may("instance"):
        raise Refused(PRIVILEGES_MISSING, detail="It needs the role of an instance administrator.")
    try:
        await people.add(
            visit.by,
            tenant_id=None if role == INSTANCE else visit.tenant.id,
            issuer=sent.text("issuer"),
            claim=sent.text("claim"),
            value=sent.text("value"),
            role=role,
        )
    except Refused as refused:
        return await _shown(visit, sent, problems_of(refused, FIELDS))
    return done(visit, "administrators", said="role-given" if role == INSTANCE else "")


async def ask(visit: Visit) -> Response:
    """Show what taking a role away does."""
    return await _confirm(visit, await _mapping(visit), {})


async def remove(visit: Visit) -> Response:
    """Take a role away, if its value was typed."""
    of = await _mapping(visit)
    if (await visit.form()).text("name") != of.value:
        return await _confirm(visit, of, {"name": _("This is not what is to be typed; nothing was removed.")})
    await people.remove(visit.by, of.id)
    return done(visit, "administrators", said="role-taken" if of.tenant_id is None else "")


async def sign_out(visit: Visit) -> Response:
    """End anybody's session."""
    wanted = (await visit.form()).text("session")
    keeper = visit.portal.keeper
    found = next((each for each in await keeper.sessions.all() if each.name == wanted), None)
    if found is None:
        raise Refused(NOT_FOUND, detail=_("There is no such session; it may have ended."))
    await keeper.sessions.remove(found.id)
    await people.ended(visit.by, found.person, found.name)
    if visit.session is not None and found.id == visit.session.id:
        return visit.go(address("sign-in"))
    return done(visit, "administrators", said="signed-out")


async def _mapping(visit: Visit) -> RoleMapping:
    """Return the mapping in the path: one of this tenant, or for instance administrators one of the instance."""
    guid = read_guid(visit.request.path_params["mapping"])
    async with visit.reading() as store:
        for each in await people.read(store, visit.tenant.id):
            if each.id == guid and (each.tenant_id is not None or visit.may("instance")):
                return each
    raise Refused(NOT_FOUND, detail=_("There is no such role; it may have been taken away."))


async def _sessions(visit: Visit) -> Sequence[Session]:
    """Return the sessions that the visitor may see, those that were used last; one more than is shown, if there is."""
    keeper, one_more = visit.portal.keeper, MOST_SHOWN + 1
    read = await keeper.sessions.all(one_more if visit.may("instance") else _LOOKED_THROUGH)
    alive = [each for each in read if not keeper.limits.ended(each, visit.now)]
    if visit.may("instance"):
        return alive
    mine = None if visit.session is None else visit.session.person
    return [each for each in alive if each.person == mine][:one_more]


async def _shown(visit: Visit, typed: Mapping[str, str], problems: Mapping[str, str]) -> Response:
    async with visit.reading() as store:
        mappings = await people.read(store, visit.tenant.id)
    provider = next((each["value"] for each in visit.portal.tools["settings"] if each["name"] == _OIDC), "")
    sessions = await _sessions(visit)
    wanted = {name: typed.get(name, "").strip() for name in FIELDS}
    roles = [each for each in MAPPED_ROLES if each != INSTANCE or visit.may("instance")]
    return await visit.page(
        "settings_administrators.html",
        status=422 if problems else 200,
        **around(visit, "administrators"),
        mappings=mappings,
        sessions=sessions[:MOST_SHOWN],
        more_sessions=len(sessions) > MOST_SHOWN,
        typed=typed if isinstance(typed, Form) else {"issuer": provider, "claim": "groups"},
        problems=problems,
        provider=provider,
        roles=[(each, each.capitalize()) for each in roles],
        same=same.Same(
            command=same.command(
                "admin",
                "add",
                claim=wanted["claim"] or "groups",
                value=wanted["value"] or "VALUE",
                role=wanted["role"] or "reader",
                issuer=wanted["issuer"],
                tenant=None if wanted["role"] == INSTANCE else tenant_name(visit.tenant),
            )
        ),
    )


async def _confirm(visit: Visit, of: RoleMapping, problems: Mapping[str, str]) -> Response:
    return await visit.page(
        "settings_confirm.html",
        status=422 if problems else 200,
        **around(visit, "administrators"),
        title=_("Take the role {} away").format(of.role),
        says=[
            _("From whoever has {} = {} at {}.").format(of.claim, of.value, of.issuer),
            _("It holds from their next request on. Who has no other role is signed out then."),
        ],
        name=of.value,
        button=_("Take away"),
        back=visit.url(PART, "administrators"),
        problems=problems,
        same=same.Same(command=same.command("admin", "remove", of.id)),
    )


ROUTES: Final = (
    Route("GET", _PATH, show, "reader"),
    Route("POST", _PATH, add, "admin"),
    Route("GET", f"{_PATH}/{{mapping}}/remove", ask, "admin"),
    Route("POST", f"{_PATH}/{{mapping}}/remove", remove, "admin"),
    Route("POST", f"{_PATH}/sign-out", sign_out, "instance"),
)
