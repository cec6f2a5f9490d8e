"""Every platform that is played here, and how its endpoints are served."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Final

from accredit.errors import CROSS_SITE, HOST_NOT_SERVED, NOT_FOUND, Refused
from accredit.testidp.dialect import find
from accredit.testidp.native import Asked, Environment, Job, Jobs, Native, Place, Places, queried, refuse_dialect
from accredit.testidp.wire import body_of, headers_of, of_another_site, refusal, send_answer

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from accredit.testidp.mint import TestIssuer
    from accredit.testidp.outages import Answer
    from accredit.testidp.wire import Receive, Scope, Send


@dataclass(frozen=True, slots=True)
class Platform:
    """Where a platform is played. It is imported when a job of it begins, or a client of it asks."""

    module: str
    name: str  # of the class
    dialects: tuple[str, ...]
    place: Place = "issuer"

    def load(self) -> type[Native]:
        """Import it."""
        found: type[Native] = getattr(import_module(f"accredit.testidp.native.{self.module}"), self.name)
        return found


PLATFORMS: Final = (
    Platform("github", "GitHub", ("github", "ghes")),
    Platform("azure_devops", "AzureDevOps", ("azure_devops",)),
    Platform("kubernetes", "Kubernetes", ("kubernetes", "eks", "aks", "gke")),
    Platform("aws", "Aws", ("aws",)),
    Platform("google", "Google", ("google",), "metadata"),
    Platform("imds", "Imds", ("entra",), "metadata"),
    Platform("fly", "Fly", ("fly",), "socket"),
    Platform("vault", "Vault", ("vault",)),
    Platform("openid", "OpenId", ("keycloak", "auth0", "okta", "custom")),
    Platform(
        "variables",
        "Variables",
        (
            *("gitlab", "terraform", "circleci", "bitbucket", "semaphore", "spacelift", "env0", "vercel", "jenkins"),
            *("codefresh", "nomad"),
        ),
    ),
)
_BODILESS: Final = frozenset({"GET", "HEAD"})


class Natives:
    """The platforms of one emulator and the jobs that run on them."""

    def __init__(self, issuer: TestIssuer, places: Places) -> None:
        self.jobs = Jobs(issuer, places)
        self._of = {dialect: each for each in PLATFORMS for dialect in each.dialects}
        self._loaded: dict[Platform, Native] = {}

    def begin(self, request: Mapping[str, object]) -> tuple[Job, Environment]:
        """Begin a job whose tokens are as ``request`` says; return what surrounds it. ``Refused`` as for minting."""
        name = find(str(request.get("dialect", ""))).name
        if name not in self._of:
            raise refuse_dialect(name, ", ".join(sorted(self._of)))
        native = self._native(self._of[name])
        job = self.jobs.begin(request, native.secret())
        return job, native.environment(job)

    def environment(self, request: Mapping[str, object]) -> dict[str, object]:
        """Begin a job, as the control API does."""
        job, found = self.begin(request)
        return {
            "dialect": job.dialect,
            "variables": dict(found.variables),
            "files": dict(found.files),
            "paths": dict(found.paths),
            "claims": self.jobs.mint(job).claims,
        }

    def of_issuer(self, dialect: str, asked: Asked) -> Answer | None:
        """Answer below an issuer's address; ``None``: no such route."""
        found = self._of.get(dialect)
        return self._native(found).answer(asked) if found is not None and found.place == "issuer" else None

    def discovery(self, dialect: str, address: str) -> Mapping[str, object]:
        """Return what an issuer's discovery document says of its endpoints."""
        found = self._of.get(dialect)
        return self._native(found).discovery(dialect, address) if found is not None else {}

    def at(self, place: Place, asked: Asked) -> Answer | None:
        """Answer at the root of a listener of its own; ``None``: no such route."""
        answers = (self._native(each).answer(asked) for each in PLATFORMS if each.place == place)
        return next((each for each in answers if each is not None), None)

    def heal(self) -> None:
        """Have every platform forget what clients did to it."""
        for each in self._loaded.values():
            each.heal()

    def _native(self, platform: Platform) -> Native:
        if platform not in self._loaded:
            self._loaded[platform] = platform.load()(self.jobs)
        return self._loaded[platform]


async def read(scope: Scope, receive: Receive, path: str, instance: str = "") -> Asked:
    """Read a client's request. ``BODY_TOO_LARGE``, ``INPUT_INVALID``."""
    body = b"" if scope["method"] in _BODILESS else await body_of(receive)
    return Asked(scope["method"], path, queried(scope["query_string"]), headers_of(scope), body, instance)


class Outside:
    """The application of a listener that stands for a machine's own surroundings: no issuer's address leads there.

    ``hosts``: allowed values of the Host header, with port; ``None``: nobody can be led astray (a Unix socket).
    """

    def __init__(self, natives: Natives, place: Place, hosts: Collection[str] | None) -> None:
        self._natives = natives
        self._place: Place = place
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["type"] != "http":
            return
        try:
            answer = await self._answer(scope, receive)
        except Refused as refused:
            answer = refusal(refused)
        await send_answer(answer, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        said = [value.decode("latin-1").lower() for name, value in scope["headers"] if name.lower() == b"host"]
        if self._hosts is not None and (len(said) != 1 or said[0] not in self._hosts):
            raise Refused(HOST_NOT_SERVED)
        if of_another_site(headers_of(scope)):
            raise Refused(CROSS_SITE)
        answer = self._natives.at(self._place, await read(scope, receive, str(scope["path"])))
        if answer is None:
            raise Refused(NOT_FOUND)
        return answer
