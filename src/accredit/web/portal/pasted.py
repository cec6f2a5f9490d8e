"""A token that somebody pasted: held against what an application trusts, check by check, and forgotten.

Rule 1: the token is in memory for one request. It is in no log, no store and no answer, nor are its signature and id.
Rule 2: of its claims that is shown which an event would keep: no persons; what no ledger knows, by name and type.
Rule 3: nothing is fetched unless that is asked for, and then the keys of registered issuers only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from accredit import assertions, exchange
from accredit import explain as explaining
from accredit.errors import PROPERTY_INVALID, Refused
from accredit.explain.twin import Ids
from accredit.signins import claim_kept, is_personal
from accredit.trust import presets
from accredit.trust.expression import trace
from accredit.trust.expression.tracing import JSON_TYPES, Step
from accredit.trust.match_set import written
from accredit.web import explained

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from accredit.assertions import Presented
    from accredit.directory import Application
    from accredit.explain import Explanation
    from accredit.signins import ProofState
    from accredit.trust import FederatedCredential
    from accredit.trust.expression import Expression
    from accredit.trust.expression.tracing import Told
    from accredit.web.portal.visit import Visit

MOST_CLAIMS: Final = 60  # that are shown
_HIDDEN: Final = frozenset({"jti"})  # by it somebody finds the token again


class ClaimShown(NamedTuple):
    """A claim as it is shown."""

    name: str
    value: str  # empty where only the type is
    type: str
    note: str = ""


class Line(NamedTuple):
    """One sub-expression in a truth table."""

    depth: int
    text: str
    result: bool
    observed: str
    why: str


class Pasted(NamedTuple):
    """What came of a token."""

    explanation: Explanation
    presented: Presented | None  # None: it cannot be read
    proof: ProofState
    claims: tuple[ClaimShown, ...] = ()
    table: tuple[Line, ...] = ()
    ids: Ids | None = None  # of a repository of GitHub, for the immutable twin


async def paste(
    visit: Visit,
    application: Application,
    token: str,
    credentials: Sequence[FederatedCredential],
    *,
    online: bool = False,
    elsewhere: bool = False,
) -> Pasted:
    """Hold a token against credentials of an application; the first one's expression gets a truth table."""
    authority, tenant = visit.portal.authority, visit.tenant
    token = "".join(token.split())
    if len(token) > explained.LONGEST:
        detail = f"longer than {explained.LONGEST} characters"
        raise Refused(PROPERTY_INVALID, property="token", kind="explain", detail=detail)
    try:
        presented = assertions.parse(token, authority.policies[tenant.portability])
    except Refused as refused:
        told = explaining.unreadable(refused, client=application.display_name, now=visit.now, token=token)
        return Pasted(told, None, "unknown")
    async with visit.reading() as store:
        named = await explaining.records(store, tenant.id, presented)
        others: tuple[str, ...] = ()
        if elsewhere:
            rule = tenant.several_audiences
            others = await explaining.elsewhere(store, named, presented, rule, application.id)
    keys = await explained.keys(authority, presented, named, online=online)
    told = explained.explained(
        authority,
        tenant,
        presented,
        client=application.display_name,
        credentials=credentials,
        named=named,
        keys=keys,
        elsewhere=others,
    )
    proof = exchange.state_of_proof(presented, named, authority.keys, authority.clock())
    asked = credentials[0].expression if len(credentials) == 1 else None
    return Pasted(
        told,
        presented,
        proof,
        tuple(_claims(presented)),
        truth_table(asked, presented.claims) if asked is not None else (),
        _ids(presented),
    )


def truth_table(expression: Expression, claims: Mapping[str, Any]) -> tuple[Line, ...]:
    """Return every sub-expression with what it says of a token, the whole first."""
    found = trace(expression, claims)
    return tuple(_lines(found.root, expression.text, 0))


def _lines(told: Told, text: str, depth: int) -> Iterator[Line]:
    part = text[told.start : told.end] if told.end else text
    if isinstance(told, Step):
        yield Line(depth, part, told.result, _observed(told), "" if told.result else _why(told))
        return
    yield Line(depth, part, told.result, "", _ALL[told.kind])
    for child in told.children:
        yield from _lines(child, text, depth + 1)


_ALL: Final = {"and": "all of these", "or": "one of these"}
_WHY: Final = {
    "missing": "the token has no such claim",
    "type": "it is of another type",
    "case": "only the case differs",
    "differs": "it is another value",
    "glob_segment": "the pattern does not fit",
    "glob_delimiter": "* stops at / : and @",
    "not_element": "it is none of these",
    "budget": "not looked at: too much work",
}


def _why(step: Step) -> str:
    said = _WHY.get(step.cause.name.lower(), step.cause.name.lower().replace("_", " "))
    return f"{said}; {step.freed} would fit" if step.freed else said


def _observed(step: Step) -> str:
    if step.observed_type is None:
        return ""
    return claim_kept(written(step.path), step.observed)


def _claims(presented: Presented) -> Iterator[ClaimShown]:
    preset = presets.recognise(presented.issuer, presented.subject)
    for name, value in list(presented.claims.items())[:MOST_CLAIMS]:
        kind = JSON_TYPES.get(type(value), "object")
        row = preset.claim((name,)) if preset is not None else presets.preset("other").claim((name,))
        if is_personal(name) or (row is not None and row.cls == "person"):
            yield ClaimShown(name, "", kind, "says who a person is; not shown")
        elif name in _HIDDEN:
            yield ClaimShown(name, "", kind, "would find the token again; not shown")
        elif row is None:
            yield ClaimShown(name, "", kind, "not a claim that this platform is known to send")
        else:
            said = claim_kept(name, value)
            yield ClaimShown(name, said, kind, "chosen by the caller" if row.cls == "chosen" else "")


def _ids(presented: Presented) -> Ids | None:
    """Return the ids that a token of GitHub has beside a subject without them."""
    owner, repository = (presented.claims.get(each) for each in ("repository_owner_id", "repository_id"))
    subject = presented.subject or ""
    if not (isinstance(owner, str) and isinstance(repository, str) and subject.startswith("repo:")):
        return None
    return None if "@" in subject.partition(":")[2].partition(":")[0] else Ids(owner, repository)
