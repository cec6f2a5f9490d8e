"""AWS: ``sts:GetWebIdentityToken``, and IAM's actions that switch outbound federation on and off and tell of it.

An access key stands for a job, so several keys are several principals; ``EXAMPLE_KEY``, which everybody knows, is there
where everybody may mint. An account has an issuer of its own, and outbound federation from the beginning, until
somebody disables it.
"""

from __future__ import annotations

import hashlib
from base64 import b32encode
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from accredit.errors import Refused
from accredit.testidp.native import Answer, Asked, Environment, Job, Jobs, Native
from accredit.testidp.native import aws_constraints as constraints
from accredit.testidp.native import aws_query as query
from accredit.testidp.native.aws_query import Failed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.testidp.native.aws_query import Service, Signer

EXAMPLE_KEY: Final = "AKIAIOSFODNN7EXAMPLE"  # of AWS's own documentation: the default role, where minting is open
TEMPORARY: Final = "ASIA"  # how the keys of a role's sessions begin: they are nothing without their session token
LARGEST: Final = 20 * 1_024  # octets of a payload. AWS publishes no number; fifty tags of Latin letters just fit
_DEFAULT_ACCOUNT: Final = "123456789012"
_KEY: Final = 16  # characters of an access key behind its prefix
_SECRET: Final = 40  # characters of a secret access key
_GLOBAL: Final = "aws-global"  # what a client signs for that was told no region
_HOME: Final = "us-east-1"


class Aws(Native):
    """STS and IAM, at one address."""

    dialects = ("aws",)

    def __init__(self, jobs: Jobs) -> None:
        super().__init__(jobs)
        self._disabled: set[str] = set()  # accounts

    def heal(self) -> None:
        """Enable what was disabled."""
        self._disabled.clear()

    def secret(self) -> str:
        """Make an access key: capital letters and digits."""
        return TEMPORARY + b32encode(self._octets()).decode()[:_KEY]

    def answer(self, asked: Asked) -> Answer | None:
        """Answer ``POST /``: which service is meant is said by action and version."""
        if asked.path != "/" or asked.method != "POST":
            return None
        service, request_id = query.STS, str(UUID(bytes=self._octets()[:16], version=4))
        try:
            fields = query.form(asked.body)
            service, action = _operation(fields)
            signer = query.signer(asked.headers.get("authorization", ""))
            job = self._job(signer, service, asked)
            said = query.answer(service, action, self._act(action, job, signer, fields), request_id)
        except Failed as failed:
            return _xml(query.refusal(service, failed, request_id), failed.status, request_id)
        return _xml(said, 200, request_id)

    def _job(self, signer: Signer, service: Service, asked: Asked) -> Job:
        """Find who signed. ``Failed``: ``InvalidClientTokenId``, ``SignatureDoesNotMatch``."""
        key = signer.access_key_id
        known = key == EXAMPLE_KEY and self.jobs.places.open_mint
        job = Job("aws", {"dialect": "aws"}, key) if known else self.jobs.of(key, *self.dialects)
        if job is None or (key.startswith(TEMPORARY) and "x-amz-security-token" not in asked.headers):
            raise Failed("InvalidClientTokenId", 403, "The security token included in the request is invalid.")
        if signer.service != service.name:
            message = f"Credential should be scoped to correct service: '{service.name}'."
            raise Failed("SignatureDoesNotMatch", 403, message)
        return job

    def _act(self, action: str, job: Job, signer: Signer, fields: Mapping[str, str]) -> Mapping[str, str] | None:
        if action == "GetWebIdentityToken":
            return self._token(job, signer, constraints.read(fields))
        account = _account(job)
        if action == "EnableOutboundWebIdentityFederation":
            if account not in self._disabled:
                raise Failed(
                    "FeatureEnabled", 409, f"Outbound web identity federation is already enabled for {account}."
                )
            self._disabled.remove(account)
            return self._told(job)
        if account in self._disabled:
            raise Failed("FeatureDisabled", 404, f"Outbound web identity federation is disabled for {account}.")
        if action == "DisableOutboundWebIdentityFederation":
            self._disabled.add(account)
            return None
        return {**self._told(job), "JwtVendingEnabled": "true"}

    def _token(self, job: Job, signer: Signer, wanted: constraints.Wanted) -> Mapping[str, str]:
        if _account(job) in self._disabled:
            message = "Outbound web identity federation is not enabled for this account."
            raise Failed("OutboundWebIdentityFederationDisabledException", 403, message)
        left = job.params.get("lifetime")
        if isinstance(left, int) and wanted.seconds > left:
            message = f"The requested duration exceeds what is left of the session: {left} seconds."
            raise Failed("SessionDurationEscalationException", 403, message)
        params: dict[str, object] = {
            "audience": list(wanted.audiences),
            "algorithm": wanted.algorithm,
            "lifetime": wanted.seconds,
            "region": _HOME if signer.region == _GLOBAL else signer.region,
            "request_tags": dict(wanted.tags) or None,
            **_issuer(job),
        }
        try:
            token = self.jobs.mint(job, params=params).token
        except Refused as refused:  # by what the job was begun with
            raise Failed("ValidationError", 400, str(refused)) from refused
        if len(token.split(".")[1]) * 3 // 4 > LARGEST:
            message = f"The payload of the token would be larger than {LARGEST} bytes. Request fewer or shorter tags."
            raise Failed("JWTPayloadSizeExceededException", 400, message)
        until = self.jobs.issuer.clock().astimezone(UTC) + timedelta(seconds=wanted.seconds)
        return {"WebIdentityToken": token, "Expiration": f"{until:%Y-%m-%dT%H:%M:%SZ}"}

    def _octets(self) -> bytes:
        return hashlib.sha256(super().secret().encode()).digest()

    def _told(self, job: Job) -> Mapping[str, str]:
        return {"IssuerIdentifier": str(self.jobs.mint(job, params=_issuer(job)).claims["iss"])}

    def environment(self, job: Job) -> Environment:
        """What a role's session has, and where STS and IAM are. The CA's file is for the AWS SDKs."""
        region, address = str(job.value("region")), f"{self.jobs.address(job)}/"
        variables = {
            "AWS_ACCESS_KEY_ID": job.secret,
            "AWS_SECRET_ACCESS_KEY": super().secret()[:_SECRET],
            "AWS_SESSION_TOKEN": super().secret(),
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_ENDPOINT_URL_STS": address,
            "AWS_ENDPOINT_URL_IAM": address,
        }
        return Environment(variables, {"ca.pem": self.jobs.places.ca}, {"AWS_CA_BUNDLE": "ca.pem"})


_OPERATIONS: Final[Mapping[tuple[str, str], Service]] = {
    (action, service.version): service
    for service, actions in (
        (query.STS, ("GetWebIdentityToken",)),
        (
            query.IAM,
            (
                "EnableOutboundWebIdentityFederation",
                "GetOutboundWebIdentityFederationInfo",
                "DisableOutboundWebIdentityFederation",
            ),
        ),
    )
    for action in actions
}


def _operation(fields: Mapping[str, str]) -> tuple[Service, str]:
    """Return which service is asked to do what. ``Failed``: ``MissingAction``, ``InvalidAction``."""
    action, version = fields.get("Action", ""), fields.get("Version", "")
    if not action:
        raise Failed("MissingAction", 400, "The request is missing an action or a required parameter.")
    service = _OPERATIONS.get((action, version))
    if service is None:
        raise Failed(
            "InvalidAction", 400, f"Could not find operation {action} for version {version or 'NO_VERSION_SPECIFIED'}"
        )
    return service, action


def _account(job: Job) -> str:
    return str(job.value("account"))


def _issuer(job: Job) -> dict[str, object]:
    """Return the issuer of an account that nobody has given one: each has its own, always the same."""
    account = _account(job)
    if "issuer" in job.params or "instance" in job.request or account == _DEFAULT_ACCOUNT:
        return {}
    return {"issuer": f"https://{uuid5(NAMESPACE_URL, account)}.tokens.sts.global.api.aws"}


def _xml(body: bytes, status: int, request_id: str) -> Answer:
    headers = (("x-amzn-requestid", request_id), ("cache-control", "no-store"))
    return Answer(body, status, query.CONTENT_TYPE, headers=headers)
