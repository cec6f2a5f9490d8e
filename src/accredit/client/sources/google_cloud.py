"""Google Cloud: the metadata server of a machine or container signs for the service account that it runs as.

Rule 1: the host is that of ``GCE_METADATA_HOST`` where it is set, as for Google's own libraries.
Rule 2: only what says ``Metadata-Flavor: Google`` is a metadata server; another network may have something else there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final
from urllib.parse import quote, urlencode

from accredit.client.sources.answers import refused
from accredit.client.sources.source import Detection
from accredit.errors import SOURCE_REFUSED, Refused

if TYPE_CHECKING:
    from accredit.client.http import Answer
    from accredit.client.sources.source import Audience, Surroundings

HOST: Final = "metadata.google.internal"
ADDRESS: Final = "169.254.169.254"  # of that host; asking for it takes no name server
PRODUCT: Final = "/sys/class/dmi/id/product_name"
FLAVOR: Final = {"Metadata-Flavor": "Google"}
LOOKING: Final = 0.3  # seconds
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class GoogleCloud:
    """``identity`` of a service account. ``account``: its e-mail address, where the machine has several."""

    name: ClassVar[str] = "google_cloud"
    one_shot: ClassVar[bool] = False
    audience: ClassVar[Audience] = "chosen"
    around: Surroundings
    account: str = "default"

    def detect(self) -> Detection:
        """Look at the variable, then at what the machine says it is, then for the metadata server itself."""
        if self.around.value("GCE_METADATA_HOST"):
            return Detection(found=True, why="GCE_METADATA_HOST is set")
        try:
            if self.around.file(self.name, self.around.path(PRODUCT)).startswith("Google"):
                return Detection(found=True, why=f"{PRODUCT} says Google")
        except Refused:
            pass  # no such file, which says nothing
        address = self.around.value("GCE_METADATA_IP") or ADDRESS
        try:
            answer = self.around.ask(self.name, "GET", f"http://{address}/", headers=FLAVOR, timeout=LOOKING, near=True)
        except Refused:
            return Detection(found=False, why=f"GCE_METADATA_HOST is not set, and no metadata server is at {address}")
        if _is_google(answer):
            return Detection(found=True, why=f"a metadata server of Google is at {address}")
        return Detection(found=False, why=f"GCE_METADATA_HOST is not set, and {address} is not Google's")

    def fetch(self, audience: str) -> str:
        """Ask for an identity token. ``SOURCE_UNREACHABLE``, ``SOURCE_REFUSED``."""
        host = self.around.value("GCE_METADATA_HOST") or HOST
        place = f"http://{host}/computeMetadata/v1/instance/service-accounts/{quote(self.account, safe='@')}/identity"
        query = urlencode({"audience": audience, "format": "full"})
        answer = self.around.ask(self.name, "GET", f"{place}?{query}", headers=FLAVOR, near=True)
        if not _is_google(answer):
            reason = f"what answers at {host} is no metadata server of Google"
            raise Refused(SOURCE_REFUSED, source=self.name, reason=reason)
        if answer.status != _OK:
            raise refused(self.name, answer)
        return answer.body.decode("ascii", errors="replace").strip()


def _is_google(answer: Answer) -> bool:
    return answer.headers.get("metadata-flavor", "").lower() == "google"
