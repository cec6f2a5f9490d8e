"""Add a credential, and change one: a scenario's form, what it would trust, and a token held against it.

Rule 1: only ``save`` changes anything. Everything else answers with the form as it was typed, and what that would do.
Rule 2: what is filled in from a token that nobody has proven is typed again by an administrator, or not saved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from accredit.errors import Refused
from accredit.explain import twin
from accredit.trust import presets
from accredit.web.portal import credential_form as forms
from accredit.web.portal.credential_event import told_by_event
from accredit.web.portal.credential_form import FIELD, OTHER, Draft
from accredit.web.portal.credential_preview import Preview, acting, preview, save
from accredit.web.portal.credential_probe import probed
from accredit.web.portal.credential_problems import problem
from accredit.web.portal.pages import application_parts, credential_parts
from accredit.web.portal.pages.application_parts import PATH
from accredit.web.portal.pasted import Pasted, paste
from accredit.web.portal.route import Route
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from accredit.directory import Application
    from accredit.trust import FederatedCredential
    from accredit.trust.written import WrittenTrust
    from accredit.web.portal.visit import Visit

USUAL: Final = "github_actions"
_REFUSED: Final = 422
_FIRST: Final = ("github_actions", "kubernetes", "gitlab", "aws_outbound", "google_cloud", "terraform", "azure_devops")


class Shown(msgspec.Struct, kw_only=True):
    """What a page is made of; filled in on the way."""

    application: Any
    before: Any = None  # the credential that is changed
    draft: Any
    problems: dict[str, str] = {}
    token: str = ""
    online: bool = False
    told: Any = None  # of the event that it was opened from
    pristine: bool = False
    pasted: Any = None
    probed: Any = None
    status: int = 200


async def new(visit: Visit) -> Response:
    """Show the form: of a scenario, of a credential that is to be had twice, or as a proven sign-in fills it in."""
    application = await application_parts.found(visit)
    draft = Draft(preset=presets.preset(visit.query("preset") or USUAL).id)
    shown = Shown(application=application, draft=draft, pristine=True)
    if visit.query("from"):
        copied = forms.of_credential(await credential_parts.found(visit, application, visit.query("from")))
        shown.draft, shown.pristine = msgspec.structs.replace(copied, name=""), False
    if visit.query("event"):
        await _fill_in(visit, shown)
    return await _page(visit, shown)


async def edit(visit: Visit) -> Response:
    """Show the form of a credential; as a proven sign-in would have needed it, where one is named."""
    application = await application_parts.found(visit)
    before = await credential_parts.found(visit, application)
    shown = Shown(application=application, before=before, draft=forms.of_credential(before))
    if visit.query("event"):
        await _fill_in(visit, shown)
    return await _page(visit, shown)


async def add(visit: Visit) -> Response:
    """Add what the form says, or do what one of its buttons says."""
    return await _sent(visit, await application_parts.found(visit), None)


async def change(visit: Visit) -> Response:
    """Change a credential to what the form says, or do what one of its buttons says."""
    application = await application_parts.found(visit)
    return await _sent(visit, application, await credential_parts.found(visit, application))


async def _sent(visit: Visit, application: Application, before: FederatedCredential | None) -> Response:
    form = await visit.form()
    draft = forms.read(form)
    if before is not None:
        draft = msgspec.structs.replace(draft, name=before.name)
    shown = Shown(
        application=application,
        before=before,
        draft=draft,
        token=form.text("token"),
        online=form.text("online") == "yes",
    )
    verb, _colon, what = (form.text("do") or visit.query("do") or "live").partition(":")
    if visit.partial and verb == "fields":
        return await _fields(visit, shown)
    if verb == "save" and not visit.partial:
        return await _saved(visit, shown)
    await _pressed(visit, shown, verb, what)
    return await _page(visit, shown)


async def _pressed(visit: Visit, shown: Shown, verb: str, what: str) -> None:
    """Do what a button says that saves nothing."""
    if verb == "fill":
        await _fill(visit, shown)
    elif verb == "probe":
        shown.probed = await probed(visit, shown.draft)
    elif verb in {"by-hand", "take", "twin"}:
        found = await preview(visit, shown.application, shown.draft, shown.before)
        if found.trust is None:
            shown.problems = found.problems
        else:
            shown.draft = _turned(shown.draft, found, found.trust, verb, what)


def _turned(draft: Draft, found: Preview, trust: WrittenTrust, verb: str, what: str) -> Draft:
    """Return the form as a button turns it: into an expression, as lint proposes, into the twin with ids."""
    if verb == "by-hand":
        return forms.by_hand(draft, trust)
    if verb == "take":
        edits = [each.edit for each in found.findings if each.rule == what and each.edit]
        return forms.with_edit(draft, trust, edits[0]) if edits else draft
    owner, _slash, repository = what.partition("/")
    reading = twin.read(trust)
    if reading is None or reading.kind != "legacy" or not (owner.isdecimal() and repository.isdecimal()):
        return draft
    made = forms.of_trust(twin.with_ids(trust, twin.Ids(owner, repository)))
    return msgspec.structs.replace(made, name=draft.name, stranger=draft.stranger)


async def _fill(visit: Visit, shown: Shown) -> None:
    """Fill the form in from a token: its issuer and subject, to the letter."""
    if not shown.token:
        shown.problems = {"token": _("Paste a token first.")}
        return
    held = await paste(visit, shown.application, shown.token, (), online=shown.online)
    if held.presented is None:
        shown.problems = {"token": held.explanation.sentence}
        return
    made = forms.of_presented(held.presented, portable=visit.tenant.portability == "entra")
    kept = {"description": shown.draft.description, "reason": shown.draft.reason, "name": shown.draft.name}
    shown.draft = msgspec.structs.replace(made, **kept, stranger=held.proof != "proven")


async def _fill_in(visit: Visit, shown: Shown) -> None:
    """Fill the form in from a sign-in that is proven; from no other."""
    told, made = await told_by_event(visit, shown.application, visit.query("event"), shown.before)
    shown.told = told
    if made is not None:
        shown.draft, shown.pristine = made, False


async def _saved(visit: Visit, shown: Shown) -> Response:
    """Save what the form says, or show it again with everything that was typed and what is in the way."""
    application, draft, before = shown.application, shown.draft, shown.before
    async with visit.reading() as store:
        held = await store.credentials.find(application_id=application.id)
    wanted = forms.wanted(draft, {each.name for each in held if before is None or each.id != before.id})
    shown.problems = wanted.problems or _not_typed(draft, wanted.trust)
    if not shown.problems:
        try:
            await save(acting(visit, draft), application, wanted, before)
        except Refused as refused:
            shown.problems, shown.status = dict([problem(refused, draft)]), refused.row.status
        else:
            return visit.done("applications", application.id, "credentials")
    shown.status = max(shown.status, _REFUSED) if shown.status < 400 else shown.status  # noqa: PLR2004
    return await _page(visit, shown)


def _not_typed(draft: Draft, trust: WrittenTrust | None) -> dict[str, str]:
    """Say which of the values that nobody has proven were not typed."""
    if not draft.stranger or trust is None:
        return {}
    expected = {"typed_issuer": trust.issuer, "typed_subject": trust.subject or trust.expression or ""}
    typed = {"typed_issuer": draft.typed_issuer, "typed_subject": draft.typed_subject}
    again = _("It is not what the form says: type it as you expect it, or fill the form in yourself.")
    return {name: again for name, text in expected.items() if typed[name] != text}


async def _fields(visit: Visit, shown: Shown) -> Response:
    """Show the fields of another scenario or mode."""
    draft: Draft = shown.draft
    return await visit.page(
        "parts/credential_fields.html",
        draft=draft,
        problems={},
        notes={},
        action=_action(visit, shown),
        fresh=True,
    )


def _action(visit: Visit, shown: Shown) -> str:
    tail = ("new",) if shown.before is None else (shown.before.id, "edit")
    return application_parts.url(visit, shown.application, "credentials", *tail)


async def _page(visit: Visit, shown: Shown) -> Response:
    """Show the form and what it would do; of what only htmx asked for, that part."""
    application, draft, before = shown.application, shown.draft, shown.before
    found = await preview(visit, application, draft, before)
    if shown.token:
        candidates = () if found.candidate is None else (found.candidate,)
        shown.pasted = await paste(visit, application, shown.token, candidates, online=shown.online)
    problems = shown.problems or ({} if shown.pristine or not found.trust else found.problems)
    labels = _labels(draft)
    values: dict[str, Any] = {
        **credential_parts.beside(visit, application),
        "draft": draft,
        "before": before,
        "preview": found,
        "pristine": shown.pristine,
        "problems": problems,
        "summary": _summary(problems, labels),
        "notes": found.notes,
        "labels": labels,
        "pasted": shown.pasted if found.trust is not None else None,
        "probed": shown.probed,
        "told": shown.told,
        "action": _action(visit, shown),
        "fresh": False,
        "scenarios": scenarios(),
        "twin": _twin(shown.pasted, draft),
    }
    if visit.partial:
        return await visit.page("parts/credential_preview.html", **values)
    return await visit.page("add_credential.html", status=shown.status, **values)


def _twin(pasted: Pasted | None, draft: Draft) -> twin.Ids | None:
    """Return the ids that an immutable twin would have, where the form has none."""
    if pasted is None or pasted.ids is None:
        return None
    return None if draft.preset == USUAL and draft.way == "immutable" else pasted.ids


def _labels(draft: Draft) -> dict[str, str]:
    named = {f"{FIELD}{each.name}": each.label for each in draft.of.fields}
    rest = {"expression": _("Expression"), "mode": _("Match by"), "audience": _("Audience"), "name": _("Name")}
    typed = {"typed_issuer": _("Issuer, typed"), "typed_subject": _("Subject or expression, typed")}
    return {**named, **rest, **typed, "token": _("Token"), "description": _("Description")}


def _summary(problems: Mapping[str, str], labels: Mapping[str, str]) -> dict[str, str]:
    """Return the problems as they stand above the form, each after the name of its field."""
    plain = {place: text.replace("`", "") for place, text in problems.items()}
    return {place: f"{labels[place]}: {text}" if place in labels else text for place, text in plain.items()}


def scenarios() -> list[tuple[str, list[presets.Preset]]]:
    """Return every preset there is, as the drop-down has them."""
    every = [presets.preset(each) for each in presets.ids()]
    proven = [each for each in every if each.standing == "proven" and each.id != OTHER]
    proven.sort(key=lambda each: (_FIRST.index(each.id) if each.id in _FIRST else len(_FIRST), each.title.casefold()))
    rest = sorted((each for each in every if each.standing == "unproven"), key=lambda each: each.title.casefold())
    return [(_("Proven"), [*proven, presets.preset(OTHER)]), (_("Unproven: written from documentation"), rest)]


ROUTES: Final = (
    Route("GET", f"{PATH}/credentials/new", new, "admin"),
    Route("POST", f"{PATH}/credentials/new", add, "admin"),
    Route("GET", f"{PATH}/credentials/{{credential}}/edit", edit, "admin"),
    Route("POST", f"{PATH}/credentials/{{credential}}/edit", change, "admin"),
)
