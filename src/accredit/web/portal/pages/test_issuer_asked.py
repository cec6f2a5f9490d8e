"""The form of the test issuer, read: a request of the control API, and what is wrong at which field."""

from __future__ import annotations

import json
import shlex
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from accredit.directory import read_guid
from accredit.query import Compare, Query
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from accredit.directory import Application
    from accredit.errors import Refused
    from accredit.ports import Transaction
    from accredit.web.portal.bench import Dialect
    from accredit.web.portal.visit import Form

DATES: Final = ("iat", "nbf", "exp")
_LATEST: Final = 32_503_680_000  # seconds since 1970: the year 3000
LIFETIME: Final = "lifetime"
_WORDS: Final[Mapping[str, bool | None]] = {"null": None, "true": True, "false": False}
_OBJECTS: Final = ("overrides", "header")
_FIELDS: Final = {"params.lifetime": LIFETIME, "params": "dialect", "faults": "faults"}


class Asked(NamedTuple):
    """What a form asks, as the control API is asked, and what is wrong with it, by field."""

    request: Mapping[str, Any]
    problems: Mapping[str, str]


def read(form: Form, dialect: Dialect) -> Asked:
    """Read the form. What is empty is the dialect's to say."""
    problems: dict[str, str] = {}
    params = {each.name: _value(text) for each in dialect.choices if (text := form.text(f"param.{each.name}"))}
    if lifetime := form.text(LIFETIME):
        params[LIFETIME] = lifetime
    request: dict[str, Any] = {"dialect": dialect.name}
    if params:
        request["params"] = params
    for name in _OBJECTS:
        if found := _object(form, name, problems):
            request[name] = found
    if times := _times(form, problems):
        request["times"] = times
    if faults := list(form.all("fault")):
        request["faults"] = faults
    request |= {name: text for name in ("sample", "instance") if (text := form.text(name))}
    return Asked(request, problems)


def problem(refused: Refused) -> dict[str, str]:
    """Return at which field a refusal of the test issuer belongs, and its sentence."""
    what = refused.fields.get("what", "")
    if what.startswith("fault "):
        return {"faults": refused.message}
    field = _FIELDS.get(what) or what.replace("params.", "param.", 1).replace("times.", "time.", 1)
    return {field or "dialect": refused.message}


class Decoded(NamedTuple):
    """What a token says, as it is shown."""

    header: str  # JSON
    claims: str
    dates: Sequence[tuple[str, datetime]]


def decoded(header: Mapping[str, Any], claims: Mapping[str, Any]) -> Decoded | None:
    """Return what a token says; ``None`` where there is nothing."""
    if not claims:
        return None
    dates = [(name, datetime.fromtimestamp(at, UTC)) for name in DATES if _is_date(at := claims.get(name))]
    return Decoded(as_json(header), as_json(claims), dates)


def _is_date(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < _LATEST


def client_id(typed: str) -> str:
    """Return a client id as it was typed; "" for what is none."""
    found = read_guid(typed)
    return "" if found is None else str(found)


async def by_name(store: Transaction, tenant_id: UUID, name: str) -> Sequence[Application]:
    """Return the applications with exactly this name, two of them at most."""
    query = Query(condition=Compare("displayName", "eq", name), limit=2)
    return (await store.applications.search(query, tenant_id=tenant_id)).things


def as_json(value: object) -> str:
    """Write JSON as people read it."""
    return msgspec.json.format(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"), indent=2).decode()


def command(request: Mapping[str, Any], base: str) -> str:
    """Return the same thing on a command line."""
    said = ["accredit", "idp", "mint", str(request["dialect"])]
    for option, name in (("--param", "params"), ("--override", "overrides"), ("--header", "header")):
        for member, value in request.get(name, {}).items():
            said += [option, f"{member}={value if isinstance(value, str) else json.dumps(value)}"]
    for date, seconds in request.get("times", {}).items():
        said += ["--time", f"{date}={'null' if seconds is None else seconds}"]
    for each in request.get("faults", ()):
        said += ["--fault", str(each)]
    for name in ("sample", "instance"):
        if name in request:
            said += [f"--{name}", str(request[name])]
    return shlex.join([*said, "--url", base])


def _value(text: str) -> object:
    """Read a parameter as the command line does: text, but for the words of JSON, lists and objects."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in "[{":
        try:
            found: object = msgspec.json.decode(text)
        except msgspec.DecodeError:
            return text
        return found
    return text


def _object(form: Form, name: str, problems: dict[str, str]) -> dict[str, Any]:
    text = form.text(name)
    if not text:
        return {}
    try:
        found: dict[str, Any] = msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError) as error:
        problems[name] = _("This is no JSON object: {}").format(error)
        return {}
    return found


def _times(form: Form, problems: dict[str, str]) -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    for name in DATES:
        text = form.text(f"time.{name}")
        if text == "null":
            found[name] = None
        elif text:
            try:
                found[name] = int(text)
            except ValueError:
                problems[f"time.{name}"] = _("It must be a whole number of seconds from now, or null.")
    return found
