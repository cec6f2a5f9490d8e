"""Google Cloud: the metadata server of a virtual machine or container (Google's reference of it, and google-auth).

Rule 1: every answer says ``Metadata-Flavor: Google`` and has a content type: Google's libraries take nothing else.
Rule 2: the real one knows a machine by its network. Here a job's own address begins with its secret; without one the
job that was begun last is meant.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from accredit.testidp.native import Asked, Environment, Job, Native, json_answer, text_answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.testidp.outages import Answer

ROOT: Final = "/computeMetadata/v1/"
ACCOUNTS: Final = "instance/service-accounts/"
SCOPES: Final = ("https://www.googleapis.com/auth/cloud-platform",)
FORMATS: Final = ("full", "standard")
_FLAVOR: Final = ("metadata-flavor", "Google")
_SERVER: Final = ("server", "Metadata Server for VM")
_TRUE: Final = "true"


class Google(Native):
    """The metadata server."""

    dialects = ("google",)
    place = "metadata"

    def answer(self, asked: Asked) -> Answer | None:
        """Answer at the root, for the job begun last, or below ``/SECRET``, for the one that has it."""
        secret, _, rest = asked.path[1:].partition("/")
        own = self.jobs.of(secret, *self.dialects)
        job, path = (own, f"/{rest}") if own else (self.jobs.latest("google"), asked.path)
        if path != "/" and not path.startswith(ROOT):
            return None
        answer = self._answered(job, replace(asked, path=path))
        return replace(answer, headers=(*answer.headers, _FLAVOR, _SERVER))

    def _answered(self, job: Job, asked: Asked) -> Answer:
        if asked.method != "GET":
            return text_answer("Method not allowed.", 405, "text/html", allow="GET")
        if asked.path == "/":
            return text_answer("computeMetadata/\n", content_type="application/text")
        if asked.headers.get("metadata-flavor") != "Google":
            return text_answer("Your client is missing the header Metadata-Flavor: Google.", 403, "text/html")
        if "x-forwarded-for" in asked.headers:
            return text_answer("A request with X-Forwarded-For is not answered.", 403, "text/html")
        return self._metadata(job, asked.path.removeprefix(ROOT), asked)

    def _metadata(self, job: Job, place: str, asked: Asked) -> Answer:
        claims = self.jobs.mint(job).claims
        known = _directory(claims)
        if place.startswith(ACCOUNTS):
            account, _, member = place.removeprefix(ACCOUNTS).partition("/")
            if account in ("default", known["default"]["email"]):
                if member == "identity":
                    return self._identity(job, asked)
                found = known["default"]
                if member == "" and asked.one("recursive") == _TRUE:
                    return json_answer(found)
                if member in found:
                    return text_answer(_listed(found[member]), content_type="application/text")
        plain = _plain(claims, known)
        if place in plain:
            return text_answer(plain[place], content_type="application/text")
        return text_answer(f"The requested URL {asked.path} was not found on this server.", 404, "text/html")

    def _identity(self, job: Job, asked: Asked) -> Answer:
        audience, wanted = asked.one("audience"), asked.one("format") or "standard"
        if not audience:
            return text_answer("non-empty audience parameter required", 400, "text/html")
        if wanted not in FORMATS:
            return text_answer("format must be full or standard", 400, "text/html")
        token = self.jobs.mint(job, params={"audience": audience, "format": wanted}).token
        return text_answer(token, content_type="text/html")

    def environment(self, job: Job) -> Environment:
        """What points Google's libraries to another metadata server: the host, and the address they try first."""
        host = f"{self.jobs.places.metadata.removeprefix('http://')}/{job.secret}"
        return Environment({"GCE_METADATA_HOST": host, "GCE_METADATA_IP": host})


def _directory(claims: Mapping[str, object]) -> dict[str, dict[str, Any]]:
    """Return what is said of service accounts: there is one, under its address and as ``default``."""
    email = str(claims.get("email", "default"))
    account = {"aliases": ["default"], "email": email, "scopes": list(SCOPES)}
    return {"default": account, email: account}


def _plain(claims: Mapping[str, object], accounts: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return what else is asked by name: where the machine is, and which it is."""
    google = claims.get("google")
    machine = google.get("compute_engine", {}) if isinstance(google, dict) else {}
    project, number = str(machine.get("project_id", "my-project")), str(machine.get("project_number", ""))
    said = {
        "project/project-id": project,
        "project/numeric-project-id": number,
        "instance/id": str(machine.get("instance_id", "")),
        "instance/name": str(machine.get("instance_name", "")),
        "instance/zone": f"projects/{number}/zones/{machine['zone']}" if "zone" in machine else "",
        "universe/universe-domain": "googleapis.com",
        ACCOUNTS: "".join(f"{each}/\n" for each in accounts),
    }
    return {place: value for place, value in said.items() if value}


def _listed(value: object) -> str:
    return "".join(f"{each}\n" for each in value) if isinstance(value, list) else str(value)
