"""The story: one token request, from the form to the access token or the reason why not.

Rule 1: the order of the lines is wire behaviour. Moving one changes which refusal a client sees.
Rule 2: nothing is fetched for an issuer that no credential of the addressed application names, and keys come from the
issuer record that an administrator registered, never from the token.
Rule 3: what is read before the signature was checked is a claim by a stranger. It selects; it never grants.
Rule 4: no answer leaves before its event is durable: ``attempt`` commits when its block ends.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from accredit import assertions, directory, issuers, policy, tokens, trust
from accredit.assertions import CompactToken
from accredit.errors import (
    ASSERTION_REUSED,
    CREDENTIAL_REQUIRED,
    FEDERATION_FORBIDDEN,
    GRANT_UNSUPPORTED,
    IDS_DEMANDED,
    LIFETIME_TOO_LONG,
    NOT_IN_TIME,
    PARAMETER_MISSING,
    PARAMETER_UNSUPPORTED,
    REQUEST_MALFORMED,
    RESOURCE_UNKNOWN,
    ROLE_NOT_ASSIGNED,
    SECRET_EXPIRED,
    TRANSIENT,
    Refused,
)
from accredit.ports import Outdated
from accredit.signins import Sender
from accredit.tokens import V2, Grant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from accredit.assertions import Presented, Proven
    from accredit.ports import Authority, Keys
    from accredit.signins import ProofState, SignIn
    from accredit.tokens import AccessToken, Proof
    from accredit.trust import FederatedCredential

ATTEMPTS: Final = 2  # a second one only when another process changed the trust between reading it and recording
CLIENT_CREDENTIALS: Final = "client_credentials"
JWT_BEARER: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"  # RFC 7523 section 2.2
AFTER_PROOF: Final = frozenset(
    row.name
    for row in (
        NOT_IN_TIME,
        LIFETIME_TOO_LONG,
        ASSERTION_REUSED,
        FEDERATION_FORBIDDEN,
        IDS_DEMANDED,
        SECRET_EXPIRED,
        RESOURCE_UNKNOWN,
        ROLE_NOT_ASSIGNED,
    )
)
"""Names of the rows that only a sender hears who has proven to be the application."""
_NOT_IGNORED: Final = ("fmi_path", "requested_token_use", "req_cnf")  # each would change what the token means


class Assertion(msgspec.Struct, frozen=True, gc=False):
    """Evidence: a JWT of somebody else, or one that the application signed itself."""

    token: CompactToken


@dataclass(frozen=True, slots=True, repr=False)
class PresentedSecret:
    """Evidence: a client secret. It has no ``repr``: it must not reach a log."""

    value: str


class TokenRequest(msgspec.Struct, frozen=True, gc=False):
    """A token request whose form is in order (RFC 6749 section 4.4, RFC 7523 section 2.2); none of it is believed."""

    sender: Sender
    tenant: str  # the tenant segment as the caller wrote it
    client_id: str
    wanted: str  # scope on v2.0, the resource itself on v1.0
    evidence: Assertion | PresentedSecret
    version: int = 2  # of the endpoint; the resource decides the version of the token

    @classmethod
    def from_form(
        cls,
        sender: Sender,
        tenant: str,
        form: Mapping[str, str],
        *,
        basic: tuple[str, str] | None = None,
        version: int = 2,
    ) -> TokenRequest:
        """Read the form. ``basic``: user and password of HTTP Basic. 900144 70003 901002 90023 7000216."""
        if (grant := _required(form, "grant_type")) != CLIENT_CREDENTIALS:
            raise Refused(GRANT_UNSUPPORTED, grant=grant)
        for name in _NOT_IGNORED:
            if form.get(name):
                raise Refused(PARAMETER_UNSUPPORTED, name=name)
        if form.get("token_type") == "pop":
            raise Refused(PARAMETER_UNSUPPORTED, name="token_type")
        if version == V2 and form.get("resource"):
            raise Refused(PARAMETER_UNSUPPORTED, name="resource")
        client, evidence = _evidence(form, basic)
        wanted = _required(form, "scope" if version == V2 else "resource")
        return cls(sender, tenant, client, wanted, evidence, version)

    def resource(self) -> str:
        """Return the resource that is asked for: v2.0 says it as a scope. 70011 1002012."""
        return tokens.read_scope(self.wanted) if self.version == V2 else self.wanted


def _evidence(form: Mapping[str, str], basic: tuple[str, str] | None) -> tuple[str, Assertion | PresentedSecret]:
    """Return who says to be asking, and the one piece of evidence for it."""
    assertion, secret = form.get("client_assertion", ""), form.get("client_secret", "")
    if sum((bool(assertion), bool(secret), basic is not None)) > 1:
        raise Refused(REQUEST_MALFORMED, reason="more than one kind of client authentication was sent")
    client = form.get("client_id", "")
    if basic is not None:
        if client and client != basic[0]:
            raise Refused(REQUEST_MALFORMED, reason="client_id differs from the user of HTTP Basic")
        return basic[0] or _required(form, "client_id"), PresentedSecret(basic[1])
    if assertion:
        if (kind := _required(form, "client_assertion_type")) != JWT_BEARER:
            raise Refused(REQUEST_MALFORMED, reason=f"client_assertion_type '{kind}' is not {JWT_BEARER}")
        # A self-signed assertion names its application; believed for nothing but finding it (RFC 7521 section 4.2).
        client = client or assertions.peek_client(assertion) or _required(form, "client_id")
        return client, Assertion(CompactToken(assertion))
    _required(form, "client_id")
    if not secret:
        raise Refused(CREDENTIAL_REQUIRED)
    return client, PresentedSecret(secret)


def _required(form: Mapping[str, str], name: str) -> str:
    if value := form.get(name, ""):
        return value
    raise Refused(PARAMETER_MISSING, name=name)


async def exchange(request: TokenRequest, authority: Authority) -> AccessToken:
    """Answer ``request`` with an access token or raise ``Refused``; the event is durable when this ends."""
    for _ in range(ATTEMPTS):
        try:
            return await decide(request, authority)
        except Outdated:
            await authority.directory.refresh()
    raise Refused(TRANSIENT, detail="the trust changed twice while it was being read")


async def decide(request: TokenRequest, authority: Authority) -> AccessToken:
    """Issue an access token to whoever proves to be the application, or raise ``Refused``."""
    now = authority.clock()
    # Who is asking?
    tenant = await authority.directory.tenant(directory.read_tenant(request.tenant), request.client_id)  # 90002 900023
    client = await authority.directory.client(tenant, request.client_id)  # 700016 7000229

    async with authority.signins.attempt(now, request.sender, tenant, client) as signin:
        # For what?
        client.refuse_unusable()  # 7000112 700025
        wanted = signin.wanted = request.resource()  # 70011 1002012

        # Is it true?
        proof = signin.proof = await prove(request, signin, authority)

        # What may it do, and where?
        resource = signin.resource = await authority.directory.resource(tenant, wanted)  # 500011
        held = await authority.directory.held(client, resource)
        roles = signin.roles = directory.permitted(client, resource, held)  # 501051

        # Say yes.
        return await authority.mint(Grant(request.sender.trace, tenant, client, proof, resource, wanted, roles), now)


async def prove(request: TokenRequest, signin: SignIn, authority: Authority) -> Proof:
    """Prove that the sender is the application: each kind of evidence has one way, and no way takes another's keys."""
    client, evidence = signin.client.application, request.evidence
    if isinstance(evidence, PresentedSecret):
        signin.evidence, secrets = "clientSecret", signin.client.secrets
        return directory.prove_secret(evidence.value, secrets, client.app_id, signin.at)  # 7000215 7000222
    accepted = authority.policies[signin.tenant.portability]
    signin.evidence = "federatedIdentityCredential"
    presented = signin.presented = assertions.parse(
        evidence.token.value, accepted
    )  # 50027 5002727 5002723 5002738 90014
    if presented.self_signed:
        signin.evidence = "certificate"
        audiences = own_audiences(authority.base, signin.tenant, request.tenant)
        return assertions.verify_self_signed(  # 700021 700027 700024 70023
            presented, signin.client.keys, audiences, str(client.app_id), signin.at
        )
    return await prove_federated(presented, signin, authority)


async def prove_federated(presented: Presented, signin: SignIn, authority: Authority) -> Proven:
    """Does this application trust what is claimed, and is it true? Trust is decided first, before any network."""
    trusted = signin.trusted = await authority.directory.trusted(signin.client)
    matched = signin.matched = trust.match(trusted, presented)
    try:
        candidates = trust.choose(signin.client.display_name, matched)  # 70025 700211-3 7002131 7002138 90014
    except Refused:
        records = await authority.directory.issuers(signin.tenant, presented.issuer)
        signin.proof_state = state_of_proof(presented, records, authority.keys, signin.at)
        raise
    signin.credential = candidates[0]
    issuers.refuse_own(presented.issuer, authority.own_issuers, presented.key.kid)  # 700222
    signin.credential, proof = await first_proof(presented, candidates, authority.keys, signin)
    signin.proof = proof  # it is true, whatever the tenant says of who signed it
    signin.once = assertions.once(proof)  # used up when the event of a grant is written: 700027
    if found := policy.breaches(signin.tenant, signin.credential, presented, signin.at):
        signin.policies = tuple(each.policy for each in found)
        policy.refuse(found)  # 700238 5002738 70023
    return proof


async def first_proof(
    presented: Presented, candidates: Sequence[FederatedCredential], keys: Keys, signin: SignIn
) -> tuple[FederatedCredential, Proven]:
    """Find the candidate whose issuer record proves the claim.

    There are several only where records share one URL: then all are tried with the keys at hand before one fetch is
    spent, on the first that may fetch.
    """
    now = signin.at
    if len(candidates) > 1:
        for credential in candidates:
            with suppress(Refused):
                assertions.refuse_algorithm(presented.key, credential.issuer)
                found = keys.at_hand(credential.issuer)
                proven = assertions.verify(presented, credential.issuer, found, now)
                signin.keys_stale = found.stale_for
                return credential, proven
    credential = next((each for each in candidates if each.issuer.fetches), candidates[0])
    assertions.refuse_algorithm(presented.key, credential.issuer)  # 5002738, before any fetch
    found = await keys.of(credential.issuer, presented.key)  # 90061 7000272
    signin.keys_stale = found.stale_for
    return credential, assertions.verify(presented, credential.issuer, found, now)  # 5002730 700027 700024 70023


def state_of_proof(presented: Presented, records: Sequence[issuers.Issuer], keys: Keys, now: datetime) -> ProofState:
    """Say whether a token that nothing trusts is true all the same: by keys at hand of registered issuers, no fetch."""
    tried = False
    for record in records:
        at_hand = keys.at_hand(record)
        tried = tried or bool(at_hand.keys)
        with suppress(Refused):
            assertions.refuse_algorithm(presented.key, record)
            assertions.signed_by(presented, record, at_hand, now)
            return "proven"
    return "unproven" if tried else "unknown"


def own_audiences(base: str, tenant: directory.Tenant, called: str) -> frozenset[str]:
    """Every audience that names this tenant: its issuers and token endpoints, by id, domain, alias, and as called.

    ``called``: the tenant segment as the caller wrote it: clients name the endpoint that they ask in its spelling.
    """
    names = (str(tenant.id), *tenant.domains, directory.ORGANIZATIONS, "common", called)
    endpoints = {f"{base}/{name}/oauth2/{path}" for name in names for path in ("v2.0/token", "token")}
    named = {f"{base}/{name}/v2.0" for name in names} | {f"{base}/{name}/" for name in names}
    return frozenset(endpoints | named)
