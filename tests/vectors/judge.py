"""Judging a signature whose payload need not be claims: our reader, key policy and proof, with claims that pass."""

from accredit import assertions
from accredit.assertions import EXTENDED, Presented, compact
from accredit.errors import Refused
from accredit.issuers import KeyReference, jwks, strictjson
from tests.forge import AT, AUDIENCE, ISSUER, NOW, SUBJECT
from tests.issuers.records import extended


def accepted(text: str, document: bytes) -> bool:
    """Whether ``text`` is read and proven with the keys of ``document``."""
    try:
        prove(compact.split(text), document)
    except (Refused, ValueError):
        return False
    return True


def prove(segments: compact.Segments, document: bytes) -> None:
    """Everything but the reading of claims. Raises ``Refused``, or ``ValueError`` for a header that is no JSON."""
    header = strictjson.loads(segments.header, depth=compact.MAX_DEPTH, members=compact.MAX_MEMBERS)
    if not isinstance(header, dict):
        raise ValueError("the header is not a JSON object")  # noqa: TRY004  what the reader raises for a document
    key = compact.read_header(header, EXTENDED.algorithms, signed=bool(segments.signature))
    assertions.verify(_presented(segments, key), extended(), jwks.parse(document, extended()), NOW)


def _presented(segments: compact.Segments, key: KeyReference) -> Presented:
    return Presented(
        issuer=ISSUER,
        subject=SUBJECT,
        audiences=(AUDIENCE,),
        key=key,
        type=None,
        expires=AT + 300,
        not_before=None,
        issued_at=AT,
        token_id=None,
        claims={},
        header={},
        signing_input=segments.signing_input,
        signature=segments.signature,
        digest="",
    )
