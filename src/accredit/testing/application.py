"""An application of a test: what it may do, what it trusts, and the tokens that it gets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

import msgspec

from accredit.errors import Refused
from accredit.testing import place
from accredit.testing.idp import GITHUB, REPOSITORY, Repository
from accredit.testing.place import KitError
from accredit.trust import DEFAULT_AUDIENCE, presets

if TYPE_CHECKING:
    from collections.abc import Collection, Coroutine, Mapping
    from uuid import UUID

    import httpx2

    from accredit.directory import Application as Registered
    from accredit.testing.idp import Idp
    from accredit.trust import FederatedCredential
    from accredit.trust.presets import Rendered

T = TypeVar("T")

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
CONTEXTS: Final = ("environment", "branch", "tag", "pull_request")  # of a job in GitHub Actions


class NotGranted(KitError):
    """The token endpoint said no. ``code`` is such as ``AADSTS700213``, ``description`` what it said."""

    def __init__(self, status: int, said: Mapping[str, Any], retry_after: str | None) -> None:
        self.status = status
        self.error = str(said.get("error", ""))
        self.description = str(said.get("error_description", ""))
        self.code = self.description.partition(":")[0]
        self.retry_after = None if retry_after is None else int(retry_after)  # seconds
        super().__init__(self.description or f"the token endpoint answered {status}")


class Around(Protocol):
    """What an application needs of the authority that it is registered with: ``Authority``."""

    @property
    def idp(self) -> Idp: ...
    @property
    def http(self) -> httpx2.Client: ...
    @property
    def token_endpoint(self) -> str: ...
    @property
    def directory(self) -> place.Directory: ...

    def run(self, story: Coroutine[Any, Any, T]) -> T: ...

    async def granted(self, who: Registered, resource: str, roles: Collection[str]) -> None: ...

    def next_response(
        self, error: str, *, times: int | None, status: int | None, retry_after: int | None, client_id: str
    ) -> None: ...

    def throttle(self, status: int, *, retry_after: int, times: int | None, client_id: str) -> None: ...


@dataclass(slots=True, repr=False)
class Application:
    """One application, in the tenant of the test. Made by ``Authority.application``."""

    authority: Around
    registered: Registered
    job: dict[str, Any] | None = None  # whose tokens it signs in with
    shown: str = ""  # the token that was trusted as it stands

    def __repr__(self) -> str:
        return f"Application({self.name}, {self.client_id})"

    @property
    def name(self) -> str:
        """Its display name."""
        return self.registered.display_name

    @property
    def client_id(self) -> str:
        """Its client id (``appId``)."""
        return str(self.registered.app_id)

    @property
    def object_id(self) -> UUID:
        """Its id in the directory."""
        return self.registered.id

    # ── what it trusts ───────────────────────────────────────────────────────────────────────────────────────────────

    def trust_github(
        self,
        repository: str = REPOSITORY,
        *,
        environment: str | None = None,
        branch: str | None = None,
        tag: str | None = None,
        pull_request: bool = False,
        audience: str = DEFAULT_AUDIENCE,
        name: str | None = None,
    ) -> FederatedCredential:
        """Trust jobs of a repository: of an environment, a branch, a tag, or every pull request; one of them."""
        given = {"environment": environment, "branch": branch, "tag": tag, "pull_request": pull_request or None}
        chosen = {context: value for context, value in given.items() if value is not None}
        if len(chosen) != 1:
            raise KitError(f"say which jobs of {repository} are trusted: one of {', '.join(CONTEXTS)}")
        of, ((entity, value),) = Repository(repository), chosen.items()
        fields = {**of.form, "entity": entity, "value": "" if value is True else str(value)}
        made = self.trust(
            "github_actions", mode="immutable" if of.id else "legacy", audience=audience, name=name, **fields
        )
        self.job = {"dialect": GITHUB, **of.claimed, entity: value, "audience": audience}
        return made

    def trust(
        self,
        preset: str,
        *,
        mode: str | None = None,
        audience: str | None = None,
        name: str | None = None,
        **fields: object,
    ) -> FederatedCredential:
        """Trust a platform by its preset (``accredit preset show ID`` names the fields of its form)."""
        try:
            found = presets.preset(preset)
            values = {field: str(value) for field, value in fields.items()}
            rendered = presets.render(found, values, mode=mode, audience=audience)
        except Refused as error:
            raise place.refused(error) from error
        return self.authority.run(self._trusted(rendered, name))

    def trust_subject(
        self, issuer: str, subject: str, *, audience: str = DEFAULT_AUDIENCE, name: str | None = None
    ) -> FederatedCredential:
        """Trust one subject of an issuer."""
        return self.authority.run(self._added(name, "trust", issuer=issuer, subject=subject, audiences=(audience,)))

    def trust_token(self, token: str, *, name: str | None = None) -> FederatedCredential:
        """Trust exactly what a token says of itself: its issuer, subject and audience."""
        said = place.claims(token)
        audience = said.get("aud")
        only = audience[0] if isinstance(audience, list) and len(audience) == 1 else audience
        wanted = {"iss": said.get("iss"), "sub": said.get("sub"), "aud": only}
        if wrong := [claim for claim, value in wanted.items() if not isinstance(value, str) or not value]:
            raise KitError(f"the token's {wrong[0]} is not one text, and only that can be trusted as it stands")
        made = self.trust_subject(str(wanted["iss"]), str(wanted["sub"]), audience=str(wanted["aud"]), name=name)
        self.job, self.shown = None, token
        return made

    def distrust(self) -> None:
        """Trust nothing any more."""

        async def removed() -> None:
            async with self._directory.reading() as view:
                found = await view.credentials.find(application_id=self.object_id)
            for each in found:
                await self._directory.credentials.delete(self.object_id, each.id)

        self.authority.run(removed())

    # ── what it may do, and gets ─────────────────────────────────────────────────────────────────────────────────────

    def grant(self, resource: str, *roles: str) -> None:
        """Let it have app roles of an API, by identifier. An API or a role that is not there is made."""
        self.authority.run(self.authority.granted(self.registered, resource, roles))

    def secret(self) -> str:
        """Make a client secret, and return its value."""
        made = self.authority.run(self._directory.evidence.add_secret(self.object_id, display_name="test"))
        return str(made.value)

    def assertion(self, **more: Any) -> str:  # noqa: ANN401  arguments of ``Idp.mint``
        """Sign the platform's token that it trusts since ``trust_github``; ``more`` changes it, as for ``idp.mint``.

        After ``trust_token`` that token, as it is.
        """
        if self.job is not None:
            return self.authority.idp.mint(**{**self.job, **more})
        if self.shown and not more:
            return self.shown
        raise KitError(f"{self.name} trusts no job that can be played here (trust_github): give it a token (idp.mint)")

    def token(self, scope: str, *, assertion: str | None = None, secret: str | None = None) -> str:
        """Get an access token over HTTPS, as any client would. ``NotGranted`` says why not.

        ``scope``: such as ``api://orders/.default``. ``assertion``: the platform's token; one that it trusts, else.
        """
        __tracebackhide__ = True  # a test that fails here is shown where it asked
        proof = {"client_secret": secret} if secret else _assertion(assertion or self.assertion())
        form = {"grant_type": "client_credentials", "client_id": self.client_id, "scope": scope, **proof}
        answer = self.authority.http.post(self.authority.token_endpoint, data=form)
        said = msgspec.json.decode(answer.content, type=dict)
        if answer.status_code != 200:  # noqa: PLR2004  whatever is not OK
            raise NotGranted(answer.status_code, said, answer.headers.get("retry-after"))
        return str(said["access_token"])

    def next_response(
        self, error: str, *, times: int | None = 1, status: int | None = None, retry_after: int | None = None
    ) -> None:
        """Refuse its next token requests with an AADSTS code, and nobody else's."""
        self.authority.next_response(
            error, times=times, status=status, retry_after=retry_after, client_id=self.client_id
        )

    def throttle(self, status: int = 429, *, retry_after: int = 1, times: int | None = 1) -> None:
        """Throttle its next token requests, and nobody else's."""
        self.authority.throttle(status, retry_after=retry_after, times=times, client_id=self.client_id)

    @property
    def _directory(self) -> place.Directory:
        return self.authority.directory

    async def _trusted(self, rendered: Rendered, name: str | None) -> FederatedCredential:
        said: dict[str, Any] = {"issuer": rendered.issuer, "audiences": (rendered.audience,)}
        if rendered.subject is not None:
            said["subject"] = rendered.subject
        else:
            said |= {"expression": rendered.expression, "language_version": rendered.language_version}
        return await self._added(name, rendered.name, **said)

    async def _added(self, name: str | None, usual: str, **members: Any) -> FederatedCredential:  # noqa: ANN401  by name
        """Add a credential. ``usual``: what it is called where no ``name`` is given and nobody has that already."""
        async with self._directory.reading() as view:
            taken = {each.name for each in await view.credentials.find(application_id=self.object_id)}
        named = name or presets.free_name(usual, taken)
        made: FederatedCredential = await self._directory.credentials.add(self.object_id, name=named, **members)
        return made


def _assertion(token: str) -> dict[str, str]:
    return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": token}
