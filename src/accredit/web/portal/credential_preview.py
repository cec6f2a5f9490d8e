"""What saving a form would do, before it is saved: what is trusted, who refuses it, what lint finds, whom it lets in.

Rule 1: nothing is judged here: the change is made by ``administer`` and undone, so that it says what it will say.
Rule 2: lint may take some milliseconds over a hostile expression; nobody else waits for it.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from accredit.administer import credentials, linting
from accredit.administer.rehearsing import rehearsed
from accredit.errors import Refused
from accredit.interop import files
from accredit.interop.graph import credential as graph
from accredit.trust import FederatedCredential, narrows
from accredit.trust import presets as catalogue
from accredit.trust.written import WrittenTrust
from accredit.web.acting import LONGEST_REASON
from accredit.web.portal import credential_form as forms
from accredit.web.portal.credential_problems import problem
from accredit.web.portal.same import Same
from accredit.web.portal.same import graph as written_graph

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accredit.administer import Administrator
    from accredit.directory import Application
    from accredit.trust.lint import Finding
    from accredit.trust.presets import Snippet
    from accredit.web.portal.credential_form import Draft, Wanted
    from accredit.web.portal.visit import Visit

Effect = Literal["new", "same", "narrower", "wider"]


_RESOURCE: Final = re.compile(r'^resource "([a-z_]+)" "([A-Za-z0-9_-]+)"', re.MULTILINE)


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown beside a form."""

    draft: Any  # Draft
    wanted: Any  # Wanted
    problems: dict[str, str]  # by field; under "" what is about no field
    notes: dict[str, str]
    findings: tuple[Any, ...] = ()
    policies: tuple[str, ...] = ()  # sentences on policies of the tenant that would refuse its tokens
    candidate: FederatedCredential | None = None  # as it would be stored; nothing that could be stored: None
    effect: Effect = "new"
    same: Same = Same()
    snippets: tuple[Any, ...] = ()

    @property
    def trust(self) -> WrittenTrust | None:
        """What would be trusted, as far as the form says it."""
        found: WrittenTrust | None = self.wanted.trust
        return found

    @property
    def errors(self) -> bool:
        """Whether lint calls something an error."""
        return any(each.level == "error" for each in self.findings)

    def at(self, place: str) -> list[Finding]:
        """Return the findings that are shown at a field of the form."""
        return [each for each in self.findings if self.draft.place(_PATHS.get(each.path, each.path)) == place]


_PATHS: Final = {"claimsMatchingExpression": "expression", "audiences": "audience"}


async def preview(
    visit: Visit, application: Application, draft: Draft, before: FederatedCredential | None = None
) -> Preview:
    """Say what saving the form would do; ``before``: the credential that it changes."""
    async with visit.reading() as store:
        held = await store.credentials.find(application_id=application.id)
    others = [each for each in held if before is None or each.id != before.id]
    wanted = forms.wanted(draft, {each.name for each in others})
    if wanted.trust is None:
        return Preview(draft=draft, wanted=wanted, problems=wanted.problems, notes=wanted.notes)
    made = await _rehearsed(visit, application, draft, wanted, before)
    candidate = made if isinstance(made, FederatedCredential) else None
    written = WrittenTrust.of(candidate, application.display_name) if candidate else wanted.trust
    found = await _findings(visit, application, written, others)
    return Preview(
        draft=draft,
        wanted=wanted,
        problems=dict([problem(made, draft)]) if isinstance(made, Refused) else {},
        notes=wanted.notes,
        findings=found,
        policies=credentials.noted(visit.tenant, candidate) if candidate else (),
        candidate=candidate,
        effect=_effect(before, candidate),
        same=same(visit, application, written, before, reason=draft.reason),
        snippets=snippets(visit, application, wanted),
    )


def acting(visit: Visit, draft: Draft) -> Administrator:
    """Return the person, with the reason why an error that lint finds is accepted."""
    return replace(visit.by, override=" ".join(draft.reason.split())[:LONGEST_REASON])


async def save(
    by: Administrator, application: Application, wanted: Wanted, before: FederatedCredential | None
) -> FederatedCredential:
    """Add what the form stands for, or change ``before`` to it."""
    if before is None:
        return await credentials.add(by, application.id, **wanted.members)
    members = wanted.members
    members.pop("name", None)
    if wanted.trust is not None and wanted.trust.expression is None:
        members.pop("language_version", None)
        members.pop("expression", None)
    else:
        members.pop("subject", None)
    return await credentials.update(by, application.id, before.id, **members)


async def _rehearsed(
    visit: Visit, application: Application, draft: Draft, wanted: Wanted, before: FederatedCredential | None
) -> FederatedCredential | Refused:
    try:
        return await rehearsed(acting(visit, draft), lambda by: save(by, application, wanted, before))
    except Refused as refused:
        return refused


async def _findings(
    visit: Visit, application: Application, trust: WrittenTrust, others: Sequence[FederatedCredential]
) -> tuple[Finding, ...]:
    from accredit.trust.lint import RULES  # noqa: PLC0415  fifty files, which only who writes trust pays for

    by = visit.by
    siblings = [WrittenTrust.of(each, application.display_name) for each in others]
    judging = partial(
        linting.of_trusts, visit.tenant, [trust], own=by.own_issuers, emulator=by.emulator, siblings=siblings
    )
    found = await asyncio.to_thread(judging)
    quiet = {each.id for each in RULES if each.quiet}
    return tuple(each for each in found if each.rule not in quiet)


def _effect(before: FederatedCredential | None, after: FederatedCredential | None) -> Effect:
    if before is None or after is None:
        return "new"
    there, back = narrows(before, after), narrows(after, before)
    return "same" if there and back else "narrower" if there else "wider"


def same(
    visit: Visit,
    application: Application,
    trust: WrittenTrust,
    before: FederatedCredential | None = None,
    *,
    reason: str = "",
) -> Same:
    """Return the same change as a command, as a request, and in Terraform."""
    options = {
        "issuer": trust.issuer,
        "subject": trust.subject,
        "expression": trust.expression,
        "language_version": trust.language_version if trust.expression and trust.language_version != 1 else None,
        "audience": trust.audiences[0] if trust.audiences else None,
        "description": trust.description,
        "override": " ".join(reason.split()),
    }
    path = f"applications/{application.id}/federatedIdentityCredentials"
    if before is None:
        command = visit.command("credential", "add", application.app_id, name=trust.name, **options)
        method, where = "POST", path
    else:
        command = visit.command("credential", "update", application.app_id, before.name, **options)
        method, where = "PATCH", f"{path}/{before.id}"
    named = msgspec.structs.replace(trust, application=application.display_name)
    version = "beta" if trust.expression or (before is not None and before.expression) else "v1.0"
    asked = written_graph(method, f"/{version}/{where}", _body(trust, before))
    return Same(command=command, graph=asked, terraform=terraform(named))


def _body(trust: WrittenTrust, before: FederatedCredential | None) -> dict[str, Any]:
    """Return what is sent: all of a new credential, what is different of one that is there."""
    found = graph.of_trust(trust)
    if before is None:
        return {name: value for name, value in found.items() if value is not None}
    old = graph.of_trust(WrittenTrust.of(before))
    changed = {name: value for name, value in found.items() if value != old[name]}
    return changed or {"issuer": found["issuer"]}


def terraform(trust: WrittenTrust, *, destroy: bool = False) -> str:
    """Return a trust as a resource, or the command that takes it away; why not, where it cannot be one."""
    document = files.write([trust], "terraform")
    named = _RESOURCE.findall(document.text)
    if not named:
        return "".join(f"# {each}\n" for each in document.notes)
    return f"terraform destroy -target {'.'.join(named[-1])}" if destroy else document.text


def snippets(visit: Visit, application: Application, wanted: Wanted) -> tuple[Snippet, ...]:
    """Return what is pasted at the platform so that a job there gets tokens for this trust."""
    if wanted.rendered is None:
        return ()
    preset = catalogue.preset(wanted.rendered.preset.partition("@")[0])
    return catalogue.snippets(
        preset,
        wanted.rendered,
        client_id=str(application.app_id),
        tenant=str(application.tenant_id),
        authority=visit.portal.authority.base,
    )
