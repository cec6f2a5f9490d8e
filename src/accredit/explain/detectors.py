"""Which reasons are looked for, and in which order: the first that fits names the difference.

The order is that of ``docs/explain.md``: from what is the same thing spelt another way to what is another thing. What
costs little and is common stands before what asks the catalogue of platforms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.explain import audience, clause, grammar, instance, issuer, repository, spelling, subject
from accredit.explain.causes import Cause, different

if TYPE_CHECKING:
    from collections.abc import Callable

    from accredit.assertions import Presented
    from accredit.trust import Check, FederatedCredential

    Detect = Callable[[FederatedCredential, Check, Presented], Cause | None]

# fmt: off
DETECTORS: Final[dict[str, tuple[tuple[Detect, str], ...]]] = {  # a detector, and the causes that it can name
    "iss": (
        (spelling.too_long,        "DIFFERENT"),
        (issuer.slash,             "SLASH"),
        (issuer.double_slash,      "DOUBLE_SLASH"),
        (issuer.discovery,         "DISCOVERY_SUFFIX"),
        (spelling.white_space,     "WHITESPACE CONTROL"),
        (issuer.address,           "SCHEME PORT HOST_ALIAS"),
        (spelling.placeholder,     "PLACEHOLDER"),
        (spelling.case,            "CASE"),
        (spelling.look_alike,      "HOMOGLYPH NFC"),
        (spelling.percent,         "PERCENT"),
        (instance.legacy,          "LEGACY_TOKEN"),
        (instance.api_server,      "API_SERVER"),
        (instance.entra_version,   "ENTRA_VERSION"),
        (instance.moved,           "ISSUER_MOVED"),
        (instance.tenant_path,     "TENANT_PATH"),
        (instance.other_instance,  "OTHER_INSTANCE"),
    ),
    "aud": (
        (audience.cloud,           "AUD_CLOUD"),
        (audience.extra,           "AUD_EXTRA"),
        (audience.fixed,           "AUD_FIXED"),
        (audience.default,         "AUD_DEFAULT"),
        (spelling.too_long,        "DIFFERENT"),
        (spelling.white_space,     "WHITESPACE CONTROL"),
        (spelling.case,            "AUD_CASE"),
        (spelling.look_alike,      "HOMOGLYPH NFC"),
        (spelling.placeholder,     "PLACEHOLDER"),
    ),
    "sub": (
        (subject.absent,           "CLAIM_MISSING"),
        (spelling.too_long,        "DIFFERENT"),
        (spelling.placeholder,     "PLACEHOLDER"),
        (spelling.white_space,     "WHITESPACE CONTROL"),
        (spelling.case,            "CASE"),
        (spelling.look_alike,      "HOMOGLYPH NFC"),
        (spelling.percent,         "PERCENT"),
        (repository.generation,    "GENERATION"),
        (repository.id_changed,    "ID_CHANGED"),
        (repository.name_changed,  "NAME_CHANGED"),
        (repository.merge_queue,   "PER_RUN"),
        (repository.entity_type,   "ENTITY_TYPE"),
        (repository.ref_form,      "REF_FORM"),
        (subject.literal_star,     "LITERAL_STAR"),
        (repository.context,       "SEGMENT"),
        (repository.template,      "TEMPLATE"),
        (subject.arn_session,      "ARN_SESSION"),
        (subject.email,            "EMAIL_SUB"),
        (grammar.part,             "ID_CHANGED NAME_CHANGED PER_RUN PERSON SEGMENT"),
    ),
}
# fmt: on
OF_EXPRESSIONS: Final = "NO_EXPRESSION_CLAIM CLAIM_MISSING TYPE CLAUSE GLOB_DELIMITER ID_CHANGED BUDGET"
"""What an expression can fail for instead."""
_FIND: Final = {claim: tuple(detect for detect, _ in rows) for claim, rows in DETECTORS.items()}


def find(credential: FederatedCredential, check: Check, presented: Presented) -> Cause:
    """Name the reason why ``check`` failed: the first that fits. Which clause of an expression does not hold is not."""
    if check.claim == "sub" and credential.expression is not None and check.presented:
        return clause.UNTOLD
    for detect in _FIND[check.claim]:
        if cause := detect(credential, check, presented):
            return cause
    return different(credential, check, presented)
