"""Jobs that run on a platform, what surrounds them there, and the endpoints that their unmodified clients call.

Rule 1: one file a platform: its routes, its protocol, its errors as the platform words them, and what a job of it finds
around itself. ``catalogue`` lists them.
Rule 2: a request is answered for the job that asks, known by the secret that its environment was given; it says what
the platform lets it say (mostly an audience), and everything else about its token is as the job was begun.
Rule 3: the emulator's only. No file here opens a socket or waits.
"""

from __future__ import annotations

import os
import secrets
from abc import ABC, abstractmethod
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, Literal
from urllib.parse import parse_qsl

from accredit.errors import INPUT_INVALID, Refused
from accredit.issuers import strictjson
from accredit.testidp.dialect import find
from accredit.testidp.draft import write
from accredit.testidp.outages import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.testidp.mint import Minted, TestIssuer

__all__ = ["Answer", "Asked", "Environment", "Job", "Jobs", "Native", "Place", "Places", "json_answer", "text_answer"]

Place = Literal["issuer", "metadata", "socket"]
"""Where a platform's clients find its endpoint: below the issuer's address, at the root of the plain listener on
loopback that stands for a cloud's metadata server, or behind a Unix socket."""

MOST_JOBS: Final = 1_000  # that are remembered: of more, the oldest are forgotten and their secrets with them
SECRET: Final = 32  # octets
_DEPTH, _MEMBERS = 32, 2_000  # of JSON that a client sends


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of a client, read whole."""

    method: str
    path: str  # below the issuer's address, or at the root of the listener; begins with a slash
    query: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    body: bytes = field(default=b"", repr=False)
    instance: str = ""  # the issuer among those of its platform that was asked

    def one(self, name: str) -> str | None:
        """Return the first value that the query has for ``name``."""
        return self.query.get(name, (None,))[0]

    @property
    def bearer(self) -> str:
        """The secret behind ``Bearer`` in ``Authorization``, empty without."""
        scheme, _, secret = self.headers.get("authorization", "").partition(" ")
        return secret.strip() if scheme.lower() == "bearer" else ""

    def form(self) -> Mapping[str, tuple[str, ...]]:
        """Read the body as a form. Raises ``ValueError``."""
        return _several(parse_qsl(self.body.decode("utf-8"), keep_blank_values=True, max_num_fields=_MEMBERS))

    def json(self) -> Mapping[str, object]:
        """Read the body as a JSON object, an absent one as an empty one. Raises ``ValueError``."""
        found = strictjson.loads(self.body or b"{}", depth=_DEPTH, members=_MEMBERS)
        if not isinstance(found, dict):
            raise ValueError("it is not a JSON object")  # noqa: TRY004  what a caller reads is no type of ours
        return found


def queried(query: bytes) -> Mapping[str, tuple[str, ...]]:
    """Read a query string. ``INPUT_INVALID``."""
    try:
        return _several(parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=_MEMBERS))
    except ValueError as error:
        raise Refused(INPUT_INVALID, what="the query", reason=str(error)) from error


def _several(pairs: list[tuple[str, str]]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        found[name] = (*found.get(name, ()), value)
    return found


def json_answer(content: Mapping[str, object], status: int = 200, **headers: str) -> Answer:
    """Answer with JSON that nobody may keep."""
    return Answer(write(content), status, headers=_named(headers))


def text_answer(
    text: str, status: int = 200, content_type: str = "text/plain; charset=utf-8", **headers: str
) -> Answer:
    """Answer with text that nobody may keep."""
    return Answer(text.encode(), status, content_type, _named(headers))


def _named(headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    given = {name.lower().replace("_", "-"): value for name, value in headers.items()}
    return tuple({"cache-control": "no-store", **given}.items())


@dataclass(frozen=True, slots=True)
class Places:
    """Where an emulator answers, as environments name it."""

    base: str  # https, without a slash at its end
    metadata: str = ""  # http on loopback, without a slash at its end
    socket: str = ""  # path of a Unix socket
    ca: str = field(default="", repr=False)  # PEM of the CA of ``base``
    open_mint: bool = True  # whether everybody gets tokens, who need not have begun a job: on loopback


@dataclass(frozen=True, slots=True)
class Environment:
    """What a platform puts around a job. The values are secrets, as on the platform."""

    variables: Mapping[str, str] = field(repr=False)
    files: Mapping[str, str] = field(default_factory=dict, repr=False)  # content by name
    paths: Mapping[str, str] = field(default_factory=dict)  # variables that hold where a file of ``files`` is: its name

    def written(self, folder: Path) -> dict[str, str]:
        """Write the files into ``folder``, for the owner only, and return all variables.

        What stood there makes way. ``INPUT_INVALID`` for a name that leads elsewhere: an environment may come from
        another process.
        """
        for name in (*self.files, *self.paths.values()):
            if name != Path(name).name or name in {"", ".", ".."}:
                raise Refused(INPUT_INVALID, what=f"the file {name}", reason="it would not lie in the folder")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, content in self.files.items():
            made = folder / f".{name}.{os.getpid()}"
            made.unlink(missing_ok=True)
            opened = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)  # nobody's link or file
            with open(opened, "w", encoding="utf-8") as file:  # noqa: PTH123  a descriptor
                file.write(content)
            made.replace(folder / name)
        return {**self.variables, **{name: str((folder / file).absolute()) for name, file in self.paths.items()}}


@dataclass(frozen=True, slots=True)
class Job:
    """A workload of a platform as it is played here."""

    dialect: str
    request: Mapping[str, object]  # as for minting: what every token of it is like
    secret: str = field(repr=False)  # by which endpoints know it

    @property
    def params(self) -> Mapping[str, object]:
        """What was chosen about it."""
        found = self.request.get("params", {})
        return found if isinstance(found, dict) else {}

    def value(self, name: str) -> object:
        """Return a parameter as it was chosen, or as it is by default."""
        return find(self.dialect).parameters[name].chosen(name, self.params)


class Jobs:
    """The jobs of one emulator, and where they are."""

    def __init__(self, issuer: TestIssuer, places: Places) -> None:
        self.issuer = issuer
        self.places = places
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._latest: dict[str, Job] = {}

    def begin(self, request: Mapping[str, object], secret: str) -> Job:
        """Begin a job, whose tokens are as ``request`` says (``MintRequest``). ``Refused`` as for minting."""
        self.issuer.mint(request)  # what cannot be minted is refused now and not when the job asks
        job = Job(find(str(request["dialect"])).name, dict(request), secret)
        self._jobs[secret] = self._latest[job.dialect] = job
        if len(self._jobs) > MOST_JOBS:
            self._jobs.popitem(last=False)
        return job

    def of(self, secret: str, *dialects: str) -> Job | None:
        """Find the job that has this secret, if it is one of these dialects."""
        job = self._jobs.get(secret)
        return job if job is not None and job.dialect in dialects else None

    def latest(self, dialect: str) -> Job:
        """Return the job of a platform that tells jobs apart by where they run: the one begun last, or a plain one."""
        return self._latest.get(dialect) or Job(dialect, {"dialect": dialect}, "")

    def mint(self, job: Job, **changes: Mapping[str, object]) -> Minted:
        """Make a token for a job. ``changes``: params, times, header, overrides beside those that it was begun with.

        What the job was told to override stays overridden. ``Refused`` as for minting.
        """
        request = dict(job.request)
        for name, members in changes.items():
            said = request.get(name, {})
            before: dict[str, object] = said if isinstance(said, dict) else {}
            request[name] = {**members, **before} if name == "overrides" else {**before, **members}
        return self.issuer.mint(request)

    def address(self, job: Job) -> str:
        """Return the address of the issuer of a job, without a slash at its end."""
        instance = job.request.get("instance")
        return self.issuer.platform(job.dialect, None if instance is None else str(instance)).address


class Native(ABC):
    """A platform, as the jobs on it and their clients see it."""

    dialects: ClassVar[tuple[str, ...]]
    place: ClassVar[Place] = "issuer"

    def __init__(self, jobs: Jobs) -> None:
        self.jobs = jobs

    def secret(self) -> str:
        """Make what a new job is known by."""
        return secrets.token_urlsafe(SECRET)  # noqa: TID251  a key, like those that the issuers make for themselves

    def heal(self) -> None:  # noqa: B027  for those that clients can change
        """Forget what clients did to the platform; jobs go on."""

    def answer(self, asked: Asked) -> Answer | None:  # noqa: ARG002  for those that answer
        """Answer as the platform does; ``None`` for what is none of its routes."""
        return None

    def discovery(self, dialect: str, address: str) -> Mapping[str, object]:  # noqa: ARG002  for those that have some
        """Return what the discovery document of an issuer says of the endpoints that are played here."""
        return {}

    @abstractmethod
    def environment(self, job: Job) -> Environment:
        """Return what the platform puts around a job."""


def refuse_dialect(name: str, known: str) -> Refused:
    """Say that a job of this platform finds nothing around itself."""
    reason = f"a job of {name} finds no token around itself (platforms whose jobs do: {known}); mint one instead"
    return Refused(INPUT_INVALID, what="dialect", reason=reason)
