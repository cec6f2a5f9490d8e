"""What lint says of trust that is saved: it is told, recorded, and refused where the tenant takes no errors.

Rule 1: what Entra ID itself refuses is refused before, whatever the tenant's policy, and nobody overrides that.
Rule 2: whoever overrides says why, and the record of the change says it too. What narrows is never refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from accredit.administer.administrator import as_json
from accredit.errors import LINT_BLOCKS, PRIVILEGES_MISSING, Refused
from accredit.signins import Modified
from accredit.trust.written import WrittenTrust

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from accredit.administer.administrator import Change
    from accredit.directory import Application, Tenant
    from accredit.issuers import Issuer, KeySet, OwnIssuers
    from accredit.ports import Transaction
    from accredit.signins.usage import Use
    from accredit.trust import FederatedCredential
    from accredit.trust.lint import Finding

OVERRIDE: Final = "Accredit.Lint.Override"
"""The role on Microsoft Graph that lets an application save what lint calls an error; none of Microsoft's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a running authority knows beside what is stored."""

    keys: Callable[[Issuer], KeySet] | None = None  # of an issuer record, those at hand; ``None``: uploaded ones only
    uses: Mapping[UUID, Use] | None = None  # of each credential; ``None``: who asks may not know
    now: datetime | None = None


async def findings(
    store: Transaction, credential: FederatedCredential, *, own: OwnIssuers, emulator: bool
) -> tuple[Finding, ...]:
    """Judge a credential that is stored, or about to be, beside the others of its application."""
    tenant = await store.tenants.get(credential.tenant_id)
    application = await store.applications.get(credential.application_id)
    return await _judged(store, tenant, application, credential, own=own, emulator=emulator)


async def refuse_errors(
    change: Change, tenant: Tenant, application: Application, credential: FederatedCredential, *, narrower: bool
) -> tuple[Finding, ...]:
    """Judge what is about to be saved, and tell it. LINT_BLOCKS: the tenant takes no errors, and nobody overrode it."""
    by = change.by
    found = await _judged(change.store, tenant, application, credential, own=by.own_issuers, emulator=by.emulator)
    by.notice(found)
    errors = [each for each in found if each.level == "error"]
    if tenant.lint != "block" or narrower or not errors:
        return found
    if not by.override:
        raise _blocking(errors)
    if not by.may_override:
        detail = f"tenant {tenant.id} has lint block, and to override that the role {OVERRIDE} is needed"
        raise Refused(PRIVILEGES_MISSING, detail=detail)
    return found


def recorded(found: Sequence[Finding], override: str) -> tuple[Modified, ...]:
    """Return what the record of a change says of its findings: which rules, and why errors were accepted."""
    rules = (Modified("accredit.findings", as_json([]), as_json([each.rule for each in found])),) if found else ()
    if override and any(each.level == "error" for each in found):
        return (*rules, Modified("accredit.override", as_json(None), as_json(override)))
    return rules


async def written(store: Transaction, application: Application, known: Known) -> list[WrittenTrust]:
    """Return what an application trusts, as ``of_trusts`` judges it."""
    held = await store.credentials.find(application_id=application.id)
    used = {each: use.last_at for each, use in (known.uses or {}).items()}
    return [replace(WrittenTrust.of(each, application.display_name), last_used_at=used.get(each.id)) for each in held]


def of_trusts(
    tenant: Tenant,
    trusts: Sequence[WrittenTrust],
    *,
    own: OwnIssuers,
    emulator: bool,
    siblings: Sequence[WrittenTrust] = (),
    known: Known | None = None,
) -> tuple[Finding, ...]:
    """Judge trusts as a tenant would have them. ``siblings``: what their application trusts already.

    A hostile expression takes some 50 milliseconds: whoever judges many lets nobody else wait for them.
    """
    from accredit.trust.lint import Context, lint  # noqa: PLC0415  fifty files, which only who saves trust pays for
    from accredit.trust.lint.seen import keys_at_hand, uploaded  # noqa: PLC0415  as above

    records = {each.record.id: each.record for each in (*trusts, *siblings) if each.record is not None}.values()
    at_hand = known.keys if known else None
    context = Context(
        portability=tenant.portability,
        several_audiences=tenant.several_audiences,
        own=own,
        emulator=emulator,
        siblings=tuple(siblings),
        seen=keys_at_hand((each, at_hand(each)) for each in records) if at_hand else uploaded(records),
        now=known.now if known and known.uses is not None else None,  # without uses nobody knows what is forgotten
    )
    return lint(trusts, context)


async def _judged(
    store: Transaction,
    tenant: Tenant,
    application: Application,
    credential: FederatedCredential,
    *,
    own: OwnIssuers,
    emulator: bool,
) -> tuple[Finding, ...]:
    """Judge one credential beside the others of its application."""
    held = await store.credentials.find(application_id=application.id)
    others = [WrittenTrust.of(each, application.display_name) for each in held if each.id != credential.id]
    trust = WrittenTrust.of(credential, application.display_name)
    return of_trusts(tenant, [trust], own=own, emulator=emulator, siblings=others)


def _blocking(errors: Sequence[Finding]) -> Refused:
    said = " ".join(f"{each.rule}: {each.message}" for each in errors)
    refused = Refused(LINT_BLOCKS, rules=", ".join(dict.fromkeys(each.rule for each in errors)), detail=said)
    refused.details = tuple((each.rule, f"{each.message} {each.remedy}", each.path) for each in errors)
    return refused
