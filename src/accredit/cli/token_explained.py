"""What a platform's token says, where it was found, and the credential that trusts it, ready to be pasted.

Nothing here is verified, and it says so: a token proves something to who has its issuer's keys.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from accredit.cli.ink import safe
from accredit.cli.output import Column
from accredit.cli.preset_form import option_of
from accredit.cli.words import accredit
from accredit.client.renewing import AUDIENCE
from accredit.client.sources import claims as reading
from accredit.client.sources import registry
from accredit.client.sources.source import Surroundings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from accredit.cli.session import Session
    from accredit.client import Assertion
    from accredit.client.sources.registry import Looked
    from accredit.trust.presets import Rendered

TAKEN: Final = frozenset({"name", "description", "audience", "expression", "mode", "preset", "override", "since"})
"""Fields whose option means something else where credentials are added."""
COLUMNS: Final = (
    Column("Source", "name"),
    Column("Platform", "title"),
    Column("Token", "reads", below=True),
    Column("Proven by", "provenBy", below=True),
)
_FOUND: Final = (Column("Source", "name"), Column("Found", "found"), Column("Why", "why", below=True))
_UNSURE: Final = "Not verified: who has the issuer's keys can say whether this is true. accredit explain asks for them."


def listed(*, here: bool) -> tuple[list[dict[str, Any]], tuple[Column, ...]]:
    """Return every source as it is shown. ``here``: what was seen of those that are looked for."""
    if here:
        return [_seen(each) for each in registry.look(Surroundings())], _FOUND
    return [
        {
            "name": each.name,
            "aliases": list(each.aliases),
            "title": each.title,
            "reads": each.reads.replace("`", ""),
            "automatic": each.automatic,
            "extra": each.extra or None,
            "provenBy": each.proven,
            "proof": each.proof,
        }
        for each in registry.SOURCES
    ], COLUMNS


def explain(session: Session, assertion: Assertion, looked: Sequence[Looked]) -> None:
    """Print what the token says and the credential for it; of the token itself nothing that opens anything."""
    from accredit.cli.token_read import drawn, read

    given = assertion.peeked()
    header, claims = read(given.value)
    trust = credential(claims)
    seen = [_seen(each) for each in looked if each.detection is not None and each.detection.found]
    if session.output != "table" or session.query:
        session.show(
            {
                "source": assertion.source.name,
                "detected": seen,
                "verified": False,
                "header": header,
                "claims": claims,
                "credential": trust,
            }
        )
        return
    session.say(f"{session.ink.bold('source')}  {safe(_told(assertion.source.name, seen))}")
    for line in drawn(header, claims, session.ink):
        session.say(line)
    session.remark(_UNSURE)
    _show_credential(session, trust)


def _told(name: str, seen: Sequence[Mapping[str, Any]]) -> str:
    why = next((each["why"] for each in seen if each["name"] == name), "")
    return f"{name}  {why}" if why else name


def _seen(each: Looked) -> dict[str, Any]:
    if each.detection is None:
        return {"name": each.known.name, "found": None, "why": "not asked: another was found before"}
    return {"name": each.known.name, "found": each.detection.found, "why": each.detection.why}


def credential(claims: Mapping[str, Any]) -> dict[str, Any]:
    """Return the credential that trusts such a token, and the commands that add it here and in Entra ID."""
    from accredit.trust import presets

    heard = reading.audiences(dict(claims))
    audience = AUDIENCE if AUDIENCE in heard or not heard else heard[0]
    rendered = presets.fill(claims, audience)
    members = _members(claims, audience, rendered)
    return {
        "preset": rendered.preset.partition("@")[0] if rendered is not None else None,
        **members,
        "command": _command(members, rendered),
        "az": _az(members) if rendered is None or rendered.expression is None else None,
        "missing": [each for each in ("iss", "sub", "aud") if not claims.get(each)],
        "findings": _findings(members),
    }


def _findings(members: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return what lint has against it: it was made for one token, and may trust more than that, or a name."""
    from accredit.trust.lint import Context, lint
    from accredit.trust.written import WrittenTrust

    written = members.get("claimsMatchingExpression") or {"value": None, "languageVersion": 1}
    trust = WrittenTrust(
        name=members["name"],
        issuer=members["issuer"],
        subject=members.get("subject"),
        expression=written["value"],
        language_version=written["languageVersion"],
        audiences=tuple(members["audiences"]),
    )
    found = lint([trust], Context(portability="entra" if written["languageVersion"] == 1 else "extended"))
    named = ("rule", "level", "message", "remedy")
    return [{name: getattr(each, name) for name in named} for each in found if each.level != "info"]


def _members(claims: Mapping[str, Any], audience: str, rendered: Rendered | None) -> dict[str, Any]:
    if rendered is None:
        issuer, subject = str(claims.get("iss") or ""), str(claims.get("sub") or "")
        return {"name": _name(issuer, subject), "issuer": issuer, "subject": subject, "audiences": [audience]}
    named = {"name": rendered.name, "issuer": rendered.issuer}
    if rendered.expression is None:
        return {**named, "subject": rendered.subject, "audiences": [audience]}
    written = {"value": rendered.expression, "languageVersion": rendered.language_version}
    return {**named, "claimsMatchingExpression": written, "audiences": [audience]}


def _name(issuer: str, subject: str) -> str:
    host, end = issuer.partition("://")[2].partition("/")[0], subject.rpartition(":")[2]
    return re.sub(r"[^A-Za-z0-9]+", "-", f"{host}-{end}").strip("-")[:60] or "workload"


def _command(members: Mapping[str, Any], rendered: Rendered | None) -> str:
    audience = members["audiences"][0]
    heard = () if audience == AUDIENCE else ("--audience", audience)
    if rendered is None:
        told = ("--issuer", members["issuer"], "--subject", members["subject"])
        return accredit("credential", "add", "APP", "--name", members["name"], *told, *heard)
    words = ["--preset", rendered.preset.partition("@")[0], "--mode", rendered.mode]
    for name, value in rendered.values.items():
        words += ["--field", f"{name}={value}"] if name in TAKEN else [option_of(name), value]
    return accredit("credential", "add", "APP", *words, *heard)


def _az(members: Mapping[str, Any]) -> str:
    import shlex

    parameters = shlex.quote(json.dumps(dict(members)))
    return f"az ad app federated-credential create --id APP --parameters {parameters}"


def _show_credential(session: Session, trust: Mapping[str, Any]) -> None:
    for each in trust["missing"]:
        session.warn(f"the token has no {each}: an authority refuses it")
    if trust["missing"]:
        return
    session.say("")
    whose = f"  preset {trust['preset']}" if trust["preset"] else ""
    session.say(f"{session.ink.bold('credential')}{whose}")
    session.say(safe(trust["command"]))
    for each in trust["findings"]:
        session.warn(f"{each['rule']}: {each['message']} {each['remedy']}")
    if trust["az"]:
        session.say(safe(trust["az"]))
        return
    session.remark("In Entra ID no command adds an expression; its language there is narrower: accredit export.")
    if trust["claimsMatchingExpression"]["languageVersion"] > 1:
        session.remark("Its language is version 2, which a tenant takes that need not be like Entra ID (extended).")
