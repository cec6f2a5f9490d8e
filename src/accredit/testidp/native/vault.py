"""Vault and OpenBao: identity tokens of a role, for whoever has a token of Vault (HashiCorp's API reference)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from uuid import NAMESPACE_URL, uuid5

from accredit.testidp.native import Asked, Environment, Job, Native, json_answer

if TYPE_CHECKING:
    from accredit.testidp.outages import Answer

ROLE: Final = "job"
CA: Final = "ca.pem"
_ROUTE: Final = re.compile(r"/v1(?:/(?P<namespace>.+))?/identity/oidc/token/(?P<role>[^/]+)")


class Vault(Native):
    """A Vault. A job has one role there, the one that its environment names."""

    dialects = ("vault",)

    def answer(self, asked: Asked) -> Answer | None:
        """``GET /v1/identity/oidc/token/{role}``: ``{"data": {"client_id", "token", "ttl"}, …}``."""
        found = _ROUTE.fullmatch(asked.path)
        if found is None:
            return None
        job = self.jobs.of(asked.headers.get("x-vault-token", "") or asked.bearer, *self.dialects)
        if job is None:
            return _refused(403, "permission denied")
        if asked.method != "GET":
            return _refused(405, "unsupported operation")
        if found["role"] != ROLE:
            return _refused(400, f'role "{found["role"]}" not found')
        minted = self.jobs.mint(job)
        data = {"client_id": minted.claims.get("aud"), "token": minted.token, "ttl": minted.lives or 0}
        envelope = {"lease_id": "", "renewable": False, "lease_duration": 0, "wrap_info": None}
        request_id = str(uuid5(NAMESPACE_URL, minted.token))
        return json_answer({"request_id": request_id, **envelope, "data": data, "warnings": None, "auth": None})

    def environment(self, job: Job) -> Environment:
        """What Vault's own clients read. The role has no variable there; here it is VAULT_ROLE."""
        namespace = job.params.get("namespace")
        variables = {"VAULT_ADDR": self.jobs.address(job), "VAULT_TOKEN": job.secret, "VAULT_ROLE": ROLE}
        if namespace:
            variables["VAULT_NAMESPACE"] = str(namespace)
        ca = self.jobs.places.ca
        return Environment(variables, {CA: ca} if ca else {}, {"VAULT_CACERT": CA} if ca else {})


def _refused(status: int, message: str) -> Answer:
    return json_answer({"errors": [message]}, status)
