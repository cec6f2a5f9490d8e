"""Why the keys of an issuer could not be had: what came of the visit to it, and what to do about that.

What a visit says of its failure begins with the document that was wanted, and the step that failed (``outbound``).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from accredit.explain.causes import Cause
from accredit.explain.model import Edit
from accredit.signins import kept

if TYPE_CHECKING:
    from accredit.errors import Refused

_STEP: Final = re.compile(r"(?:(?:discovery|jwks): )?(?P<step>[a-z]+): ")
_UPLOAD: Final = Edit(
    target="issuer", kind="set", what="keys", text="upload the issuer's keys if it cannot be reached from here"
)
_BIND: Final = Edit(
    target="issuer",
    kind="set",
    what="access",
    text="bind the role system:service-account-issuer-discovery to system:unauthenticated in the cluster",
)
_REMEDY: Final = (
    "Bind the role `system:service-account-issuer-discovery`, use authenticated discovery, or upload the keys."
)
_TRUST: Final = Edit(target="issuer", kind="set", what="caBundle", text="give the issuer record the CA that signed it")
_WAIT: Final = Edit(target="issuer", kind="refresh", what="keys", text="fetch the issuer's keys now")

# fmt: off
_KNOWN: Final = (  # how what is said begins or reads, the cause, the sentence, what helps
    (r"jwks: status:? 403\b.*", "RBAC_403",
     "Discovery answered 200 but the key document answered 403. The cluster hides its keys from anonymous callers. "
     + _REMEDY, (_BIND, _UPLOAD)),
    (r"discovery: status:? (?:401|403)\b.*", "RBAC_403",
     "Discovery itself answered 403. Whoever runs the issuer hides it from anonymous callers. For a cluster: "
     + _REMEDY, (_BIND, _UPLOAD)),
    (r".*(?:not due yet|^wait: ).*", "KEY_COOLDOWN",
     "The issuer's keys could not be had a moment ago, and are not asked for again yet: {detail}.", (_WAIT, _UPLOAD)),
    (r".*\btls: the certificate is not accepted: .*\bexpired\b.*", "TLS_EXPIRED",
     "The issuer was reached, but its certificate has expired: {detail}. Whoever runs the issuer has to renew it.",
     (_UPLOAD,)),
    (r".*\btls: the certificate is not accepted: .*\bmismatch\b.*", "TLS_NAME",
     "The issuer was reached, but its certificate is for another name: {detail}. It has to name the host of the URL.",
     (_UPLOAD,)),
    (r".*\btls: the certificate is not accepted.*", "TLS_CA",
     "The issuer was reached, but nobody trusted signed its certificate: {detail}. Give the record its CA.",
     (_TRUST, _UPLOAD)),
    (r"discovery: the document says .*", "ISSUER_MISMATCH",
     "The discovery document is of another issuer: {detail}. The two must be equal, character by character.", ()),
    (r"(?:discovery|jwks): (?:not JSON|.*(?:JSON|expected a value|unexpected).*)", "HTML",
     "The address answered, but not with JSON: mostly that is a page for people, such as a sign-in. {detail}.",
     (_UPLOAD,)),
)
# fmt: on
_TABLE: Final = tuple((re.compile(pattern, re.DOTALL), *rest) for pattern, *rest in _KNOWN)


def why(refused: Refused) -> Cause:
    """Name the reason for a visit that brought no keys."""
    detail = kept(refused.detail)
    for pattern, cause, sentence, edits in _TABLE:
        if pattern.fullmatch(refused.detail):
            return Cause(cause, sentence.replace("{detail}", detail), edits)
    step = _STEP.match(refused.detail)
    named = f"ISSUER_UNREACHABLE({step['step']})" if step else "ISSUER_UNREACHABLE"
    return Cause(named, f"The issuer's keys could not be had: {detail}.", (_UPLOAD,))
