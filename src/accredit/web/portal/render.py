"""Pages from templates: one environment, in which everything is escaped and nothing is undefined."""

from __future__ import annotations

from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, cast

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context

from accredit import __version__
from accredit.web.portal.words import FILTERS, TRANSLATIONS, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jinja2.runtime import Context

_TYPES: Final = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}


class Renderer:
    """Turns a template's name and values into a page, and knows the files that pages refer to."""

    def __init__(self) -> None:
        self._environment = Environment(
            autoescape=True,
            undefined=StrictUndefined,
            finalize=visible,
            loader=PackageLoader("accredit.web.portal"),
            extensions=["jinja2.ext.i18n"],
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.install_gettext_translations(TRANSLATIONS, newstyle=True)  # type: ignore[attr-defined]
        for name in ("gettext", "ngettext"):
            self._environment.globals[name] = _telling(cast("Callable[..., str]", self._environment.globals[name]))
        self._environment.filters.update(FILTERS)
        self.files: Mapping[str, tuple[bytes, str]] = {each: _file(each) for each in _names()}
        versions = {name: sha256(body).hexdigest()[:12] for name, (body, _) in self.files.items()}
        self._environment.globals["static"] = lambda name: f"/portal/static/{name}?v={versions[name]}"
        self._environment.globals["version"] = __version__

    def text(self, template: str, /, **values: Any) -> str:  # noqa: ANN401  whatever a template prints
        """Return a template filled in. A value that is missing is an error, not a gap."""
        return self._environment.get_template(template).render(**values)


def _telling(translate: Callable[..., str]) -> Callable[..., str]:
    """Return what translates a sentence, and makes visible what is put into it: that is printed as it comes out."""

    @pass_context
    def telling(context: Context, /, *texts: Any, **values: Any) -> str:  # noqa: ANN401  as it is called
        return translate(context, *texts, **{name: visible(value) for name, value in values.items()})

    return telling


def _names() -> list[str]:
    folder = files("accredit.web.portal") / "static"
    return sorted(each.name for each in folder.iterdir() if each.name.rpartition(".")[2] in _TYPES)


def _file(name: str) -> tuple[bytes, str]:
    found = files("accredit.web.portal") / "static" / name
    return found.read_bytes(), _TYPES[name.rpartition(".")[2]]
