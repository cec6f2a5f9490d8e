"""What a template makes of a value that a stranger wrote, wherever the template puts it."""

import pytest

from accredit.web.portal.render import Renderer
from tests.support.every import every

STRANGE = "<b>\u202ecod.exe\u200b\x07"
SHOWN = r"&lt;b&gt;\u202ecod.exe\u200b\x07"


@pytest.fixture(scope="module")
def environment():
    return Renderer()._environment  # noqa: SLF001  the templates are written here


@every(
    "template",
    [
        "{{ value }}",
        "{{ value|short }}",
        "{{ [value]|join }}",
        "{{ '' ~ value }}",
        "{{ _('%(name)s', name=value) }}",
        "{{ ngettext('%(name)s', '%(name)s', 2, name=value) }}",
        "{% trans name=value %}{{ name }}{% endtrans %}",
        "{% macro said(text) %}{{ _('%(name)s', name=text) }}{% endmacro %}{{ said(value) }}",
    ],
)
def test_a_value_shows_what_would_hide_or_turn_round(environment, template):
    assert environment.from_string(template).render(value=STRANGE) == SHOWN


def test_a_number_stays_as_it_is_written(environment):
    said = environment.from_string(
        "{{ ngettext('%(num)s key', '%(num)s keys', 1200) }} {{ _('%(n)s', n=1200|number) }}"
    )
    assert said.render() == "1200 keys 1\u202f200"
