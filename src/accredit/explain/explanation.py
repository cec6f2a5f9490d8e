"""The explanation of one token for one application: the steps of the exchange, none left out because one failed.

Rule 1: the code is the one that the exchange answers: both read the same verdicts, the same grading, the same proofs.
Rule 2: a refused token is a message from a stranger. Until somebody has proven who sent it, no edit of what is trusted
is offered as an action, or explaining would become a way to be trusted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from accredit.errors import ISSUER_UNREACHABLE, Refused
from accredit.explain import platform
from accredit.explain.actions import ADD, actions, other_application
from accredit.explain.causes import DIFFERENT, Cause
from accredit.explain.model import LONGEST_SENTENCE, Edit, Explanation, Near, Step, Summary
from accredit.explain.proving import prove, proves
from accredit.explain.ranking import SHOWN, asked, compare, rank
from accredit.explain.reasons import access_token, nobody, why
from accredit.explain.retired import retired
from accredit.explain.unreadable import why as why_unreadable
from accredit.issuers import OwnIssuers
from accredit.signins import kept
from accredit.trust import choose, evaluate, match

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from accredit.assertions import Presented
    from accredit.directory import Tenant
    from accredit.explain.model import Status, StepId
    from accredit.explain.proving import Keys, Tried
    from accredit.issuers import KeySet
    from accredit.signins import ProofState
    from accredit.trust import FederatedCredential, Trusted, Verdict

_STRANGER: Final = "Nobody has proven who sent this token."
_STEPS: Final[dict[str, tuple[StepId, str]]] = {
    "iss": ("issuer", "Issuer"),
    "aud": ("audience", "Audience"),
    "sub": ("subject", "Subject"),
}
_REST: Final = (_STEPS["aud"], _STEPS["sub"])


def explain(  # noqa: PLR0913  all that the exchange knows
    presented: Presented,
    trusted: Trusted,
    *,
    client: str,
    now: datetime,
    own: OwnIssuers | None = None,
    keys: Mapping[UUID, KeySet | Refused] | None = None,
    proof: ProofState = "unknown",
    disabled: Sequence[FederatedCredential] = (),
    tenant: Tenant | None = None,
    elsewhere: tuple[str, ...] = (),
) -> Explanation:
    """Explain what the exchange answers to ``presented`` for the application ``client`` (its display name).

    ``keys``: key sets at hand by issuer record id, or the refusal that fetching them ended in; without them the
    signature is not checked. ``proof``: what is known of the sender otherwise. ``disabled``: credentials that do not
    count. ``tenant``: whose policy counts; without it everything is allowed. ``elsewhere``: other
    applications that trust the token, of those that whoever asks may read.
    """
    if presented.self_signed:
        return _self_signed(presented, client, now)
    judged = _judge(presented, trusted, client, disabled)
    credential, proved = _prove(presented, judged, keys or {}, own or OwnIssuers(), now, tenant)
    proof = _state(proved, proof)
    refused = judged.refused or next((error for _, error in proved if error), None)
    steps = (_readable(presented), *_matching(judged), *(step for step, _ in proved))
    if refused is None:
        cause = Cause("", _accepted(credential, presented, proof))
    elif judged.refused:
        cause = access_token(presented, own or OwnIssuers()) or _unmatched(judged, client, elsewhere, proof)
    else:
        cause = why(refused, presented, credential.issuer if credential else None, keys or {}, now)
    return Explanation(
        application=client,
        outcome="refused" if refused else "accepted",
        stage=next((each.id for each in steps if refused and each.code == refused.row.label), None),
        code=refused.row.label if refused else "",
        message=refused.message if refused else "",
        cause=cause.id,
        sentence=kept(cause.sentence, LONGEST_SENTENCE),
        warning=_STRANGER if refused and proof != "proven" else "",
        at=now,
        proof=proof,
        complete=all(each.status != "skip" for each in steps),
        credential=credential.name if credential and not refused else "",
        steps=steps,
        near=tuple(
            replace(each, edits=actions(each.edits, proof, presented, client, each)) for each in judged.near[:SHOWN]
        ),
        edits=actions(cause.edits, proof, presented, client, judged.near[0] if judged.near else None),
        elsewhere=tuple(map(kept, elsewhere)) if judged.refused else (),
        assertion=_summary(presented),
        unlisted=platform.unlisted(presented) if proof == "proven" else (),
    )


def unreadable(refused: Refused, *, client: str, now: datetime, token: str = "") -> Explanation:
    """Explain why ``token`` could not even be read. ``refused`` is what ``assertions.parse`` raised."""
    cause = why_unreadable(refused, token)
    step = Step(id="parse", label="Readable token", status="fail", detail=refused.detail, code=refused.row.label)
    return Explanation(
        application=client,
        outcome="refused",
        stage="parse",
        code=refused.row.label,
        message=refused.message,
        cause=cause.id,
        sentence=cause.sentence,
        warning=_STRANGER,
        at=now,
        proof="unknown",
        complete=False,
        steps=(step,),
        edits=cause.edits,
    )


def _self_signed(presented: Presented, client: str, now: datetime) -> Explanation:
    return Explanation(
        application=client,
        outcome="refused",
        cause="SELF_SIGNED",
        sentence="iss and sub are equal: the application signed this token itself, with a certificate. What it trusts "
        "plays no part; see accredit certificate list.",
        at=now,
        proof="unknown",
        complete=False,
        steps=(_readable(presented),),
        assertion=_summary(presented),
    )


@dataclass(frozen=True, slots=True)
class _Judged:
    """How matching ended: the candidates, or the refusal and everybody's verdict, the nearest first."""

    candidates: tuple[FederatedCredential, ...]
    refused: Refused | None
    verdict: Verdict | None  # on the first candidate, or on the nearest credential
    near: tuple[Near, ...]


def _judge(presented: Presented, trusted: Trusted, client: str, disabled: Sequence[FederatedCredential]) -> _Judged:
    matched = match(trusted, presented)
    try:
        candidates = choose(client, matched)
    except Refused as error:
        ranked = rank(matched.verdicts, presented)
        verdict = next(
            (each for each in matched.verdicts if ranked and each.credential.id == ranked[0].credential_id), None
        )
        verdict = verdict and asked(verdict, presented)
        return _Judged((), error, verdict, (*_switched_off(disabled, presented, trusted), *ranked))
    return _Judged(candidates, None, evaluate(candidates[0], presented, trusted.multi_audience), ())


def _switched_off(disabled: Sequence[FederatedCredential], presented: Presented, trusted: Trusted) -> tuple[Near, ...]:
    """Return the disabled credentials that would match if they counted."""
    verdicts = [evaluate(each, presented, trusted.multi_audience) for each in disabled]
    return tuple(_off(verdict, trusted) for verdict in verdicts if verdict.passed)


def _off(verdict: Verdict, trusted: Trusted) -> Near:
    name = verdict.credential.name
    state = Cause("STATE", f"The credential `{name}` matches, but it is disabled.", (_ENABLE,))
    cause = retired(verdict.credential, trusted.credentials) or state
    return Near(
        credential_id=verdict.credential.id,
        name=name,
        state="disabled",
        score=100,
        cause=cause.id,
        sentence=cause.sentence,
        comparisons=compare(verdict),
        edits=cause.edits if cause is state else (*cause.edits, _ENABLE),
    )


_ENABLE: Final = Edit(target="credential", kind="enable", what="state", text="enable the credential")


def _unmatched(judged: _Judged, client: str, elsewhere: tuple[str, ...], proof: ProofState) -> Cause:
    nearest = judged.near[0] if judged.near else None
    if nearest is not None and nearest.cause != DIFFERENT:
        return Cause(nearest.cause, nearest.sentence, nearest.edits)
    if elsewhere:
        return other_application(client, elsewhere)
    if nearest is None:
        return nobody(client)
    return Cause(DIFFERENT, nearest.sentence, (*nearest.edits, *((ADD,) if proof == "proven" else ())))


def _matching(judged: _Judged) -> tuple[Step, ...]:
    """Return the three steps of matching; the code stands at the first that failed."""
    code = judged.refused.row.label if judged.refused else ""
    if judged.verdict is None:
        none = Step(id="issuer", label="Issuer", status="fail", detail="no enabled credential", code=code)
        rest = (Step(id=step, label=label, status="skip", detail="not reached") for step, label in _REST)
        return (none, *rest)
    steps = []
    for check in judged.verdict.checks:
        step, label = _STEPS[check.claim]
        status: Status = "pass" if check.passed else "fail"
        steps.append(Step(id=step, label=label, status=status, code="" if check.passed else code))
        code = code if check.passed else ""
    return tuple(steps)


def _prove(
    presented: Presented, judged: _Judged, keys: Keys, own: OwnIssuers, now: datetime, tenant: Tenant | None
) -> tuple[FederatedCredential | None, list[Tried]]:
    """Return the credential that the later steps are about, and the steps: the first that proves, if one does."""
    for each in judged.candidates:
        tried = prove(presented, each.issuer, keys, own, now, tenant, each)
        if proves(tried):
            return each, tried
    if judged.candidates:
        meant = next((each for each in judged.candidates if each.issuer.fetches), judged.candidates[0])
        return meant, prove(presented, meant.issuer, keys, own, now, tenant, meant)
    if judged.verdict and judged.verdict.checks[0].passed:
        credential = judged.verdict.credential
        return credential, prove(presented, credential.issuer, keys, own, now, tenant, credential)
    return None, prove(presented, None, keys, own, now, tenant)


def _state(proved: list[Tried], known: ProofState) -> ProofState:
    """What the signature step says of the sender, or what was known before where it was not made."""
    signature, error = next((step, error) for step, error in proved if step.id == "signature")
    if error is not None and error.row is ISSUER_UNREACHABLE:  # without keys nothing was tried
        return known
    told: dict[str, ProofState] = {"pass": "proven", "fail": "unproven"}
    return told.get(signature.status, known)


def _accepted(credential: FederatedCredential | None, presented: Presented, proof: ProofState) -> str:
    name = credential.name if credential else ""
    unchecked = "" if proof == "proven" else " Its signature was not checked."
    others = [each for each in presented.audiences if credential and each != credential.audience]
    if others:
        more = f" It is also meant for `{kept(', '.join(others))}`, and whoever receives it there can present it here."
    else:
        more = " A list with one audience equals that audience." if isinstance(presented.claims["aud"], list) else ""
    return f"The token matches the credential `{name}`.{more}{unchecked}"


def _readable(presented: Presented) -> Step:
    kid = f", kid {kept(presented.key.kid)}" if presented.key.kid else ""
    return Step(id="parse", label="Readable token", status="pass", detail=f"alg {presented.key.alg}{kid}")


def _summary(presented: Presented) -> Summary:
    return Summary(
        alg=presented.key.alg,
        kid=kept(presented.key.kid) if presented.key.kid else None,
        type=kept(presented.type) if presented.type else None,
        issuer=kept(presented.issuer),
        subject=kept(presented.subject) if presented.subject is not None else None,
        audiences=tuple(kept(each) for each in presented.audiences),
        issued_at=presented.issued_at,
        not_before=presented.not_before,
        expires=presented.expires,
        sha256=presented.digest,
    )
