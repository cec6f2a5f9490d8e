"""This authority's own signing keys: next, active, retired. They belong to the instance."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, NamedTuple

from accredit.administer import signing_keys
from accredit.errors import Refused
from accredit.tokens.keys import LONGEST_TOKEN, PUBLISHED_BEFORE, ROTATED_AFTER, state
from accredit.web.portal import same
from accredit.web.portal.pages.settings_parts import INSTANCE, around, done, here
from accredit.web.portal.problems import problems_of
from accredit.web.portal.route import Route
from accredit.web.portal.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from starlette.responses import Response

    from accredit.directory import SigningAlgorithm
    from accredit.tokens import SigningKey
    from accredit.web.portal.visit import Visit

ORDER: Final = ("active", "next", "retired", "withdrawn")
MOST_WITHDRAWN: Final = 10
MARKS: Final = {
    "active": ("pass", _("active: it signs")),
    "next": ("skip", _("next: published, not yet in use")),
    "retired": ("skip", _("retired: what it signed is still accepted")),
    "withdrawn": ("fail", _("withdrawn")),
}
ALGORITHMS: Final[Mapping[str, SigningAlgorithm]] = {"RS256": "RS256", "ES256": "ES256"}
_PATH: Final = "/{tenant}/settings/keys"


class Row(NamedTuple):
    """One key of the list."""

    key: SigningKey
    state: str


async def show(visit: Visit) -> Response:
    """Show the keys, those that are in use first."""
    return await _shown(visit, {})


async def rotate(visit: Visit) -> Response:
    """Make the next key of an algorithm."""
    algorithm = _algorithm((await visit.form()).text("algorithm"))
    try:
        await signing_keys.rotate(visit.by, await _maker(visit), algorithm)
    except Refused as refused:
        return await _shown(visit, problems_of(refused, {}))
    return done(visit, "keys", said="key-made")


async def ask(visit: Visit) -> Response:
    """Say what withdrawing does, and ask for it to be typed: one key, or every one of an algorithm."""
    return await _confirm(visit, {})


async def withdraw(visit: Visit) -> Response:
    """Withdraw one key, or replace every one of an algorithm at once."""
    what, form = visit.request.path_params["what"], await visit.form()
    if form.text("name") != what:
        return await _confirm(visit, {"name": _("This is not what is to be typed; nothing was withdrawn.")})
    try:
        if what in ALGORITHMS:
            await signing_keys.rotate(visit.by, await _maker(visit), ALGORITHMS[what], emergency=True)
            return done(visit, "keys", said="keys-replaced")
        await signing_keys.withdraw(visit.by, what)
    except Refused as refused:
        return await _confirm(visit, problems_of(refused, {}))
    return done(visit, "keys", said="key-withdrawn")


def _algorithm(text: str) -> SigningAlgorithm:
    return ALGORITHMS.get(text, "RS256")


async def _maker(visit: Visit) -> signing_keys.Make:
    """Return what makes a key; the master key is read for it."""
    make: signing_keys.Make = await asyncio.to_thread(visit.portal.tools["make_key"])
    return make


async def _shown(visit: Visit, problems: Mapping[str, str]) -> Response:
    async with visit.reading() as store:
        keys = await signing_keys.read_all(store)
    rows = _rows(keys, visit.now)
    withdrawn = [each for each in rows if each.state == "withdrawn"]
    return await visit.page(
        "settings_keys.html",
        status=409 if problems else 200,
        **around(visit, "keys"),
        rows=[each for each in rows if each.state != "withdrawn"] + withdrawn[:MOST_WITHDRAWN],
        marks=MARKS,
        problems=problems,
        algorithms=[(each, each) for each in ALGORITHMS],
        published=PUBLISHED_BEFORE.total_seconds() // 3_600,
        rotated=ROTATED_AFTER.days,
        same=same.Same(command=same.command("keys", "rotate")),
    )


def _rows(keys: Sequence[SigningKey], now: datetime) -> list[Row]:
    rows = [Row(each, state(each, keys, now)) for each in keys]
    return sorted(
        rows, key=lambda each: (ORDER.index(each.state), each.key.algorithm, -each.key.activates_at.timestamp())
    )


async def _confirm(visit: Visit, problems: Mapping[str, str]) -> Response:
    what = visit.request.path_params["what"]
    every = what in ALGORITHMS
    if not every:
        async with visit.reading() as store:
            await store.signing_keys.get(what)  # 404
    return await visit.page(
        "settings_confirm.html",
        status=422 if problems else 200,
        **around(visit, "keys"),
        title=_("Withdraw every {} key").format(what) if every else _("Withdraw key {}").format(what),
        says=[
            _("A new key signs from now on, without having been published before.") if every else "",
            _("Resource servers refuse what a withdrawn key signed when they read the key set again: within a day."),
            _("Tokens that live now last at most {} h more.").format(round(LONGEST_TOKEN.total_seconds() / 3_600)),
            _("It cannot be undone."),
        ],
        name=what,
        button=_("Withdraw"),
        back=here(visit, "keys"),
        problems=problems,
        same=same.Same(
            command=same.command("keys", "rotate", algorithm=what, emergency=True)
            if every
            else same.command("keys", "retire", what)
        ),
    )


ROUTES: Final = (
    Route("GET", f"/{INSTANCE}/keys", show, "instance"),
    Route("GET", _PATH, show, "reader"),
    *(
        Route(method, f"{path}{rest}", handler, "instance")
        for path in (f"/{INSTANCE}/keys", _PATH)
        for method, rest, handler in (
            ("POST", "/rotate", rotate),
            ("GET", "/{what}/withdraw", ask),
            ("POST", "/{what}/withdraw", withdraw),
        )
    ),
)
