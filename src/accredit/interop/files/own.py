"""Trusts as accredit itself writes them down, complete and for people to edit: JSON or YAML.

The document says what it is (``accredit: trusts``) and of which version; under ``applications`` stands for each what it
trusts. What is not said is as it usually is. Unlike a foreign document it may hold nothing that is unknown here.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from accredit.interop.files import quoting
from accredit.interop.files.node import Found, Node
from accredit.trust import MultiAudience
from accredit.trust.written import WrittenTrust

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MARK: Final = "accredit"
_STEP: Final = re.compile(r"\.([A-Za-z]+)|\[(\d+)\]|\[\.\.\.\]")


class _Object(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True
):
    """An object that may hold nothing unknown."""


class _Credential(_Object, frozen=True, kw_only=True):
    name: str
    issuer: str
    subject: str | None = None
    expression: str | None = None
    language_version: int = 1
    audience: str | None = None
    audiences: tuple[str, ...] = ()  # where they are not one
    description: str | None = None
    enabled: bool = True
    multi_audience: MultiAudience | None = None
    listed_audiences: tuple[str, ...] = ()
    preset: str | None = None


class _Application(_Object, frozen=True, kw_only=True):
    application: str  # its display name; empty where it is not known
    credentials: tuple[_Credential, ...] = ()


class _Document(_Object, frozen=True, kw_only=True):
    accredit: Literal["trusts"] = msgspec.field(name=MARK)
    version: Literal[1]
    applications: tuple[_Application, ...] = ()


def recognises(document: Node) -> bool:
    """Whether a document is one of ours."""
    return document.get(MARK).value == "trusts" if document.has(MARK) else False


def read(document: Node, found: Found) -> None:
    """Read every trust."""
    try:
        whole = msgspec.convert(document.value, _Document)
    except msgspec.ValidationError as error:
        reason, _, where = str(error).partition(" - at `$")
        steps = [step[1] or int(step[2] or 0) for step in _STEP.finditer(where)]
        Node(None, document.source, tuple(steps)).refuse(reason[:1].lower() + reason[1:])
    for m, application in enumerate(whole.applications):
        for n, each in enumerate(application.credentials):
            place = Node(None, document.source, ("applications", m, "credentials", n))
            if each.audience is not None and each.audiences:
                place.refuse("audience and audiences say two different things; give one of them")
            found.add(place, _trust(each, application.application))


def _trust(of: _Credential, application: str) -> WrittenTrust:
    members = {name: getattr(of, name) for name in of.__struct_fields__ if name not in {"audience", "audiences"}}
    audiences = of.audiences if of.audience is None else (of.audience,)
    return WrittenTrust(**members, audiences=audiences, application=application)


def _written(of: WrittenTrust) -> _Credential:
    members = {
        name: getattr(of, name) for name in _Credential.__struct_fields__ if name not in {"audience", "audiences"}
    }
    one = of.audiences[0] if len(of.audiences) == 1 else None
    return _Credential(**members, audience=one, audiences=of.audiences if one is None else ())


def _document(trusts: Sequence[WrittenTrust]) -> dict[str, Any]:
    held: dict[str, list[_Credential]] = {}
    for each in trusts:
        held.setdefault(each.application, []).append(_written(each))
    applications = [_Application(application=name, credentials=tuple(those)) for name, those in held.items()]
    return {MARK: "trusts", "version": 1, "applications": msgspec.to_builtins(applications)}


def as_json(trusts: Sequence[WrittenTrust]) -> str:
    """Write the document as JSON."""
    return json.dumps(_document(trusts), indent=2, ensure_ascii=True) + "\n"


def as_yaml(trusts: Sequence[WrittenTrust]) -> str:
    """Write the document as YAML."""
    return "".join(f"{line}\n" for line in _lines(_document(trusts), ""))


def _lines(value: dict[str, Any], indent: str) -> Iterator[str]:
    for name, each in value.items():
        if not isinstance(each, list | tuple):
            yield f"{indent}{name}: {_scalar(each)}"
            continue
        yield f"{indent}{name}:" if each else f"{indent}{name}: []"
        for element in each:
            yield from _element(element, indent + "  ")


def _element(of: dict[str, Any] | str, indent: str) -> Iterator[str]:
    if isinstance(of, str):
        yield f"{indent}- {_scalar(of)}"
        return
    first, *more = _lines(of, indent + "  ")
    yield f"{indent}- {first.strip()}"
    yield from more


def _scalar(value: Any) -> str:  # noqa: ANN401  text, a number or a truth value
    if isinstance(value, str):
        return value if value == "trusts" else quoting.yaml(value)
    return json.dumps(value)
