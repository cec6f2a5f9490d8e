"""Identity providers with a token endpoint: client credentials as Keycloak, Auth0, Okta and RFC 6749 have them.

Rule 1: a job is a client; its secret is the client's. It shows both in a header or in the form, as the provider takes
them.
Rule 2: who says what a token is for differs: the client (Auth0, and here ``custom``: RFC 8707, too), or the provider's
own settings (Keycloak's mappers, Okta's authorization server), whatever the client asks for.
"""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_plus

from accredit.errors import Refused
from accredit.testidp.native import Asked, Environment, Job, Native, json_answer, organisation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accredit.testidp.native import Jobs
    from accredit.testidp.outages import Answer


@dataclass(frozen=True, slots=True)
class Provider:
    """What is different between them. ``client``: the dialect's parameter that is the client's id."""

    route: str
    client: str
    unknown: tuple[int, str, str]  # what a wrong client or secret is answered: status, error, description
    takes_audience: bool = False
    audience_required: bool = False
    scopes: str = ""  # the parameter that the form's scope becomes
    scope_required: bool = False
    json: bool = False  # whether the form may be a JSON object


PROVIDERS: Final[Mapping[str, Provider]] = {
    "keycloak": Provider(
        "/protocol/openid-connect/token",
        "client",
        (401, "unauthorized_client", "Invalid client or Invalid client credentials"),
    ),
    "auth0": Provider(
        "/oauth/token",
        "client_id",
        (401, "access_denied", "Unauthorized"),
        takes_audience=True,
        audience_required=True,
        scopes="scope",
        json=True,
    ),
    "okta": Provider(
        "/v1/token",
        "client_id",
        (401, "invalid_client", "The client secret supplied for a confidential client is invalid."),
        scopes="scopes",
        scope_required=True,
    ),
    "custom": Provider("/token", "sub", (401, "invalid_client", "Client authentication failed."), takes_audience=True),
}


UNAUTHORIZED: Final = 401


class _Refused(Exception):
    """A refusal as RFC 6749 section 5.2 has it."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error, self.status = error, status

    def answer(self, *, challenged: bool) -> Answer:
        """``challenged``: the client showed its secret in a header, so the refusal names the scheme, too."""
        challenge = {"www_authenticate": 'Basic realm="token"'} if self.status == UNAUTHORIZED and challenged else {}
        return json_answer({"error": self.error, "error_description": str(self)}, self.status, **challenge)


class OpenId(Native):
    """A provider of identities for clients that are no people."""

    dialects = tuple(PROVIDERS)

    def __init__(self, jobs: Jobs) -> None:
        super().__init__(jobs)
        self._organisation: organisation.Organisation | None = None

    def answer(self, asked: Asked) -> Answer | None:
        """``POST`` to the provider's token endpoint: ``{"access_token", "token_type", "expires_in"}``.

        An organisation's people sign in at one of them, too (``organisation``).
        """
        if asked.path == organisation.AUTHORIZE:
            return self._people().authorize(asked, self._issuer(asked))
        found = [name for name, each in PROVIDERS.items() if each.route == asked.path]
        if not found:
            return None
        try:
            return self._granted(asked, found[0])
        except _Refused as refused:
            return refused.answer(challenged="authorization" in asked.headers)

    def _granted(self, asked: Asked, dialect: str) -> Answer:
        provider = PROVIDERS[dialect]
        if asked.method != "POST":
            raise _Refused("invalid_request", "The token endpoint is asked by POST.", 405)
        form = _form(asked, provider)
        if dialect == organisation.DIALECT and form.get("grant_type") == ("authorization_code",):
            return self._redeemed(asked, form)
        if form.get("grant_type") != ("client_credentials",):
            raise _Refused("unsupported_grant_type", "Only client_credentials is played here.")
        client, secret = _credentials(asked, form)
        job = self.jobs.of(secret, dialect)
        if job is None or client != str(job.value(provider.client)):
            status, error, description = provider.unknown
            raise _Refused(error, description, status)
        try:
            minted = self.jobs.mint(job, params=_params(provider, form))
        except Refused as refused:
            raise _Refused("invalid_request", str(refused)) from refused
        said: dict[str, object] = {"access_token": minted.token, "token_type": "Bearer"}
        if minted.lives is not None:
            said["expires_in"] = minted.lives
        if scope := " ".join(form.get("scope", ())):
            said["scope"] = scope
        return json_answer(said)

    def _redeemed(self, asked: Asked, form: Mapping[str, tuple[str, ...]]) -> Answer:
        """Answer for a code with an ID token, and an access token that opens nothing."""
        try:
            said = self._people().redeem(form, *_credentials(asked, form))
        except LookupError as error:
            raise _Refused("invalid_client", str(error.args[0]), UNAUTHORIZED) from error
        except ValueError as error:
            raise _Refused("invalid_grant", str(error)) from error
        request: dict[str, object] = {"dialect": organisation.DIALECT, "overrides": dict(said)}
        if asked.instance:
            request["instance"] = asked.instance
        minted = self.jobs.issuer.mint({**request, "times": {"exp": organisation.LIFETIME}})
        opaque = {"access_token": self.secret(), "token_type": "Bearer", "expires_in": organisation.LIFETIME}
        return json_answer({**opaque, "id_token": minted.token, "scope": "openid"})

    def _people(self) -> organisation.Organisation:
        if self._organisation is None:
            self._organisation = organisation.Organisation(self.jobs.issuer.clock)
        return self._organisation

    def _issuer(self, asked: Asked) -> str:
        return self.jobs.issuer.platform(organisation.DIALECT, asked.instance or None).issuer

    def discovery(self, dialect: str, address: str) -> Mapping[str, object]:
        """Where the token endpoint is."""
        people = self._people().discovery(address) if dialect == organisation.DIALECT else {}
        return {
            **people,
            "token_endpoint": address + PROVIDERS[dialect].route,
            "grant_types_supported": ["client_credentials", *(["authorization_code"] if people else [])],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        }

    def environment(self, job: Job) -> Environment:
        """No provider has variables of its own: these are named as most clients are told them."""
        provider = PROVIDERS[job.dialect]
        return Environment(
            {
                "TOKEN_URL": self.jobs.address(job) + provider.route,
                "CLIENT_ID": str(job.value(provider.client)),
                "CLIENT_SECRET": job.secret,
            }
        )


def _form(asked: Asked, provider: Provider) -> Mapping[str, tuple[str, ...]]:
    kind = asked.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind == "application/x-www-form-urlencoded":
            return asked.form()
        if kind == "application/json" and provider.json:
            return {name: (value,) for name, value in asked.json().items() if isinstance(value, str)}
    except ValueError as error:
        raise _Refused("invalid_request", f"The body cannot be read: {error}.") from error
    raise _Refused("invalid_request", f"The body must be a form, not {kind or 'of no type'}.")


def _credentials(asked: Asked, form: Mapping[str, tuple[str, ...]]) -> tuple[str, str]:
    """Return the client's id and secret (RFC 6749 section 2.3.1)."""
    scheme, _, pair = asked.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            client, _, secret = b64decode(pair.strip(), validate=True).decode("utf-8").partition(":")
        except ValueError:
            return "", ""
        return unquote_plus(client), unquote_plus(secret)
    return form.get("client_id", ("",))[0], form.get("client_secret", ("",))[0]


def _params(provider: Provider, form: Mapping[str, tuple[str, ...]]) -> dict[str, object]:
    """Return what the client may say about its token."""
    params: dict[str, object] = {}
    audiences = [each for name in ("audience", "resource") for each in form.get(name, ()) if each]
    if provider.takes_audience and audiences:
        params["audience"] = audiences[0] if len(audiences) == 1 else audiences
    if provider.audience_required and not audiences:
        raise _Refused("access_denied", "No audience parameter was provided, and no default audience is there.", 403)
    scopes = " ".join(form.get("scope", ())).split()
    if provider.scope_required and not scopes:
        raise _Refused("invalid_scope", "The authorization server has no default scopes: 'scope' must be provided.")
    if provider.scopes and scopes:
        params[provider.scopes] = scopes if provider.scopes == "scopes" else " ".join(scopes)
    return params
