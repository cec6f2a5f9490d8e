"""What a preset makes is nothing that lint calls an error, whichever way of trusting is chosen."""

from accredit.trust import presets
from accredit.trust.lint import Context, lint
from accredit.trust.presets import FormError, Mode, Preset, Rendered
from accredit.trust.written import WrittenTrust
from tests.support.every import every

REFUSED_AT_USE = {"managed_identity", "azure_devops:entra"}  # stored as in Entra ID; their pages say so
UNSUPPORTED = {"cognito:unsupported"}
MODES = {
    f"{preset.id}:{mode.id}": (preset, mode)
    for preset in map(presets.preset, presets.ids())
    for mode in preset.modes
    if preset.id not in REFUSED_AT_USE and f"{preset.id}:{mode.id}" not in REFUSED_AT_USE | UNSUPPORTED
}


def rendered(preset: Preset, mode: Mode) -> Rendered:
    """The trust of the fields' examples; without those that have no part in the mode."""
    values = {each.name: each.default or each.example or (each.choices or ("",))[0] for each in preset.fields}
    for _ in values:
        values = {name: text for name, text in values.items() if text}
        try:
            return presets.render(preset, values, mode=mode.id)
        except FormError as error:
            for finding in error.findings:
                values.pop(finding.field, None)
    raise AssertionError(values)


@every("name", MODES)
def test_what_a_preset_makes_has_no_error(name: str) -> None:
    made = rendered(*MODES[name])
    trust = WrittenTrust(
        name=made.name,
        issuer=made.issuer,
        subject=made.subject,
        expression=made.expression,
        language_version=made.language_version,
        audiences=(made.audience,),
        preset=made.preset,
    )
    context = Context(portability="extended", several_audiences="refuse")
    assert not [each.message for each in lint([trust], context) if each.level == "error"]
