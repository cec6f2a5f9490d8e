"""What the page of the test issuer leans on, in its own words. Only an emulator puts one into ``portal.tools``.

Rule 1: the portal has never heard of the test issuers themselves: production has nothing of them, not even the code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from accredit.directory import Tenant
    from accredit.signins import Sender

TOOL: Final = "bench"
"""The name under which ``portal.tools`` has it."""

Control = Literal["next", "throttle", "delay", "clock", "reset"]


class Named(NamedTuple):
    """A dialect in the list of them."""

    name: str
    title: str


class Choice(NamedTuple):
    """One thing that may be chosen about a token."""

    name: str
    says: str
    wanted: str  # what it takes, in words
    usual: str  # without it; "": it is left out
    one_of: tuple[str, ...]

    @property
    def options(self) -> list[tuple[str, str]]:
        """What a list offers: values with their texts."""
        return [(each, each) for each in self.one_of]


class Dialect(NamedTuple):
    """How the tokens of a platform look."""

    name: str
    title: str
    preset: str  # the scenario that says how to trust it; "": there is none
    issuer: str
    lifetime: int  # seconds
    choices: tuple[Choice, ...]
    samples: tuple[str, ...]


class Fault(NamedTuple):
    """One way to be wrong, and what follows in a tenant of each portability; ``None``: it is accepted."""

    name: str
    sentence: str
    entra: int | None
    extended: int | None
    cause: str

    def code(self, portability: str) -> int | None:
        """Return the AADSTS code that follows."""
        return self.entra if portability == "entra" else self.extended


class Issuing(NamedTuple):
    """How one test issuer stands."""

    name: str
    title: str
    instance: str
    issuer: str
    address: str
    discovery: str  # addresses of its documents
    jwks: str
    kids: tuple[str, ...]  # that are published, the one that signs first
    outage: str  # "": it answers as it should


class Standing(NamedTuple):
    """How the authority itself stands."""

    now: datetime
    frozen: bool
    offset: float  # seconds from the machine's clock
    planned: int  # refusals that are to come
    delay: float  # seconds until a new credential is seen
    wrong: Sequence[Issuing]  # issuers whose documents are wrong

    @property
    def ordinary(self) -> bool:
        """Whether nothing at all was changed."""
        return not (self.frozen or self.offset or self.planned or self.delay or self.wrong)


class Minted(NamedTuple):
    """A token, and what it says. Faults of the writing are not in ``claims``."""

    token: str
    header: Mapping[str, Any]
    claims: Mapping[str, Any]


class Exchanged(NamedTuple):
    """What the token endpoint answered. The access token itself is not here: only what it says."""

    status: int
    answer: Mapping[str, Any]  # of a refusal
    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    trace: str  # the request's id, as the log has it
    explanation: Mapping[str, Any] | None


class Bench(Protocol):
    """The test issuers of an emulator, and what a test does to the emulator itself."""

    def dialects(self) -> Sequence[Named]:
        """Return every dialect, by title."""

    def dialect(self, name: str) -> Dialect:
        """Return one by its name or alias. ``DIALECT_UNKNOWN``."""

    def faults(self) -> Sequence[Fault]:
        """Return every fault of a token."""

    def outages(self) -> Sequence[Fault]:
        """Return every fault of an issuer."""

    def issuing(self, name: str, instance: str) -> Issuing:
        """Return how an issuer stands. ``DIALECT_UNKNOWN``, ``INPUT_INVALID``."""

    def standing(self) -> Standing:
        """Return how the authority stands."""

    def mint(self, request: Mapping[str, object]) -> Minted:
        """Sign a token as the control API does. ``INPUT_INVALID``, ``DIALECT_UNKNOWN``, ``FAULT_UNKNOWN``."""

    def rotate(self, name: str, instance: str, *, keep_previous: bool) -> None:
        """Let new keys sign. Errors as of ``issuing``."""

    def down(self, name: str, instance: str, mode: str | None) -> None:
        """Make an issuer's documents wrong in a named way; ``None``: right again. ``FAULT_UNKNOWN``."""

    def control(self, what: Control, body: Mapping[str, object]) -> None:
        """Do what ``POST /idp/_{what}`` does. ``INPUT_INVALID``."""

    async def exchange(self, who: Sender, tenant: Tenant, client_id: str, scope: str, token: str) -> Exchanged:
        """Send a token to the token endpoint as a workload would, and tell what came of it."""
