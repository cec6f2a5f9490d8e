"""The form of a federated credential: what was typed into it, and the trust that it stands for.

Rule 1: nothing is trimmed or folded: values are compared character by character, so a blank is told, not removed.
Rule 2: what is prefilled from a token or an event is its issuer and its subject to the letter, never rebuilt.
Rule 3: whether a trust may be saved is for ``administer`` to say. What is said here of a field its preset says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from accredit.trust import DEFAULT_AUDIENCE, proposed_name
from accredit.trust import presets as catalogue
from accredit.trust.presets import form as forms
from accredit.trust.written import WrittenTrust

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from accredit.assertions import Presented
    from accredit.trust import FederatedCredential, Members
    from accredit.trust.presets import Field, FieldFinding, Preset
    from accredit.web.portal.visit import Form

OTHER: Final = "other"  # the preset without a platform: issuer and subject, or an expression, as they are typed
SUBJECT: Final = "subject"
EXPRESSION: Final = "expression"  # the modes of that
FIELD: Final = "f-"  # begins the names of a preset's fields among those of the form
_TEXTS: Final = ("expression", "audience", "multi_audience", "listed_audiences", "name", "description", "reason")
_TYPED: Final = ("typed_issuer", "typed_subject")


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What is in the form."""

    preset: str = OTHER
    mode: str = ""  # empty: the preset's first
    values: dict[str, str] = {}
    expression: str = ""
    language_version: int = 1
    audience: str = ""  # empty: the one that the preset proposes
    multi_audience: str = ""  # empty: as the tenant says
    listed_audiences: str = ""  # one a line
    name: str = ""
    description: str = ""
    reason: str = ""  # why what lint calls an error is accepted
    stranger: bool = False  # filled from a token of which nobody has proven who sent it
    typed_issuer: str = ""  # what whoever trusts such a one types
    typed_subject: str = ""

    @property
    def of(self) -> Preset:
        """The preset. ``PRESET_UNKNOWN``."""
        return catalogue.preset(self.preset)

    @property
    def way(self) -> str:
        """The mode that is chosen, or the usual one."""
        if self.preset == OTHER:
            return EXPRESSION if self.mode == EXPRESSION else SUBJECT
        return self.mode if self.of.mode(self.mode) is not None and self.mode else self.of.modes[0].id

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields that are shown for this mode."""
        preset = self.of
        if self.preset == OTHER:
            return tuple(each for each in preset.fields if self.way == SUBJECT or each.name == "issuer")
        mode = preset.mode(self.way)
        return catalogue.fields(preset, mode) if mode is not None else ()

    @property
    def usual(self) -> tuple[Field, ...]:
        """Those that everybody fills in; the rest is folded until it is wanted."""
        mode = self.of.mode(self.way)
        needed = mode.needs if mode is not None else ()
        plain = [each for each in self.fields if each.required or each.name in needed or each.choices]
        beside = {"value", "ref", "environment", "connection"}  # of a choice: what it is called
        return tuple(each for each in self.fields if each in plain or each.name in beside)

    def place(self, member: str) -> str:
        """Return the field of the form at which something is said of a member of the trust."""
        if self.of.field(member) is not None and (self.preset != OTHER or member != SUBJECT or self.way == SUBJECT):
            return f"{FIELD}{member}"
        if self.preset == OTHER:
            return EXPRESSION if member in {SUBJECT, EXPRESSION} else f"{FIELD}issuer"
        return "preset" if member == "issuer" else "mode"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The trust that a form stands for; without ``trust`` it stands for none yet, and ``problems`` say why."""

    trust: WrittenTrust | None = None
    problems: dict[str, str] = {}  # by field of the form
    notes: dict[str, str] = {}  # what people should know of values that are taken
    mode: str = ""
    rendered: Any = None  # as the preset renders it, for what is pasted at its platform

    @property
    def members(self) -> Members:
        """Return the arguments of ``administer.credentials``."""
        trust = self.trust
        if trust is None:
            raise LookupError("the form stands for no trust")
        return {
            "name": trust.name,
            "issuer": trust.issuer,
            "subject": trust.subject,
            "expression": trust.expression,
            "language_version": trust.language_version,
            "audiences": trust.audiences,
            "description": trust.description,
            "multi_audience": trust.multi_audience,
            "listed_audiences": trust.listed_audiences,
        }


def read(form: Form) -> Draft:
    """Read what was sent. ``PRESET_UNKNOWN``."""
    preset = catalogue.preset(form.text("preset") or OTHER)
    texts = {name: form.get(name, "") for name in (*_TEXTS, *_TYPED)}
    return Draft(
        preset=preset.id,
        mode=form.text("mode"),
        values={each.name: form.get(f"{FIELD}{each.name}", "") for each in preset.fields},
        language_version=2 if form.text("language_version") == "2" else 1,
        stranger=form.text("stranger") == "yes",
        **texts,
    )


def wanted(draft: Draft, taken: Collection[str]) -> Wanted:
    """Return the trust that a form stands for. ``taken``: names of the application's other credentials."""
    return _other(draft, taken) if draft.preset == OTHER else _rendered(draft, taken)


def _rendered(draft: Draft, taken: Collection[str]) -> Wanted:
    shown = {each.name for each in draft.fields}
    values = {name: text for name, text in draft.values.items() if name in shown}
    try:
        found = catalogue.render(draft.of, values, mode=draft.way, audience=draft.audience or None)
    except catalogue.FormError as error:
        return Wanted(problems=_by_field(error.findings, draft), mode=draft.way)
    trust = WrittenTrust(
        name=draft.name or catalogue.free_name(found.name, taken),
        issuer=found.issuer,
        subject=found.subject,
        expression=found.expression,
        language_version=found.language_version,
        audiences=(found.audience,),
        preset=found.preset,
        **_rest(draft),
    )
    return Wanted(trust=trust, notes=_by_field(found.warnings, draft), mode=found.mode, rendered=found)


def _other(draft: Draft, taken: Collection[str]) -> Wanted:
    """Return what is typed as it is: what no platform's form knows of."""
    preset, mode = draft.of, draft.way
    values = {each.name: draft.values.get(each.name, "") for each in draft.fields}
    needed = {**values, **({} if mode == SUBJECT else {EXPRESSION: draft.expression})}
    if missing := {draft.place(name): _NEEDED for name, text in needed.items() if not text}:
        return Wanted(problems=missing, mode=mode)
    said = [*forms.unfit(preset, values), *forms.warnings(preset, values)]
    subject = values.get(SUBJECT)
    name = proposed_name(values["issuer"], subject) or _NAMELESS
    trust = WrittenTrust(
        name=draft.name or catalogue.free_name(name, taken),
        issuer=values["issuer"],
        subject=subject,
        expression=None if mode == SUBJECT else draft.expression,
        language_version=1 if mode == SUBJECT else draft.language_version,
        audiences=(draft.audience or DEFAULT_AUDIENCE,),
        **_rest(draft),
    )
    return Wanted(trust=trust, notes=_by_field(said, draft), mode=mode)


_NEEDED: Final = "It is needed."
_NAMELESS: Final = "federated-credential"


def _rest(draft: Draft) -> dict[str, Any]:
    listed = tuple(each.strip() for each in draft.listed_audiences.splitlines() if each.strip())
    return {
        "description": draft.description.strip() or None,
        "multi_audience": draft.multi_audience or None,
        "listed_audiences": listed if draft.multi_audience == "listed" else (),
    }


def _by_field(findings: Iterable[FieldFinding], draft: Draft) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in findings:
        field = draft.of.field(each.field)
        own = each.field in {"mode", "audience", "preset"} and field is None
        said = each.message.removesuffix(forms.wanted(field)).rstrip() if field else each.message  # it stands below
        found.setdefault(each.field if own else draft.place(each.field), said or each.message)
    return found


def of_trust(trust: WrittenTrust) -> Draft:
    """Return the form as it is filled in for a trust: that of its platform, or of none."""
    audience = trust.audiences[0] if trust.audiences else ""
    common: dict[str, Any] = {
        "name": trust.name,
        "description": trust.description or "",
        "multi_audience": trust.multi_audience or "",
        "listed_audiences": "\n".join(trust.listed_audiences),
    }
    found = catalogue.read(trust.issuer, trust.subject, trust.expression, trust.language_version, audience=audience)
    if found is not None and found.preset.id != OTHER:
        proposed = catalogue.render(found.preset, found.values, mode=found.mode, audience=audience).audience
        usual = _usual_audience(found.preset, found.values, found.mode)
        draft = Draft(preset=found.preset.id, mode=found.mode, values=dict(found.values), **common)
        return draft if proposed == usual else msgspec.structs.replace(draft, audience=audience)
    return Draft(
        mode=SUBJECT if trust.expression is None else EXPRESSION,
        values={"issuer": trust.issuer, "subject": trust.subject or ""},
        expression=trust.expression or "",
        language_version=trust.language_version,
        audience="" if audience == DEFAULT_AUDIENCE else audience,
        **common,
    )


def _usual_audience(preset: Preset, values: Mapping[str, str], mode: str) -> str:
    try:
        return catalogue.render(preset, values, mode=mode).audience
    except catalogue.FormError:
        return ""


def of_credential(credential: FederatedCredential) -> Draft:
    """Return the form as it is filled in for a credential that is stored."""
    return of_trust(WrittenTrust.of(credential))


def of_presented(presented: Presented, *, portable: bool) -> Draft:
    """Return the form for exactly the workload that a token is of: its issuer and subject to the letter.

    Where the platform's subjects never come twice, its ids instead; which Entra ID has no language for.
    """
    several = presented.audiences
    audience = DEFAULT_AUDIENCE if DEFAULT_AUDIENCE in several else several[0]
    found = catalogue.fill(presented.claims, audience)
    exact = WrittenTrust(name="", issuer=presented.issuer, subject=presented.subject or "", audiences=(audience,))
    if found is None or found.subject is not None or (portable and found.language_version != 1):
        return of_trust(exact)
    by_ids = msgspec.structs.replace(
        exact, subject=None, expression=found.expression, language_version=found.language_version
    )
    return of_trust(by_ids)


def by_hand(draft: Draft, trust: WrittenTrust) -> Draft:
    """Return a form in which the same trust is an expression that people write themselves."""
    quoted = (trust.subject or "").replace("'", "''")
    return msgspec.structs.replace(
        draft,
        preset=OTHER,
        mode=EXPRESSION,
        values={"issuer": trust.issuer},
        expression=trust.expression or f"claims['sub'] eq '{quoted}'",
        language_version=trust.language_version,
        audience="" if trust.audiences[0] == DEFAULT_AUDIENCE else trust.audiences[0],
    )


def with_edit(draft: Draft, trust: WrittenTrust, edit: Mapping[str, str]) -> Draft:
    """Return the form with the new values that lint proposes: whole members of the trust, as they are."""
    new = {"issuer": trust.issuer, "subject": trust.subject, "expression": trust.expression}
    new |= {_MEMBERS[name]: value for name, value in edit.items() if _MEMBERS.get(name) in new}
    if "claimsMatchingExpression" in edit:
        new["subject"] = None
    audiences = (edit["audiences"],) if "audiences" in edit else trust.audiences
    made = of_trust(msgspec.structs.replace(trust, **new, audiences=audiences, name=draft.name))
    return msgspec.structs.replace(
        made, stranger=draft.stranger, reason=draft.reason, typed_issuer="", typed_subject=""
    )


_MEMBERS: Final = {"issuer": "issuer", "subject": "subject", "claimsMatchingExpression": "expression"}
