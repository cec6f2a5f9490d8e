"""The query protocol of AWS as its own clients speak it: a form comes in, XML goes out, a signature says who asks.

Rule 1: the signature is read, not verified: it names the access key, the region and the service, and nothing more is
needed to know which principal a test plays.
Rule 2: names of parameters, errors and XML elements are those of the service models that the SDKs are made from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_FIELDS: Final = 500  # 50 tags are 100 of them
CONTENT_TYPE: Final = "text/xml"
_MEMBER: Final = r"\.member\.([1-9][0-9]{0,3})"
_CREDENTIAL: Final = re.compile(
    r"Credential=([A-Za-z0-9]{1,128})/([0-9]{8})/([a-z0-9-]{1,40})/([a-z0-9-]{1,40})/aws4_request"
)
_PARTS: Final = ("SignedHeaders=", "Signature=")
_SCHEME: Final = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Service:
    """One service of AWS: what stands in its answers, and what a credential scope calls it."""

    name: str
    version: str
    namespace: str


STS: Final = Service("sts", "2011-06-15", "https://sts.amazonaws.com/doc/2011-06-15/")
IAM: Final = Service("iam", "2010-05-08", "https://iam.amazonaws.com/doc/2010-05-08/")


class Failed(Exception):
    """An error as AWS words it: its code, the HTTP status, and a sentence."""

    def __init__(self, code: str, status: int, message: str) -> None:
        super().__init__(message)
        self.code, self.status, self.message = code, status, message


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed a request, and for where."""

    access_key_id: str
    region: str
    service: str


def form(body: bytes) -> dict[str, str]:
    """Read the form. ``Failed(MalformedQueryString)``."""
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise Failed("MalformedQueryString", 404, "The query string contains a syntax error.") from error
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Failed("MalformedQueryString", 404, "The query string gives a parameter twice.")
    return found


def listed(fields: Mapping[str, str], name: str) -> list[str] | None:
    """Return the values of ``name.member.N`` in their order; ``None`` when the parameter is absent."""
    found = {int(at[1]): value for key, value in fields.items() if (at := re.fullmatch(re.escape(name) + _MEMBER, key))}
    return [found[number] for number in sorted(found)] if found or name in fields else None


def structures(fields: Mapping[str, str], name: str) -> list[dict[str, str]]:
    """Return the structures ``name.member.N.Field`` in their order."""
    found: dict[int, dict[str, str]] = {}
    for key, value in fields.items():
        if at := re.fullmatch(re.escape(name) + _MEMBER + r"\.([A-Za-z]+)", key):
            found.setdefault(int(at[1]), {})[at[2]] = value
    return [found[number] for number in sorted(found)]


def signer(authorization: str) -> Signer:
    """Read who signed. ``Failed``: ``MissingAuthenticationToken``, ``IncompleteSignature``."""
    scheme, _, rest = authorization.strip().partition(" ")
    if not scheme:
        raise Failed("MissingAuthenticationToken", 403, "Request is missing Authentication Token")
    named = _CREDENTIAL.search(rest)
    if scheme != _SCHEME or named is None or not all(part in rest for part in _PARTS):
        message = f"Authorization header requires {_SCHEME} with 'Credential', 'SignedHeaders' and 'Signature'."
        raise Failed("IncompleteSignature", 400, message)
    return Signer(named[1], named[3], named[4])


def answer(service: Service, action: str, result: Mapping[str, str] | None, request_id: str) -> bytes:
    """Return the XML of a success; ``result`` ``None`` for an action that answers nothing."""
    inner = "" if result is None else f"<{action}Result>{_elements(result)}</{action}Result>"
    metadata = f"<ResponseMetadata><RequestId>{escape(request_id)}</RequestId></ResponseMetadata>"
    return f'<{action}Response xmlns="{service.namespace}">{inner}{metadata}</{action}Response>'.encode()


def refusal(service: Service, failed: Failed, request_id: str) -> bytes:
    """Return the XML of an error. All of ours are the sender's."""
    inner = _elements({"Type": "Sender", "Code": failed.code, "Message": failed.message})
    said = f"<Error>{inner}</Error><RequestId>{escape(request_id)}</RequestId>"
    return f'<ErrorResponse xmlns="{service.namespace}">{said}</ErrorResponse>'.encode()


def _elements(values: Mapping[str, str]) -> str:
    return "".join(f"<{name}>{escape(_printable(value))}</{name}>" for name, value in values.items())


def _printable(text: str) -> str:
    """Replace what XML 1.0 cannot carry, even escaped: a refusal repeats what was sent."""
    return "".join(
        each
        if each in "\t\n\r" or " " <= each <= "\ud7ff" or "\ue000" <= each <= "\ufffd" or each >= "\U00010000"
        else "\ufffd"
        for each in text
    )
