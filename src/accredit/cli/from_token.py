"""What a token says, as the members of a credential. Nobody is trusted on his own word: what is not proven is typed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from accredit.cli import failures, inputs
from accredit.cli.desk import UploadedKeys
from accredit.cli.failures import Ended
from accredit.errors import INPUT_INVALID, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.assertions import Presented
    from accredit.cli.desk import Desk
    from accredit.directory import Tenant


async def copied(
    desk: Desk, tenant: Tenant, members: Mapping[str, str | None], given: str, *, unproven: bool
) -> dict[str, str | None]:
    """Return the members with those of a token. What nobody has proven must be typed as well."""
    from accredit import assertions, exchange

    async with desk.reading() as store:
        tenant = await store.tenants.get(tenant.id)
    policy = assertions.ENTRA if tenant.portability == "entra" else assertions.EXTENDED
    try:
        presented = assertions.parse(inputs.token(given, desk.session), policy)
    except Refused as refused:  # no exchange was refused: the value of an option is not right
        failure = failures.of_refused(refused, "accredit credential add --from-token")
        raise Ended(replace(failure, exit=failures.USAGE)) from refused
    async with desk.reading() as store:
        records = await store.issuers.find(tenant_id=tenant.id, url=presented.issuer)
    proof = exchange.state_of_proof(presented, records, UploadedKeys(), desk.now)
    if proof != "proven":
        _confirm_typed(desk, members, presented, unproven=unproven)
    if len(presented.audiences) != 1 and members["audience"] is None:
        reason = f"the token has the audiences {', '.join(presented.audiences)}; say which one: --audience"
        raise Refused(INPUT_INVALID, what="--from-token", reason=reason)
    copied = {"issuer": presented.issuer, "audience": members["audience"] or presented.audiences[0]}
    return {**members, **copied, "subject": None if members["expression"] else presented.subject}


def _confirm_typed(desk: Desk, members: Mapping[str, str | None], presented: Presented, *, unproven: bool) -> None:
    """Trust nobody on his own word: whoever adds him types issuer and subject, as options or when asked."""
    session, subject = desk.session, presented.subject or ""
    if not unproven:
        reason = (
            "nobody has proven who sent this token, because the keys of its issuer are not at hand here; "
            "repeat with --unproven, and type --issuer and --subject as you expect them"
        )
        raise Refused(INPUT_INVALID, what="--from-token", reason=reason)
    session.warn("nobody has proven who sent this token")
    for name, said in (("issuer", presented.issuer), ("subject", subject)):
        typed = members[name]
        if typed is None and session.can_ask:
            typed = click.prompt(f"Type the {name} that you expect", err=True)
        if typed != said:
            reason = "it was not typed" if typed is None else f"the token says {said}, you typed {typed}"
            raise Refused(INPUT_INVALID, what=f"--{name}", reason=reason)
