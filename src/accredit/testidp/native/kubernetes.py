"""Kubernetes: the API server's ``TokenRequest``, and what is in a pod (Kubernetes' API reference and API server).

Every account, pod, secret and node with a possible name is there, with a uid that is the same in every answer.
Rule 1: a request is judged in the API server's order, and refused with its ``Status``.
Rule 2: what the kubelet asks for a pod by default (3607 seconds, for the API server) lives a year and says when it
would have been too old.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from uuid import NAMESPACE_URL, uuid5

from accredit.errors import Refused
from accredit.testidp.dialect import MAX_LIFETIME
from accredit.testidp.native import Asked, Environment, Job, Native, json_answer
from accredit.testidp.native.kubernetes_wire import read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.testidp.native.kubernetes_wire import Reference, TokenRequest
    from accredit.testidp.outages import Answer

GROUP: Final = "authentication.k8s.io"
SHORTEST: Final = 600  # seconds
LONGEST: Final = 2**32  # seconds
KUBELETS: Final = 3_607  # seconds: what the kubelet asks for where a pod says nothing
EXTENDED: Final = 31_536_000  # seconds: what it gets
DEFAULT: Final = 3_600  # seconds
BOUND: Final = ("Pod", "Secret", "Node")  # what a token can be bound to
NODE: Final = "node-a"  # where every pod runs
SHORTENED: Final = "requested expiration of {} seconds shortened to {} seconds"
TOKEN: Final = "token"  # noqa: S105  the name of a file
KUBECONFIG: Final = "kubeconfig"
_ROUTE: Final = re.compile(r"/api/v1/namespaces/(?P<namespace>[^/]+)/serviceaccounts/(?P<name>[^/]+)/token")
_LABEL: Final = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
_NAME: Final = re.compile(r"[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?")


class _Refused(Exception):
    """A refusal of the API server: a ``Status``."""

    def __init__(self, code: int, reason: str, message: str, details: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.code, self.reason, self.details = code, reason, details

    def answer(self) -> Answer:
        status: dict[str, object] = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
        status |= {"message": str(self), "reason": self.reason}
        if self.details is not None:
            status["details"] = dict(self.details)
        return json_answer(status | {"code": self.code}, self.code)


@dataclass(frozen=True, slots=True)
class Account:
    """A service account."""

    namespace: str
    name: str
    uid: str


class Kubernetes(Native):
    """A cluster, of whichever provider."""

    dialects = ("kubernetes", "eks", "aks", "gke")

    def answer(self, asked: Asked) -> Answer | None:
        """``POST …/serviceaccounts/{name}/token``: a ``TokenRequest`` with its ``status``."""
        found = _ROUTE.fullmatch(asked.path)
        if found is None:
            return None
        try:
            return self._create(self._known(asked), found["namespace"], found["name"], _read(asked))
        except _Refused as refused:
            return refused.answer()

    def _known(self, asked: Asked) -> Job:
        """Return the job that asks, or refuse whoever does."""
        job = self.jobs.of(asked.bearer, *self.dialects)
        if job is None:
            raise _Refused(401, "Unauthorized", "Unauthorized")
        if asked.method != "POST":
            message = "the server does not allow this method on the requested resource"
            raise _Refused(405, "MethodNotAllowed", message, {})
        return job

    def _create(self, job: Job, namespace: str, name: str, request: TokenRequest) -> Answer:
        spec = request.spec
        wished = DEFAULT if spec.expirationSeconds is None else spec.expirationSeconds
        _refuse_duration(wished)
        seconds = min(wished, MAX_LIFETIME)
        account = self._account(job, namespace, name)
        bound = _bound(job, account, spec.boundObjectRef)
        own = str(self.jobs.mint(job).claims["iss"])  # what the API server itself is meant by
        extended = seconds == KUBELETS and bound["pod"] is not None and spec.audiences in (None, [], [own])
        audiences = spec.audiences or [own]
        params = {
            "namespace": account.namespace,
            "service_account": account.name,
            "service_account_uid": account.uid,
            **bound,
            "audience": audiences,
            "lifetime": EXTENDED if extended else seconds,
            "warn_after": seconds if extended else None,
        }
        token = self._minted(job, params)
        now = int(self.jobs.issuer.clock().timestamp())
        status = {"token": token, "expirationTimestamp": _instant(now + seconds)}
        asked = {"audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": _written(spec.boundObjectRef)}
        return json_answer(
            {
                "kind": "TokenRequest",
                "apiVersion": f"{GROUP}/v1",
                "metadata": {"name": name, "namespace": namespace, "creationTimestamp": _instant(now)},
                "spec": asked,
                "status": status,
            },
            201,
            **({"warning": f'299 - "{SHORTENED.format(wished, seconds)}"'} if seconds < wished else {}),
        )

    def _minted(self, job: Job, params: Mapping[str, object]) -> str:
        try:
            return self.jobs.mint(job, params=params).token
        except Refused as refused:
            raise _Refused(400, "BadRequest", str(refused)) from refused

    def _account(self, job: Job, namespace: str, name: str) -> Account:
        """Find an account: the job's own with the uid that its tokens have, or another one."""
        if not _LABEL.fullmatch(namespace) or not _NAME.fullmatch(name):
            raise _missing("serviceaccounts", name)
        said = self.jobs.mint(job).claims.get("kubernetes.io")
        mine = said if isinstance(said, dict) else {}
        account = mine.get("serviceaccount", {})
        if (mine.get("namespace"), account.get("name")) == (namespace, name):
            return Account(namespace, name, str(account.get("uid", "")))
        return Account(namespace, name, _uid(job, namespace, "serviceaccounts", name))

    def environment(self, job: Job) -> Environment:
        """A projected token as the workload identity webhook mounts it, and a way to the API server."""
        files = {TOKEN: self.jobs.mint(job).token, KUBECONFIG: self._kubeconfig(job)}
        paths = {"AZURE_FEDERATED_TOKEN_FILE": TOKEN, "KUBECONFIG": KUBECONFIG}
        if job.dialect == "eks":
            paths["AWS_WEB_IDENTITY_TOKEN_FILE"] = TOKEN
        return Environment({"AZURE_AUTHORITY_HOST": f"{self.jobs.places.base}/"}, files, paths)

    def _kubeconfig(self, job: Job) -> str:
        cluster = {"server": self.jobs.address(job)}
        if self.jobs.places.ca:
            cluster["certificate-authority-data"] = b64encode(self.jobs.places.ca.encode()).decode()
        found = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "job",
            "clusters": [{"name": "job", "cluster": cluster}],
            "users": [{"name": "job", "user": {"token": job.secret}}],
            "contexts": [{"name": "job", "context": {"cluster": "job", "user": "job"}}],
        }
        return json.dumps(found, indent=2)  # which is YAML, too


def _read(asked: Asked) -> TokenRequest:
    try:
        found = read(asked.body, asked.headers.get("content-type", ""))
    except ValueError as error:
        message = f'TokenRequest in version "v1" cannot be handled as a TokenRequest: {error}'
        raise _Refused(400, "BadRequest", message) from error
    if found.kind not in (None, "", "TokenRequest") or found.apiVersion not in (None, "", f"{GROUP}/v1"):
        message = f'{found.kind} in version "{found.apiVersion}" cannot be handled as a TokenRequest'
        raise _Refused(400, "BadRequest", message)
    return found


def _refuse_duration(seconds: int) -> None:
    if SHORTEST <= seconds <= LONGEST:
        return
    wrong = "less than 10 minutes" if seconds < SHORTEST else "larger than 2^32 seconds"
    field, said = "spec.expirationSeconds", f"Invalid value: {seconds}: may not specify a duration {wrong}"
    raise _Refused(
        422,
        "Invalid",
        f'TokenRequest.{GROUP} "" is invalid: {field}: {said}',
        {
            "group": GROUP,
            "kind": "TokenRequest",
            "causes": [{"reason": "FieldValueInvalid", "message": said, "field": field}],
        },
    )


def _bound(job: Job, account: Account, reference: Reference | None) -> dict[str, object]:
    """Return the parameters of a token that is bound to an object, or to none."""
    unbound = {each: None for kind in BOUND for each in (kind.lower(), f"{kind.lower()}_uid")}
    if reference is None:
        return {**unbound}
    kind, version, name = reference.kind or "", reference.apiVersion or "", reference.name or ""
    if version != "v1" or kind not in BOUND:
        group, _, version = version.rpartition("/")
        message = f"cannot bind token to object of type {group}/{version}, Kind={kind}"
        raise _Refused(400, "BadRequest", message)
    plural = f"{kind.lower()}s"
    if not _NAME.fullmatch(name):
        raise _missing(plural, name)
    namespace = "" if kind == "Node" else account.namespace
    uid = _uid(job, namespace, plural, name)
    if reference.uid and reference.uid != uid:
        message = (
            f'Operation cannot be fulfilled on {kind} "{name}": the UID in the bound object reference ({reference.uid})'
            " does not match the UID in record. The object might have been deleted and then recreated"
        )
        raise _Refused(409, "Conflict", message, {"name": name, "kind": kind})
    found: dict[str, object] = {**unbound, kind.lower(): name, f"{kind.lower()}_uid": uid}
    if kind == "Pod":
        found |= {"node": NODE, "node_uid": _uid(job, "", "nodes", NODE)}
    return found


def _missing(plural: str, name: str) -> _Refused:
    return _Refused(404, "NotFound", f'{plural} "{name}" not found', {"name": name, "kind": plural})


def _uid(job: Job, namespace: str, plural: str, name: str) -> str:
    """Return the uid of an object: made of where it is, so that it is the same in every answer."""
    return str(
        uuid5(NAMESPACE_URL, "/".join((job.dialect, str(job.request.get("instance") or ""), namespace, plural, name)))
    )


def _written(reference: Reference | None) -> dict[str, object] | None:
    if reference is None:
        return None
    found = {name: getattr(reference, name) for name in ("kind", "apiVersion", "name", "uid")}
    return {name: value for name, value in found.items() if value}


def _instant(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
