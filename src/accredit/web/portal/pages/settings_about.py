"""Which version this is, what it is made of, and under which licences."""

from __future__ import annotations

import platform
import re
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING, Final, NamedTuple

from accredit import __version__
from accredit.web.portal.pages.settings_parts import around
from accredit.web.portal.route import Route

if TYPE_CHECKING:
    from starlette.responses import Response

    from accredit.web.portal.visit import Visit

_NAME: Final = re.compile(r"[A-Za-z0-9._-]+")
_RELEASE: Final = re.compile(rb"this\.version = '([0-9.]+)'")
_CLASSIFIER: Final = "License :: "
LONGEST: Final = 60  # characters of a licence: some packages give its whole text


class Part(NamedTuple):
    """One package that this is made of."""

    name: str
    version: str
    licence: str


async def show(visit: Visit) -> Response:
    """Show version and parts."""
    return await visit.page(
        "settings_about.html",
        **around(visit, "about"),
        parts=made_of(),
        htmx=_htmx(visit),
        running=f"{platform.python_implementation()} {platform.python_version()}, {platform.system()}",
        release=__version__,
        licence=_licence(metadata.metadata("accredit")),
        links=[
            (title.strip(), url.strip())
            for title, _, url in (
                each.partition(",") for each in metadata.metadata("accredit").get_all("Project-URL") or ()
            )
        ],
    )


def _htmx(visit: Visit) -> str:
    """Return the release of the script that pages carry, as it says it."""
    found = _RELEASE.search(visit.portal.renderer.files["htmx.js"][0])
    return found[1].decode() if found else ""


@cache
def made_of() -> tuple[Part, ...]:
    """Return the packages that are needed without extras, directly and through others, by name."""
    found: dict[str, Part] = {}
    wanted = ["accredit"]
    while wanted:
        name = wanted.pop()
        try:
            package = metadata.distribution(name)
        except metadata.PackageNotFoundError:  # for another platform
            continue
        key = package.name.lower()
        if key in found:
            continue
        found[key] = Part(package.name, package.version, _licence(package.metadata))
        wanted += [_needed(each) for each in package.requires or () if "extra ==" not in each]
    return tuple(each for key, each in sorted(found.items()) if key != "accredit")


def _needed(requirement: str) -> str:
    named = _NAME.match(requirement)
    return "" if named is None else named[0]


def _licence(of: metadata.PackageMetadata) -> str:
    told = next((of[each] for each in ("License-Expression", "License") if each in of), "")
    first = str(told).strip().partition("\n")[0]
    if first and len(first) <= LONGEST:
        return first
    classified = [
        each.removeprefix(_CLASSIFIER) for each in of.get_all("Classifier") or () if each.startswith(_CLASSIFIER)
    ]
    return ", ".join(each.rpartition(" :: ")[2] for each in classified)


ROUTES: Final = (Route("GET", "/{tenant}/settings/about", show, "reader"),)
