"""The form of a preset on the command line: an option for each of its fields, and what follows from them.

Rule 1: which options there are is known once ``--preset`` is read; they stand in the help, and a mistyped one is told
the nearest, as any other option is.
Rule 2: a field whose option is taken (``--name``) is given by ``--field NAME=VALUE``, as any of them may be.
"""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

import click
import rich_click

from accredit.cli import failures, inputs
from accredit.cli.failures import Ended, Failure
from accredit.cli.grammar import Verb

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from accredit.trust.presets import Field, FormError, Preset, Rendered

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
        short = (each for each in _short(preset) if not taken & set(each.opts))
        return [*(_mode(each, preset) if each.name == "mode" else each for each in own), *fields, *short]


def _mode(option: click.Parameter, preset: Preset) -> click.Parameter:
    """Return ``--mode`` with the modes that the preset has."""
    made = copy(option)
    if isinstance(made, click.Option):
        known = "; ".join(f"{each.id}: {each.title}" for each in preset.modes)
        made.help = f"How it is trusted, the first if not given. {known}."
    return made


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
            alone = _alone(preset, chosen, choice, beside)
            same = f"{option_of(chosen)} {choice}" + ("" if alone else f" {option_of(beside)} TEXT")
            yield rich_click.RichOption(
                [option_of(choice), f"field_{chosen}_{choice}"],
                expose_value=False,
                callback=partial(_choose, filled={chosen: choice}, beside=beside),
                panel=f"Fields of {preset.id}",
                is_flag=alone,
                metavar=None if alone else "TEXT",
                help=f"The same as {same}.",
            )


def _choose(
    context: click.Context, _: click.Parameter, value: str | bool | None, *, filled: Mapping[str, str], beside: str
) -> None:
    if value is None or value is False:
        return
    more = {} if value is True else {beside: value}
    context.meta.setdefault(_TYPED, {}).update({**filled, **more})


def _alone(preset: Preset, chosen: str, choice: str, beside: str) -> bool:
    """Whether what follows from a choice has no place for a value beside it: a pull request has no name."""
    written = [each for texts in preset.values.values() for each in texts if f"{{{chosen}={choice}?}}" in each]
    return bool(written) and not any(f"{{{beside}" in each for each in written)


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
    try:
        return presets.render(preset, values, mode=mode, audience=members["audience"])
    except presets.FormError as error:
        raise Ended(_unusable(preset, error)) from error


def _unusable(preset: Preset, error: FormError) -> Failure:
    """Say what is wrong with a form, a line for each field, by the option that fills it in."""
    said = failures.of_refused(error, "accredit credential add")
    lines = "\n".join(f"{option_of(each.field)}: {each.message}" for each in error.findings)
    form = f"accredit credential add APP --preset {preset.id} --help"
    return replace(said, message=f"the form of {preset.id} cannot be used as it is filled in", why=lines, docs=form)


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
