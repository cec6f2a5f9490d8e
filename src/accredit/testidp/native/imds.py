"""Azure: a managed identity's token, from a machine's metadata service (IMDS) or from App Service and its kin.

Rule 1: the real metadata service knows a machine by its network. Here a job's own address begins with its secret;
without one the job that was begun last is meant. App Service knows it by the header, as on the platform.
Rule 2: an identity that is asked for by an id must be the job's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.errors import Refused
from accredit.testidp.native import Asked, Environment, Job, Native, json_answer

if TYPE_CHECKING:
    from collections.abc import Collection

    from accredit.testidp.mint import Minted
    from accredit.testidp.outages import Answer

MACHINE: Final = "/metadata/identity/oauth2/token"
APP: Final = "/msi/token"
EXCHANGE: Final = "api://AzureADTokenExchange"
VERSIONS: Final = frozenset(
    {"2018-02-01", "2019-02-01", "2019-03-11", "2019-06-01", "2019-08-01", "2020-06-01", "2021-02-01"}
)
APP_VERSIONS: Final = frozenset({"2017-09-01", "2019-08-01"})
_IDS: Final = {
    "client_id": ("azp", "appid"),
    "clientid": ("azp", "appid"),
    "object_id": ("oid",),
    "principal_id": ("oid",),
}
_RESOURCE_IDS: Final = ("msi_res_id", "mi_res_id")


class _No(Exception):
    """A refusal, which a machine's service and an app's word differently."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error, self.description, self.status = error, description, status


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
        try:
            return json_answer(self._of_machine(job, asked))
        except _No as no:
            return json_answer({"error": no.error, "error_description": no.description}, no.status)

    def _of_machine(self, job: Job, asked: Asked) -> dict[str, object]:
        if asked.method != "GET":
            raise _No("invalid_request", "The method is not allowed", 405)
        if asked.headers.get("metadata", "").lower() != "true" or "x-forwarded-for" in asked.headers:
            raise _No("bad_request_102", "Required metadata header not specified")
        minted = self._minted(job, asked, VERSIONS)
        left, begins = minted.lives or 0, minted.claims.get("nbf", "")
        times = {"expires_in": left, "ext_expires_in": left, "not_before": begins}
        return {**_common(minted, asked), **{name: str(value) for name, value in times.items()}}

    def _app(self, asked: Asked) -> Answer:
        try:
            return json_answer(self._of_app(asked))
        except _No as no:
            return json_answer({"statusCode": no.status, "message": no.description}, no.status)

    def _of_app(self, asked: Asked) -> dict[str, object]:
        job = self.jobs.of(asked.headers.get("x-identity-header", ""), *self.dialects)
        if job is None:
            raise _No("unauthorized", "The X-IDENTITY-HEADER is missing or is not that of this app.", 401)
        return _common(self._minted(job, asked, APP_VERSIONS), asked)

    def _minted(self, job: Job, asked: Asked, versions: Collection[str]) -> Minted:
        """Make a token; the resource that every tenant has is called what its version of tokens calls it."""
        if asked.one("api-version") not in versions:
            raise _No("invalid_request", "Required query variable 'api-version' is missing or not supported")
        resource = asked.one("resource")
        if not resource:
            raise _No("invalid_request", "Required audience parameter not specified")
        try:
            minted = self.jobs.mint(job, params={} if resource == EXCHANGE else {"audience": resource})
        except Refused as refused:
            raise _No("invalid_resource", str(refused)) from refused
        if not _is_asked_for(minted, asked):
            raise _No("invalid_request", "Identity not found")
        return minted

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


def _common(minted: Minted, asked: Asked) -> dict[str, object]:
    claims = minted.claims
    return {
        "access_token": minted.token,
        "client_id": claims.get("azp", claims.get("appid", "")),
        "expires_on": str(claims.get("exp", "")),
        "resource": asked.one("resource"),
        "token_type": "Bearer",
    }


def _is_asked_for(minted: Minted, asked: Asked) -> bool:
    """Whether the identity is the one that a request names, if it names one."""
    if any(asked.one(name) for name in _RESOURCE_IDS):
        return False  # a job here has no resource id
    for name, claims in _IDS.items():
        wanted = asked.one(name)
        if wanted and wanted.lower() not in [str(minted.claims.get(claim, "")).lower() for claim in claims]:
            return False
    return True
