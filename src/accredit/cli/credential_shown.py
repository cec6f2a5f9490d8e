"""A credential for people and programs, with the form of the preset that it is of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from accredit.cli.ink import safe
from accredit.cli.output import Column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accredit.cli.desk import Desk
    from accredit.cli.session import Session
    from accredit.directory import Application
    from accredit.trust import FederatedCredential
    from accredit.trust.presets import Form, Snippet


def show_credential(
    desk: Desk, of: Application, held: FederatedCredential, shown: dict[str, Any], *, snippets: bool = False
) -> None:
    """Print a credential with the form it is of; ``snippets``: and with what is pasted at its platform."""
    form = form_of(held)
    texts = _pasted(desk, of, form, held.audience) if snippets and form is not None else ()
    more = {"snippets": _snippet_shapes(texts)} if snippets else {}
    desk.session.show({**shown, **_shape(form), **more}, DETAILS)
    if desk.session.output == "table" and not desk.session.query:
        _show_snippets(desk.session, texts)


def form_of(held: FederatedCredential) -> Form | None:
    """Return the form that a credential may have been made with: nothing is kept with it, it is read back."""
    from accredit.trust import presets

    expression = held.expression
    return presets.read(
        held.issuer.url,
        held.subject,
        expression.text if expression else None,
        expression.language_version if expression else 1,
        audience=held.audience,
    )


def _shape(form: Form | None) -> dict[str, Any]:
    """Write which preset a credential is of, beside the credential."""
    if form is None:
        return {"preset": None}
    return {"preset": {"id": form.preset.id, "mode": form.mode, "fields": form.values}}


def _pasted(desk: Desk, of: Application, form: Form, audience: str) -> tuple[Snippet, ...]:
    """Return what is pasted at the platform."""
    from accredit.trust import presets

    rendered = presets.render(form.preset, form.values, mode=form.mode, audience=audience)
    return presets.snippets(
        form.preset, rendered, client_id=str(of.app_id), tenant=str(of.tenant_id), authority=desk.place.url
    )


def _show_snippets(session: Session, snippets: Sequence[Snippet]) -> None:
    """Print what is pasted, for people: each under its title, as it stands."""
    for each in snippets:
        session.say("")
        session.say(session.ink.bold(f"{safe(each.title)}{f'  {safe(each.file)}' if each.file else ''}"))
        for line in each.text.rstrip("\n").split("\n"):
            session.say(safe(line))


def _snippet_shapes(snippets: Sequence[Snippet]) -> list[dict[str, str]]:
    """Write what is pasted."""
    return [{"title": each.title, "language": each.language, "file": each.file, "text": each.text} for each in snippets]


def _preset(shown: dict[str, Any]) -> str:
    return f"{shown['preset']['id']}, {shown['preset']['mode']}" if shown["preset"] else ""


def _fields(shown: dict[str, Any]) -> list[str]:
    return [f"{name} {value}" for name, value in shown["preset"]["fields"].items()] if shown["preset"] else []


def _in_entra(shown: dict[str, Any]) -> str:
    """Say whether an expression can hold in Entra ID as well; nothing of a subject, which always can."""
    if not shown["claimsMatchingExpression"]:
        return ""
    return f"no: {'; '.join(shown['notPortable'])}" if shown["notPortable"] else "yes"


DETAILS: Final = (
    Column("name", "name"),
    Column("id", "id"),
    Column("issuer", "issuer"),
    Column("subject", "subject"),
    Column("expression", "claimsMatchingExpression.value"),
    Column("portable", "notPortable", _in_entra),
    Column("audience", "audiences"),
    Column("description", "description"),
    Column("preset", "preset", _preset),
    Column("fields", "preset.fields", _fields),
    Column("enabled", "isEnabled"),
    Column("last used", "lastSignInDateTime"),
    Column("created", "createdDateTime"),
)
