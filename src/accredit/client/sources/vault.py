"""Vault and OpenBao: an identity token of a role, for whoever has a token of Vault."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final
from urllib.parse import quote

from accredit.client.sources.answers import object_of, refuse_clear, refused
from accredit.client.sources.source import Detection
from accredit.errors import SOURCE_MISSING, Refused

if TYPE_CHECKING:
    from accredit.client.sources.source import Audience, Surroundings

ROLE: Final = "VAULT_ROLE"
HOW: Final = "name a role of identity/oidc/role; its client id is what the token is for"
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class Vault:
    """``GET identity/oidc/token/ROLE``. ``role``: which, where ``VAULT_ROLE`` does not say."""

    name: ClassVar[str] = "vault"
    one_shot: ClassVar[bool] = False
    audience: ClassVar[Audience] = "preset"
    around: Surroundings
    role: str = ""

    def detect(self) -> Detection:
        """Look for what Vault's own clients read."""
        missing = next((each for each in ("VAULT_ADDR", "VAULT_TOKEN") if not self.around.value(each)), None)
        if missing is None and not self._role():
            missing = ROLE
        return Detection(missing is None, f"{missing} is not set" if missing else "VAULT_ADDR and VAULT_TOKEN are set")

    def fetch(self, audience: str) -> str:  # noqa: ARG002  the role has one
        """Ask for a token. ``SOURCE_MISSING``, ``SOURCE_UNREACHABLE``, ``SOURCE_REFUSED``."""
        url, token = (self.around.need(self.name, each) for each in ("VAULT_ADDR", "VAULT_TOKEN"))
        if not self._role():
            raise Refused(SOURCE_MISSING, source=self.name, reason=f"{ROLE} is not set", detail=HOW)
        refuse_clear(url, "a token of Vault")
        headers = {"X-Vault-Token": token, "X-Vault-Request": "true"}
        if namespace := self.around.value("VAULT_NAMESPACE"):
            headers["X-Vault-Namespace"] = namespace
        address = f"{url.rstrip('/')}/v1/identity/oidc/token/{quote(self._role(), safe='')}"
        ca_file = self.around.value("VAULT_CACERT") or None
        answer = self.around.ask(self.name, "GET", address, headers=headers, ca_file=ca_file)
        data = object_of(answer).get("data")
        found = data.get("token") if isinstance(data, dict) else None
        if answer.status != _OK or not isinstance(found, str):
            raise refused(self.name, answer, HOW)
        return found

    def _role(self) -> str:
        return self.role or self.around.value(ROLE)
