"""What is pasted where a workload runs, so that it signs in as an application: the presets' own texts, with its ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from accredit.trust import presets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from accredit.trust import FederatedCredential
    from accredit.trust.presets import Preset, Rendered

CLIENTS: Final = {
    "environment": "Variables",
    "github_actions": "GitHub Actions",
    "kubernetes": "Kubernetes",
    "azure-identity": "Python",
    "dotnet": ".NET",
    "go": "Go",
    "java": "Java",
    "node": "Node.js",
    "az": "Azure CLI",
    "terraform": "Terraform",
    "curl": "curl",
}
"""By the name of a preset, or of one of ``interop/clients.toml``: what it is called."""
_PRESETS: Final = frozenset({"github_actions", "kubernetes"})


class Snippet(NamedTuple):
    """A text to paste."""

    text: str
    steps: Sequence[str]  # what is done besides
    traps: Sequence[str]  # where the client is known to stumble
    credential: str  # the name of the credential whose values stand in it; empty: an example's do, or none


def of_preset(name: str, trusted: Sequence[FederatedCredential], values: Mapping[str, str]) -> Snippet | None:
    """Return the snippet of a platform, filled in from a credential for it if there is one; ``None`` for no platform.

    ``values``: as ``interop.clients`` takes them.
    """
    if name not in _PRESETS:
        return None
    preset = presets.preset(name)
    credential, rendered = _rendered(preset, trusted)
    found = presets.snippets(
        preset, rendered, client_id=values["client_id"], tenant=values["tenant"], authority=values["url"]
    )[0]
    return Snippet(found.text, (), (), credential)


def _rendered(preset: Preset, trusted: Sequence[FederatedCredential]) -> tuple[str, Rendered]:
    for each in trusted:
        text, version = (each.expression.text, each.expression.language_version) if each.expression else (None, 1)
        form = presets.read(each.issuer.url, each.subject, text, version, audience=each.audience, preset=preset.id)
        if form is not None and form.preset.id == preset.id:
            return each.name, presets.render(preset, form.values, mode=form.mode, audience=each.audience)
    return "", presets.render(preset, presets.example(preset))
