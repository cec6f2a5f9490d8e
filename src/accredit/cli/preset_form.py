"""The form of a preset on the command line: an option for each of its fields, and what follows from them.

Rule 1: which options there are is known once ``--preset`` is read; they stand in the help, and a mistyped one is told
the nearest, as any other option is.
Rule 2: a field whose option is taken (``--name``) is given by ``--field NAME=VALUE``, as any of them may be.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import click
import rich_click

from accredit.cli import inputs
from accredit.cli.grammar import Verb

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from accredit.trust.presets import Field, Preset, Rendered

_PRESET: Final = "accredit.preset"
_TYPED: Final = "accredit.preset.fields"
_BESIDE: Final = {"entity": "value", "ref_type": "ref"}  # a field of choices, and the one that holds its value
_MEMBERS: Final = ("issuer", "subject")  # options of their own, which a form may have as fields


class PresetVerb(Verb):
    """A command with ``--preset``: it has the options of the fields of the preset that is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; first of all which preset they name. ``PRESET_UNKNOWN``."""
        self.choose(ctx, args)
        return super().parse_args(ctx, args)

    def choose(self, ctx: click.Context, args: Sequence[str]) -> None:
        """Have the options of the preset that the arguments name, if they name one."""
        if named := _named(args):
            from accredit.trust import presets

            ctx.meta[_PRESET] = presets.preset(named)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the parameters, those of the fields among them."""
        own = super().get_params(ctx)
        preset: Preset | None = ctx.meta.get(_PRESET)
        if preset is None:
            return own
        taken = {name for each in own for name in each.opts}
        free = [each for each in preset.fields if option_of(each.name) not in taken]
        fields = [_option(each, f"Fields of {preset.id}") for each in free]
        taken |= {name for each in fields for name in each.opts}
        return [*own, *fields, *(each for each in _short(preset) if not taken & set(each.opts))]


def _named(args: Sequence[str]) -> str:
    """Return what ``--preset`` names; empty where it is not there."""
    for n, each in enumerate(args):
        if each == "--preset" and n + 1 < len(args):
            return args[n + 1]
        if each.startswith("--preset="):
            return each.partition("=")[2]
    return ""


def option_of(field: str) -> str:
    """Return the option of a field: ``--org-id``."""
    return "--" + field.replace("_", "-")


def _option(field: Field, panel: str) -> click.Parameter:
    def keep(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
        if value is not None:
            context.meta.setdefault(_TYPED, {})[field.name] = value

    choices = f" One of {', '.join(field.choices)}." if field.choices else ""
    usual = f" Usually {field.default}." if field.default else ""
    return rich_click.RichOption(
        [option_of(field.name), f"field_{field.name}"],
        expose_value=False,
        callback=keep,
        panel=panel,
        metavar="TEXT",
        help=f"{field.help}{choices}{usual}",
    )


def _short(preset: Preset) -> Iterator[click.Parameter]:
    """Yield options that fill in a choice and its value together: ``--environment production``."""
    for chosen, beside in _BESIDE.items():
        first, second = preset.field(chosen), preset.field(beside)
        for choice in first.choices if first is not None and second is not None else ():

            def keep(
                context: click.Context, _: click.Parameter, value: str | None, *, pair: tuple[str, str, str]
            ) -> None:
                if value is not None:
                    context.meta.setdefault(_TYPED, {}).update({pair[0]: pair[1], pair[2]: value})

            yield rich_click.RichOption(
                [option_of(choice), f"field_{chosen}_{choice}"],
                expose_value=False,
                callback=partial(keep, pair=(chosen, choice, beside)),
                panel=f"Fields of {preset.id}",
                metavar="TEXT",
                help=f"The same as {option_of(chosen)} {choice} {option_of(beside)} TEXT.",
            )


def rendered_form(
    named: str | None, mode: str | None, pairs: tuple[str, ...], members: Mapping[str, str | None]
) -> Rendered | None:
    """Return the trust of the form that the command line fills in; ``None`` where it names no preset.

    ``members``: what else it says of the trust, and the token that it is copied from. ``PRESET_FORM``.
    """
    if named is None:
        if mode is not None or pairs:
            raise click.UsageError("--mode and --field are about a preset; say which: --preset ID")
        return None
    if members["token"] is not None:
        raise click.UsageError("--preset and --from-token say two different things; give one of them")
    return _filled(click.get_current_context(), mode, pairs, members)


def _filled(
    context: click.Context, mode: str | None, pairs: tuple[str, ...], members: Mapping[str, str | None]
) -> Rendered:
    from accredit.trust import presets

    preset: Preset = context.meta[_PRESET]
    values = {**context.meta.get(_TYPED, {}), **inputs.pairs(pairs, "--field")}
    for name in _MEMBERS:
        if (given := members[name]) is not None:
            if preset.field(name) is None:
                raise click.UsageError(f"--preset says the {name}; leave out --{name}")
            values[name] = given
    if members["expression"] is not None:
        raise click.UsageError("--preset says the expression, if there is one; leave out --expression")
    if mode is not None and preset.mode(mode) is None:
        known = ", ".join(each.id for each in preset.modes)
        raise click.UsageError(f"{preset.id} has no mode {mode!r} (there are: {known})")
    return presets.render(preset, values, mode=mode, audience=members["audience"])


def members_of(rendered: Rendered, given: Mapping[str, str | None], taken: Collection[str]) -> dict[str, str | None]:
    """Return what a credential of this trust says. ``taken``: names of others."""
    from accredit.trust import presets

    return {
        **given,
        "name": given["name"] or presets.free_name(rendered.name, taken),
        "issuer": rendered.issuer,
        "subject": rendered.subject,
        "expression": rendered.expression,
        "audience": rendered.audience,
    }
