"""Kubernetes: the projected token of a service account, a file that the kubelet replaces in time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from accredit.client.sources.source import Detection, there
from accredit.errors import SOURCE_MISSING, Refused

if TYPE_CHECKING:
    from accredit.client.sources.source import Audience, Surroundings

VARIABLE: Final = "AZURE_FEDERATED_TOKEN_FILE"
MOUNT: Final = "/var/run/secrets/kubernetes.io/serviceaccount"
HOW: Final = "label the pod azure.workload.identity/use: true, or project a serviceAccountToken and name its file"


@dataclass(frozen=True, slots=True)
class KubernetesFile:
    """What the file holds now: it is read each time. ``file``: which, where no webhook has named one."""

    name: ClassVar[str] = "kubernetes_file"
    one_shot: ClassVar[bool] = False
    audience: ClassVar[Audience] = "preset"
    around: Surroundings
    file: str = ""

    def detect(self) -> Detection:
        """Look for the file. The one that every pod has is meant for the API server, and so not taken."""
        place = self._place()
        if place:
            said = f"{VARIABLE} names {place}" if not self.file else f"{place} was named"
            found = there(Path(place))
            return Detection(found=found, why=said if found else f"{said}, which is not there", partly=not found)
        if there(self.around.path(MOUNT), Path.is_dir):
            return Detection(found=False, why=f"{MOUNT} is there, but {VARIABLE} is not set: {HOW}", partly=True)
        return Detection(found=False, why=f"{VARIABLE} is not set")

    def fetch(self, audience: str) -> str:  # noqa: ARG002  the pod's definition says what it is for
        """Read it. ``SOURCE_MISSING``, ``SOURCE_REFUSED``."""
        place = self._place()
        if not place:
            raise Refused(SOURCE_MISSING, source=self.name, reason=f"{VARIABLE} is not set", detail=HOW)
        return self.around.file(self.name, place)

    def _place(self) -> str:
        return self.file or self.around.value(VARIABLE)
