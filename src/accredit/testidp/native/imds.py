"""Azure: a managed identity's token, from a machine's metadata service (IMDS) or from App Service and its kin.

Rule 1: the real metadata service knows a machine by its network. Here a job's own address begins with its secret;
without one the job that was begun last is meant. App Service knows it by the header, as on the platform.
Rule 2: an identity that is asked for by an id must be the job's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from accredit.errors import Refused
from accredit.testidp.native import Asked, Environment, Job, Native, json_answer

if TYPE_CHECKING:
    from accredit.testidp.mint import Minted
    from accredit.testidp.outages import Answer

MACHINE: Final = "/metadata/identity/oauth2/token"
APP: Final = "/msi/token"
EXCHANGE: Final = "api://AzureADTokenExchange"
VERSIONS: Final = frozenset({"2018-02-01", "2019-02-01", "2019-03-11", "2019-06-01", "2019-08-01", "2020-06-01", "2021-02-01"})
APP_VERSIONS: Final = frozenset({"2017-09-01", "2019-08-01"})
_IDS: Final = {"client_id": ("azp", "appid"), "clientid": ("azp", "appid"), "object_id": ("oid",), "principal_id": ("oid",)}
_RESOURCE_IDS: Final = ("msi_res_id", "mi_res_id")


class Imds(Native):
    """A machine or an app with a managed identity."""

    dialects = ("entra",)
    place = "metadata"

    def answer(self, asked: Asked) -> Answer | None:
        """Answer as the metadata service, at the root or below ``/SECRET``, and as App Service."""
        secret, _, rest = asked.path[1:].partition("/")
        own = self.jobs.of(secret, *self.dialects)
        if own is not None and f"/{rest}" == MACHINE:
            return self._machine(own, asked)
        return {MACHINE: self._any_machine, APP: self._app}.get(asked.path, lambda _: None)(asked)

    def _any_machine(self, asked: Asked) -> Answer | None:
        return self._machine(self.jobs.latest("entra"), asked)

    def _machine(self, job: Job, asked: Asked) -> Answer:
        if asked.method != "GET":
            return _machine_says("invalid_request", "The method is not allowed", 405)
        if asked.headers.get("metadata", "").lower() != "true" or "x-forwarded-for" in asked.headers:
            return _machine_says("bad_request_102", "Required metadata header not specified")
        if asked.one("api-version") not in VERSIONS:
            return _machine_says("invalid_request", "Required query variable 'api-version' is missing or not supported")
        resource = asked.one("resource")
        if not resource:
            return _machine_says("invalid_request", "Required audience parameter not specified")
        try:
            minted = self._minted(job, resource)
        except Refused as refused:
            return _machine_says("invalid_resource", str(refused))
        if not _is_asked_for(minted, asked):
            return _machine_says("invalid_request", "Identity not found")
        left = _left(minted)
        times = {"expires_in": left, "ext_expires_in": left, "not_before": minted.claims.get("nbf", "")}
        return json_answer({**self._common(minted, resource), **{name: str(value) for name, value in times.items()}})

    def _app(self, asked: Asked) -> Answer:
        job = self.jobs.of(asked.headers.get("x-identity-header", ""), *self.dialects)
        if job is None:
            return _app_says("The X-IDENTITY-HEADER is missing or is not that of this app.", 401)
        if asked.one("api-version") not in APP_VERSIONS:
            return _app_says("The api-version is missing or not supported.")
        resource = asked.one("resource")
        if not resource:
            return _app_says("The parameter resource is missing.")
        try:
            minted = self._minted(job, resource)
        except Refused as refused:
            return _app_says(str(refused))
        if not _is_asked_for(minted, asked):
            return _app_says("No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.")
        return json_answer(self._common(minted, resource))

    def _minted(self, job: Job, resource: str) -> Minted:
        """Make a token; the resource that every tenant has is called what its version of tokens calls it."""
        return self.jobs.mint(job, params={} if resource == EXCHANGE else {"audience": resource})

    @staticmethod
    def _common(minted: Minted, resource: str) -> dict[str, object]:
        claims = minted.claims
        return {
            "access_token": minted.token,
            "client_id": claims.get("azp", claims.get("appid", "")),
            "expires_on": str(claims.get("exp", "")),
            "resource": resource,
            "token_type": "Bearer",
        }

    def environment(self, job: Job) -> Environment:
        """Both forms at once, which no real host has: libraries that find the app's variables take them first."""
        metadata = self.jobs.places.metadata
        return Environment(
            {
                "IDENTITY_ENDPOINT": metadata + APP,
                "IDENTITY_HEADER": job.secret,
                "AZURE_POD_IDENTITY_AUTHORITY_HOST": f"{metadata}/{job.secret}",
            }
        )


def _is_asked_for(minted: Minted, asked: Asked) -> bool:
    """Whether the identity is the one that a request names, if it names one."""
    if any(asked.one(name) for name in _RESOURCE_IDS):
        return False  # a job here has no resource id
    for name, claims in _IDS.items():
        wanted = asked.one(name)
        if wanted and wanted.lower() not in [str(minted.claims.get(claim, "")).lower() for claim in claims]:
            return False
    return True


def _left(minted: Minted) -> int:
    """Return the seconds that a token lives from now on."""
    exp, iat = minted.claims.get("exp"), minted.claims.get("iat")
    return exp - iat if isinstance(exp, int) and isinstance(iat, int) else 0


def _machine_says(error: str, description: str, status: int = 400) -> Answer:
    return json_answer({"error": error, "error_description": description}, status)


def _app_says(message: str, status: int = 400) -> Answer:
    return json_answer({"statusCode": status, "message": message}, status)
