"""A second matcher over plain strings: slow, short, and written without looking at the first one.

It says which credentials of an application match a token, and with which code nothing matching is refused.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

Credential = Mapping[str, Any]
"""issuer, audience, and subject or expression."""


def matching(credentials: Sequence[Credential], claims: Mapping[str, Any], several: str) -> list[int]:
    """Indexes of the credentials that match."""
    return [
        n
        for n, each in enumerate(credentials)
        if each["issuer"] == claims["iss"] and _audience(each, claims, several) and _subject(each, claims)
    ]


def code(credentials: Sequence[Credential], claims: Mapping[str, Any], several: str) -> int:
    """The AADSTS code of a token that nothing matches."""
    if not credentials:
        return 70025
    known = [each for each in credentials if each["issuer"] == claims["iss"]]
    if not known:
        return 700211
    meant = [each for each in known if _audience(each, claims, several)]
    if not meant:
        return 700212
    subject = claims.get("sub") or ""
    if not subject:
        return 90014
    if any((each.get("subject") or "").casefold() == subject.casefold() for each in meant if each.get("subject")):
        return 7002138
    return 7002131 if any(each.get("expression") for each in credentials) else 700213


def _audience(credential: Credential, claims: Mapping[str, Any], several: str) -> bool:
    presented = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if len(presented) > 1 and several == "refuse":
        return False
    return credential["audience"] in presented


def _subject(credential: Credential, claims: Mapping[str, Any]) -> bool:
    if not credential.get("expression"):
        return bool(credential["subject"] == claims.get("sub"))
    return all(_clause(each, claims) for each in credential["expression"].split(" and "))


def _clause(text: str, claims: Mapping[str, Any]) -> bool:
    found = re.fullmatch(r"claims\['([^']+)'\] (eq|matches) '(.*)'", text)
    assert found, text
    name, operator, operand = found[1], found[2], found[3].replace("''", "'")
    value = claims.get(name)
    if not isinstance(value, str):
        return False
    if operator == "eq":
        return value == operand
    pattern = "".join({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in operand)
    return re.fullmatch(pattern, value, re.DOTALL) is not None
