"""Known complaints of users of such systems, each as one application, one token, and what is said of them.

``tests/data/complaints.json`` was written without looking at the code; a case is changed only when its source was
misread.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from accredit.errors import ISSUER_UNREACHABLE, Refused
from accredit.explain import Explanation, explain, unreadable
from accredit.issuers import Issuer, KeySet, OwnIssuers, jwks
from tests.forge import NOW, assemble, claims, jwk, key_for
from tests.forge import jwks as published
from tests.support.trusting import credential, presented, record, trusted

CORPUS = json.loads((Path(__file__).parents[1] / "data/complaints.json").read_text("utf-8"))
CASES: dict[str, dict[str, Any]] = {each["id"]: each for each in CORPUS["cases"]}
OWN = OwnIssuers(["https://localhost:8443"])
RULES = CORPUS["defaults"]["multi_audience"]


def said(case: dict[str, Any]) -> dict[str, Any]:
    """The claims of a case's token; ``...`` for each that ``forge`` has and the token has not."""
    absent = dict.fromkeys(("sub", "aud", "jti", "iat", "nbf", "exp"), ...)
    times = {name: CORPUS["now"] + offset for name, offset in case["token"]["times"].items()}
    return {**absent, **case["token"]["claims"], **times}


def explanation(case: dict[str, Any], **given: Any) -> Explanation:
    """What is said of a case's token for the application ``a``."""
    header, extended = case["token"]["header"], case["portability"] == "extended"
    try:
        token = presented(extended=extended, header=header, **said(case))
    except Refused as refused:
        text = assemble({"alg": "RS256", "kid": "key-1", **header}, claims(**said(case)))
        return unreadable(refused, client="a", now=NOW, token=text)
    held, keys = [], {}
    for number, each in enumerate(case["credentials"], start=1):
        at = record(number, each["issuer"], key_source=(case["issuer"] or {}).get("key_source", "discovery"))
        if "published_kids" in (case["issuer"] or {}):
            keys[at.id] = _keys(case["issuer"], at)
        expected = {"issuer": at, "audience": each["audiences"][0], "expression": each.get("expression")}
        held.append(credential(number, each.get("subject"), **expected))
    trust = trusted(*held, multi_audience=RULES[case["portability"]])
    return explain(token, trust, client="a", now=NOW, own=OWN, keys=keys, **given)


def _keys(answers: dict[str, Any], at: Issuer) -> KeySet | Refused:
    """The keys that an issuer publishes, or why they cannot be had, in the words of a visit to it."""
    if not answers["published_kids"]:
        return Refused(ISSUER_UNREACHABLE, detail=f"jwks: status: {answers['jwks_status']}")
    return jwks.parse(published(*(jwk(key_for("RS256"), kid=kid) for kid in answers["published_kids"])), at)
