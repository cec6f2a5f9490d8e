"""The catalogue: every way of saying no, one row each, and the one exception that carries a row.

Rule 1: nothing else is raised for an expected "no".
Rule 2: what Microsoft Entra ID numbers keeps its AADSTS number, what Microsoft Graph names keeps Graph's code; ``ACC``
numbers exist only for what neither of them ever says (input of our own tools, configuration, store).
Rule 3: a row's template is the only text a caller sees; ``advice`` is for administrators and never on the token endpoint.
Rule 4: what is not verified (mark ``R`` or ``A``) is changed by an operator's override file, never in control flow.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from dataclasses import dataclass, replace
from string import Formatter
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

Move = Literal["caller", "operator", "outside", "us"]
"""Whose move it is: decides log level, metric label and the exit code of the command line."""
CALLER: Final = "caller"
OPERATOR: Final = "operator"
OUTSIDE: Final = "outside"
US: Final = "us"

Stage = Literal["first", "later", "tools"]  # nothing here sends later and tools: ``accredit help CODE`` explains them
"""``first``: raised today, a test provokes it. ``later``: with the feature it belongs to. ``tools``: never raised."""

SHOWN: Final = 1_000  # characters of one caller's value that may appear in a text
SHORTEST_JWT: Final = 60  # characters; what is shorter holds no signature
MASKED: Final = "<jwt masked>"
# Of a text that anybody may write no character is looked at more often than a few times: a run of letters is tried from
# its beginning only, and only where it can be a JSON object, "{" or white space first, in base64url.
_JWT: Final = re.compile(r"(?<![A-Za-z0-9_-])([eICD][A-Za-z0-9_-]{7,})(?=(\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*|\Z)))")
_PROJECT: Final = ""  # the mark of a row that is our own decision


@dataclass(frozen=True, slots=True)
class Row:
    """One way of saying no. ``code`` is an AADSTS number, a code of Microsoft Graph, or ``ACCnnnn``."""

    code: int | str
    family: Literal["sts", "graph", "local"]
    error: str  # OAuth error (RFC 6749 section 5.2), or Graph's code again
    status: int
    move: Move
    template: str
    mark: str = _PROJECT  # V verified, R reported, A assumed, "" our own
    uri: bool = False  # the answer carries ``error_uri``
    stage: Stage = "first"
    advice: str = ""
    fields: frozenset[str] = frozenset()
    name: str = ""

    @property
    def label(self) -> str:
        """The code as people quote it: ``AADSTS700213``, ``Request_BadRequest``, ``ACC1001``."""
        return f"AADSTS{self.code}" if self.family == "sts" else str(self.code)


class Refused(Exception):
    """The answer is no, for the reason of ``row``. ``detail`` is kept with the event and told to administrators only."""

    about: UUID | None = None  # the registered secret or certificate that it concerns; kept with the event
    policy: str = ""  # the policy of the tenant that refuses what is true; kept with the event
    retry_after: int | None = None  # seconds after which it may be tried again; None: what is usual for the row
    details: tuple[tuple[str, str, str], ...] = ()  # parts of the reason, for programs: code, sentence, member

    def __init__(self, row: Row, *, detail: str = "", **fields: object) -> None:
        if fields.keys() != row.fields:
            wrong = ", ".join(sorted(fields.keys() ^ row.fields))
            message = f"row {row.name} takes the fields {sorted(row.fields)}; wrong or missing: {wrong}"
            raise TypeError(message)
        self.row = row
        self.detail = masked(detail)
        self.fields: Mapping[str, str] = {name: shown(value) for name, value in fields.items()}
        super().__init__(row, self.fields)

    @property
    def message(self) -> str:
        """The row's text with its fields filled in: no code, no ids."""
        return self.row.template.format_map(self.fields)

    def __str__(self) -> str:
        return f"{self.row.label}: {self.message}"


def shown(value: object) -> str:
    """``value`` as it may appear in a text: at most 1,000 characters, nothing that moves a cursor or hides text."""
    text = masked(str(value))
    if len(text) > SHOWN:
        text = text[:SHOWN] + "…"
    return text if text.isprintable() else "".join(each if each.isprintable() else "�" for each in text)


def masked(text: str) -> str:
    """``text`` without the JWTs in it: a token that was sent in the wrong field is a token still. Host names survive.

    One that the end of the text cuts off is masked, too.
    """
    if len(text) < SHORTEST_JWT or "." not in text:
        return text
    kept, end = list[str](), 0
    for found in _JWT.finditer(text):
        if found.start() >= end and _is_header(found[1]):
            kept += (text[end : found.start()], MASKED)
            end = found.end(2)
    return "".join((*kept, text[end:]))


def _is_header(segment: str) -> bool:
    try:
        octets = urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
        if b"alg" not in octets and b"\\" not in octets:  # nor escaped: most of what is no header is told so at once
            return False
        header = json.loads(octets)
    except (ValueError, RecursionError):
        return False
    return isinstance(header, dict) and "alg" in header


def _fields(template: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(template) if name)


_UNAUTHORIZED: Final = 401
_STATUS: Final = {"invalid_client": _UNAUTHORIZED, "temporarily_unavailable": 503}  # every other OAuth error is a 400


def sts(  # noqa: PLR0913  a table row has as many columns as the table
    code: int,
    error: str,
    move: Move,
    template: str,
    *,
    mark: str,
    uri: bool = False,
    status: int | None = None,
    stage: Stage = "first",
    advice: str = "",
) -> Row:
    """Make a row of the token endpoint. 401 exactly for ``invalid_client``: MSAL for Python caches a 400 for a minute."""
    found = status or _STATUS.get(error, 400)
    return Row(code, "sts", error, found, move, template, mark, uri, stage, advice, _fields(template))


def graph(
    code: str, status: int, move: Move, template: str, *, mark: str, stage: Stage = "first", advice: str = ""
) -> Row:
    """Make a row of the directory: the code and text of Microsoft Graph."""
    fields = _fields(template)
    return Row(code, "graph", code, status, move, template, mark, stage=stage, advice=advice, fields=fields)


def local(
    number: int,
    move: Move,
    template: str,
    *,
    advice: str = "",
    status: int = 400,
    error: str = "invalid_request",
    stage: Stage = "first",
) -> Row:
    """Make a row of our own for what neither Entra nor Graph ever says."""
    code, fields = f"ACC{number}", _fields(template)
    return Row(code, "local", error, status, move, template, stage=stage, advice=advice, fields=fields)


_DOC = "https://learn.microsoft.com/entra/workload-id/workload-identity-federation"
_CERT = "https://docs.microsoft.com/azure/active-directory/develop/active-directory-certificate-credentials"
_CHECK = f"your federated identity credential Subject, Audience and Issuer against the presented assertion. {_DOC}"

# fmt: off
# ── the form ─────────────────────────────────────────────────────────────────────────────────────────────────────────
VERB_NOT_ALLOWED      = sts(900561, "invalid_request", CALLER, "The endpoint only accepts {valid_verbs} requests. Received a {invalid_verb} request.", mark="A",
                            advice="Send the form as POST.")
PARAMETER_MISSING     = sts(900144, "invalid_request", CALLER, "The request body must contain the following parameter: '{name}'.", mark="V",
                            advice="Send the parameter in a form-encoded body; a JSON body is not read.")
REQUEST_MALFORMED     = sts(90023, "invalid_request", CALLER, "The request is malformed: {reason}.", mark="A",
                            advice="Send each parameter once and exactly one kind of client authentication.")
GRANT_UNSUPPORTED     = sts(70003, "unsupported_grant_type", CALLER, "The app requested an unsupported grant type '{grant}'.", mark="A",
                            advice="Only client_credentials is served.")
GRANT_NEEDS_TENANT    = sts(9001023, "invalid_request", CALLER, "The grant type isn't supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint.", mark="V",
                            advice="Put the tenant id or a domain of the tenant into the path.")
PARAMETER_UNSUPPORTED = sts(901002, "invalid_request", CALLER, "The '{name}' request parameter isn't supported.", mark="A",
                            advice="Leave the parameter out; on the v2.0 endpoint use scope instead of resource.")
CREDENTIAL_REQUIRED   = sts(7000216, "invalid_client", CALLER, "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.", mark="A",
                            advice="Send a client_assertion (or a secret).")
CREDENTIAL_REQUIRED_OTHER = sts(7000218, "invalid_client", CALLER, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.", mark="A", stage="later")
TOO_MANY_REQUESTS     = sts(90055, "temporarily_unavailable", CALLER, "There are too many incoming requests.", mark="A", status=429,
                            advice="Wait for the seconds that Retry-After names.")
TRANSIENT             = sts(90033, "temporarily_unavailable", US, "A transient error has occurred. Please try again.", mark="V",
                            advice="The sign-in log could not be written or a key could not be used: look at /readyz?verbose.")
TRANSIENT_SIMULATED   = sts(90024, "temporarily_unavailable", US, "A transient error has occurred. Please try again.", mark="V", stage="later")
# ── the tenant ───────────────────────────────────────────────────────────────────────────────────────────────────────
TENANT_MALFORMED      = sts(900023, "invalid_request", CALLER, "Specified tenant identifier '{tenant}' is neither a valid DNS name, nor a valid external domain.", mark="V", uri=True,
                            advice="Use the tenant id or one of the tenant's domains; on the authority's host accredit tenant list shows them.")
TENANT_UNKNOWN        = sts(90002, "invalid_request", CALLER, "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.", mark="V",
                            advice="Compare the id or domain; on the authority's host accredit tenant list shows those that exist.")
# ── the client ───────────────────────────────────────────────────────────────────────────────────────────────────────
CLIENT_UNKNOWN        = sts(700016, "unauthorized_client", CALLER, "Application with identifier '{client}' was not found in the directory '{tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.", mark="V", uri=True,
                            advice="client_id is the application (client) id, not the object id: accredit app list.")
PRINCIPAL_MISSING     = sts(7000229, "unauthorized_client", OPERATOR, "The client application {client} is missing service principal in the tenant {tenant}.", mark="A",
                            advice="Create it: accredit sp create.")
CLIENT_DISABLED       = sts(7000112, "unauthorized_client", OPERATOR, "Application '{client}'({name}) is disabled.", mark="A",
                            advice="Enable it: accredit sp enable.")
CLIENT_PUBLIC         = sts(700025, "invalid_client", CALLER, "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.", mark="V",
                            advice="A public client cannot prove itself; switch isFallbackPublicClient off.")
# ── the scope ────────────────────────────────────────────────────────────────────────────────────────────────────────
SCOPE_INVALID         = sts(70011, "invalid_scope", CALLER, "The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid. The scope {scope} is not valid.", mark="V",
                            advice="Send scope={resource}/.default, UTF-8, printable.")
SCOPE_NOT_DEFAULT     = sts(1002012, "invalid_scope", CALLER, "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).", mark="V",
                            advice="Ask for exactly one resource, ending in /.default.")
# ── the assertion, read and believed by nobody ───────────────────────────────────────────────────────────────────────
ASSERTION_MALFORMED   = sts(50027, "invalid_request", CALLER, "JWT token is invalid or malformed.", mark="V", uri=True,
                            advice="The event's detail says which part could not be read.")
TYPE_NOT_ALLOWED      = sts(5002727, "invalid_request", CALLER, "Invalid JWT header type specified, must be 'JWT' or 'http://openid.net/specs/jwt/1.0'.", mark="V",
                            advice="A tenant with extended portability accepts other types: accredit tenant update --portability extended.")
KEY_REFERENCE_MISSING = sts(5002723, "invalid_client", CALLER, "Invalid JWT token. No certificate SHA-1 thumbprint, certificate SHA-256 thumbprint, nor keyId specified in token header.", mark="V", uri=True,
                            advice="The issuer must name its key (kid); extended portability accepts tokens without one.")
ALGORITHM_NOT_ALLOWED = sts(5002738, "invalid_client", CALLER, "Invalid JWT token. '{alg}' is not a supported signature algorithm. Supported signing algorithms are: '{allowed}'", mark="V", uri=True,
                            advice="Have the issuer sign with RS256, or use a tenant with extended portability.")
KEY_UNSUITABLE        = sts(5002730, "invalid_request", OUTSIDE, "Invalid JWT token. Unsupported key for the signing algorithm.", mark="V",
                            advice="The issuer's key is too weak or of another type than the algorithm needs.")
CLAIM_MISSING         = sts(90014, "invalid_request", CALLER, "The required field '{claim}' is missing from the credential. Ensure that you have all the necessary parameters for the login request.", mark="V", uri=True,
                            advice="The assertion must carry this claim, not empty and of the right type.")
# ── does this application trust what is claimed? ─────────────────────────────────────────────────────────────────────
CREDENTIALS_NONE      = sts(70025, "invalid_client", OPERATOR, "The client '{client}' has no configured federated identity credentials.", mark="V",
                            advice="Add one: accredit credential add.")
ISSUER_NOT_TRUSTED    = sts(700211, "invalid_client", CALLER, "No matching federated identity record found for presented assertion issuer '{presented}'. Please check " + _CHECK, mark="V",
                            advice="Compare the two issuers; the first difference is marked (a trailing slash counts).")
AUDIENCE_NOT_TRUSTED  = sts(700212, "invalid_client", CALLER, "No matching federated identity record found for presented assertion audience '{presented}'. Please check " + _CHECK, mark="V",
                            advice="Have the workload request the credential's audience.")
SUBJECT_NOT_TRUSTED   = sts(700213, "invalid_client", CALLER, "No matching federated identity record found for presented assertion subject '{presented}'. Check " + _CHECK, mark="V",
                            advice="Compare the two subjects; the first difference is marked.")
NO_SUBJECT_OR_EXPRESSION = sts(7002131, "invalid_client", CALLER, "No matching federated identity record found for presented assertion subject '{presented}' or no federated identity credential expression matched. Please check your federated identity credential Subject, Expression, Audience and Issuer against the presented assertion. " + _DOC, mark="V",
                            advice="Compare subject and each clause of the expressions; the first that differs is marked.")
SUBJECT_CASE_DIFFERS  = sts(7002138, "invalid_client", CALLER, "No matching federated identity record found for presented assertion subject '{presented}'. The subject matches with case-insensitive comparison, but not with case-sensitive comparison. Check your federated identity credential Subject, Audience and Issuer against the presented assertion. See documentation at: " + _DOC + ". See breaking change notification and remediation at: https://learn.microsoft.com/en-us/entra/identity-platform/reference-breaking-changes#august-2024.", mark="V",
                            advice="Spell the credential's subject exactly as the token does.")
SUBJECT_EXPECTED      = sts(7002137, "invalid_client", CALLER, "No matching federated identity record found for presented assertion subject '{presented}'. Please make sure the federated identity credential Subject is '{expected}'.", mark="V", stage="later")
AUDIENCE_OF_ENTRA     = sts(7002121, "invalid_client", CALLER, "No matching federated identity record found for presented assertion audience {presented}. " + _DOC, mark="R", stage="later")
NO_RECORD             = sts(70021, "invalid_request", CALLER, "No matching federated identity record found for presented assertion. Assertion Issuer: '{issuer}'. Assertion Subject: '{subject}'. Assertion Audience: '{audience}'. " + _DOC, mark="V", uri=True, stage="tools")
AUDIENCE_CUSTOM       = sts(700214, "invalid_client", CALLER, "unknown", mark="R", stage="tools")
SUBJECT_AMBIGUOUS     = sts(700263, "invalid_client", CALLER, "unknown", mark="R", stage="tools")
OWN_ISSUER            = sts(700222, "invalid_client", CALLER, "AAD-issued tokens may not be used for federated identity flows.", mark="V",
                            advice="An authority cannot federate with itself or with Entra ID: trust the platform that issues the workload's own token.")
NOT_A_MANAGED_IDENTITY = sts(700226, "invalid_client", CALLER, "Only MSI tokens may be used as Federated Identity Credentials for AAD issuer.", mark="R", stage="later")
AUDIENCE_FORBIDDEN    = sts(700227, "invalid_client", CALLER, "Forbidden token audience", mark="R", stage="later")
AGENT_TOKEN           = sts(700231, "invalid_client", CALLER, "unknown", mark="R", stage="tools")
ENTRA_OTHER_TENANT    = sts(700236, "invalid_client", CALLER, "Entra ID tokens issued by issuer '{issuer}' may not be used for federated identity credential flows for applications or managed identities registered in this tenant.", mark="V", stage="later")
FEDERATION_DISABLED   = sts(700223, "invalid_client", OPERATOR, "Workload identity federation is disabled in this tenant.", mark="A", stage="later")
FEDERATION_BLOCKED    = sts(700238, "invalid_client", OPERATOR, "Workload identity federation is blocked in this tenant by policy.", mark="A",
                            advice="The issuer is blocked: accredit issuer unblock, when it can be trusted again.")
FEDERATION_FORBIDDEN  = sts(700238, "invalid_client", OPERATOR, "Workload identity federation is blocked in this tenant by policy.", mark="A",
                            advice="The tenant allows other issuers only, accredit tenant show lists them: accredit tenant update --allow-issuer, with all of them.")
IDS_DEMANDED          = sts(700238, "invalid_client", OPERATOR, "Workload identity federation is blocked in this tenant by policy.", mark="A",
                            advice="The tenant demands ids that are never given to anybody else: have the credential name them, or let the tenant only note it, accredit tenant update --immutable-ids audit.")
ENTERPRISE_REQUIRED   = sts(7002381, "invalid_client", CALLER, "Federated identity credentials issued by '{issuer}' for applications or managed identities registered in this tenant must contain the enterprise claim with value {allowed} but actual value is '{actual}'.", mark="V", stage="later")
CONDITIONAL_ACCESS    = sts(53003, "invalid_grant", OPERATOR, "Access has been blocked by Conditional Access policies.", mark="A", stage="tools")
# ── is the claim true? ───────────────────────────────────────────────────────────────────────────────────────────────
ISSUER_UNREACHABLE    = sts(90061, "invalid_request", OUTSIDE, "Request to External OIDC endpoint failed.", mark="V",
                            advice="The event's detail names the step; if the issuer cannot be reached from here, upload its keys: accredit issuer upload.")
ISSUER_UNREACHABLE_PATH = sts(50166, "invalid_request", OUTSIDE, "Request to External OIDC endpoint failed.", mark="V", stage="tools")
ISSUER_UNREACHABLE_GHES = sts(501661, "invalid_request", OUTSIDE, "Request to External OIDC endpoint failed.", mark="V", stage="tools")
KEY_NOT_FOUND         = sts(7000272, "invalid_client", OUTSIDE, "The certificate with identifier {key} used to sign the federated credential could not be found in the metadata of identity provider {issuer}. Please validate that your Identity Provider's metadata exposes the key used to sign the incoming token.", mark="V", uri=True,
                            advice="The issuer's key set does not (yet) publish this key. It is fetched again with a later token; where that does not help: accredit issuer upload.")
SIGNATURE_INVALID     = sts(700027, "invalid_client", CALLER, "Client assertion failed signature validation.", mark="A",
                            advice="The token was altered, or signed by somebody else.")
ASSERTION_REUSED      = sts(700027, "invalid_client", CALLER, "Client assertion failed signature validation.", mark="A",
                            advice="The assertion was used for a token before, and its issuer's record allows that once: have the workload get a new one for each token, or accredit issuer update --replay observe.")
KEY_NOT_REGISTERED    = sts(700027, "invalid_client", CALLER, "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key was not found.]", mark="V",
                            advice="Register the certificate: accredit certificate add.")
KEY_EXPIRED           = sts(700027, "invalid_client", OPERATOR, "Client assertion contains an invalid signature. [Reason - The key used is expired., Thumbprint of key used by client: '{thumbprint}', Found key 'Start={start}, End={end}']", mark="V",
                            advice="The registered certificate is outside its validity: accredit certificate list.")
NOT_IN_TIME           = sts(700024, "invalid_client", CALLER, "Client assertion is not within its valid time range. Current time: {now}, assertion valid from {valid_from}, expiry time of assertion {expires}. Review the documentation at " + _CERT + " .", mark="V", uri=True,
                            advice="Get a new token, or correct the clock that is wrong.")
LIFETIME_TOO_LONG     = sts(70023, "invalid_request", CALLER, "External OIDC Provider token must have a lifetime of less than or equal to {limit}", mark="V",
                            advice="Have the platform issue a shorter token.")
SIGNATURE_OTHER_FLOWS = sts(50013, "invalid_grant", CALLER, "unknown", mark="V", stage="tools")
EXPIRED_OTHER_FLOWS   = sts(500133, "invalid_grant", CALLER, "unknown", mark="V", stage="tools")
SIGNATURE_FAILED      = sts(50012, "invalid_grant", CALLER, "unknown", mark="V", stage="tools")
JWT_VALIDATION_FAILED = sts(900384, "invalid_grant", CALLER, "unknown", mark="V", stage="tools")
# ── other evidence ───────────────────────────────────────────────────────────────────────────────────────────────────
ASSERTION_OF_ANOTHER  = sts(700021, "invalid_client", CALLER, "Client assertion application identifier doesn't match 'client_id' parameter. Review the documentation at " + _CERT + " .", mark="V", uri=True,
                            advice="In a self-signed assertion iss and sub are the client_id.")
ASSERTION_AUDIENCE    = sts(700023, "invalid_client", CALLER, "Client assertion audience claim does not match Realm issuer. Review the documentation at " + _CERT + " .", mark="R",
                            advice="In a self-signed assertion aud is the token endpoint or the issuer of this tenant.")
CERTIFICATE_NAME      = sts(700030, "invalid_client", OPERATOR, "Invalid certificate - subject name in certificate isn't authorized.", mark="V", stage="later")
SECRET_INVALID        = sts(7000215, "invalid_client", CALLER, "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{client}'.", mark="V", uri=True,
                            advice="A secret is shown once, when it is made: accredit secret add.")
SECRET_EXPIRED        = sts(7000222, "invalid_client", OPERATOR, "The provided client secret keys for app '{client}' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds.", mark="V",
                            advice="Make a new one (accredit secret add), or better a federated credential, which never expires.")
TLS_CERTIFICATE_MISSING = sts(392200, "invalid_request", CALLER, "Client certificate is missing from the request.", mark="V", uri=True, stage="tools")
TLS_CERTIFICATE_EXPIRED = sts(392204, "invalid_client", CALLER, "The provided client certificate has expired.", mark="V", uri=True, stage="tools")
TLS_CERTIFICATE_OTHER = sts(500181, "invalid_request", CALLER, "The TLS certificate provided does not match the certificate in the assertion.", mark="V", stage="tools")
TLS_ONLY_AUDIENCE     = sts(50171, "invalid_client", CALLER, "The given audience can only be used in Mutual-TLS token calls.", mark="V", stage="tools")
# ── what may it do, and where? ───────────────────────────────────────────────────────────────────────────────────────
RESOURCE_UNKNOWN      = sts(500011, "invalid_resource", CALLER, "The resource principal named {resource} was not found in the tenant named {tenant}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant.", mark="V", uri=True,
                            advice="Compare with the service principals' names: accredit sp list.")
ROLE_NOT_ASSIGNED     = sts(501051, "invalid_grant", OPERATOR, "Application '{client}'({name}) is not assigned to a role for the application '{resource}'({resource_name}).", mark="A",
                            advice="Grant one: accredit permission grant.")
RESOURCE_UNKNOWN_OLD  = sts(50001, "invalid_resource", CALLER, "unknown", mark="V", stage="tools")
CONSENT_MISSING       = sts(65001, "invalid_grant", OPERATOR, "unknown", mark="V", stage="tools")
ACCOUNT_TYPE          = sts(500207, "invalid_request", CALLER, "The account type can't be used for the resource you're trying to access.", mark="V", stage="tools")
CROSS_CLOUD           = sts(900382, "invalid_request", CALLER, "Confidential Client is not supported in Cross Cloud request.", mark="V", stage="tools")
INSTANCE_UNKNOWN      = sts(50049, "invalid_instance", CALLER, "Unknown or invalid instance.", mark="V",
                            advice="Name a host of this authority, port included, or switch instance discovery off in the client.")

# ── the directory, as Microsoft Graph says it ────────────────────────────────────────────────────────────────────────
_FRAME = "The FederatedIdentityCredential.ClaimsMatchingExpression.Value is invalid. Rule exception: {0}. paramName: FederatedIdentityCredential.ClaimsMatchingExpression.Value, paramValue: {{expression}}, objectType: Microsoft.Online.DirectoryServices.Application"
OBJECT_NOT_FOUND      = graph("Request_ResourceNotFound", 404, CALLER, "Resource '{id}' does not exist or one of its queried reference-property objects are not present.", mark="V",
                              advice="The list command of that noun shows those that exist, such as accredit app list.")
CREDENTIAL_NOT_FOUND  = graph("Request_ResourceNotFound", 404, CALLER, "FederatedIdentityCredential with name {name} not found.", mark="R",
                              advice="accredit credential list shows the names.")
NAME_TAKEN            = graph("Request_MultipleObjectsWithSameKeyValue", 409, CALLER, "FederatedIdentityCredential with name {name} already exists.", mark="V",
                              advice="Choose another name, or update the existing credential.")
NAME_INVALID          = graph("Request_BadRequest", 400, CALLER, "Federated Identity Credential name '{name}' is invalid.", mark="V",
                              advice="3 to 120 characters: letters, digits, '-' and '_', beginning with a letter or a digit.")
NAME_IMMUTABLE        = graph("Request_BadRequest", 400, CALLER, "Name is immutable and cannot be changed after creation", mark="R")
TRUST_INCOMPLETE      = graph("Request_BadRequest", 400, CALLER, "The request format was unexpected. Federated Identity Credential must specify 'issuer', 'subject' and 'audience'.", mark="V",
                              advice="Give an issuer (an https URL of at most 600 characters, as tokens carry it), and a subject or an expression: --issuer, --subject or --expression.")
SUBJECT_EMPTY         = graph("Request_BadRequest", 400, CALLER, "Property 'subject' cannot be empty.", mark="V",
                              advice="Say whom: --subject SUBJECT or --expression EXPRESSION.")
SUBJECT_AND_EXPRESSION = graph("Request_BadRequest", 400, CALLER, "Federated Identity Credential must specify either 'subject' or 'claimsMatchingExpression', not both.", mark="A",
                              advice="Leave one of the two out.")
AUDIENCES_NOT_ONE     = graph("Request_BadRequest", 400, CALLER, "Federated identity credentials must have exactly one audience.", mark="V",
                              advice="Give one of 1 to 600 characters, as tokens carry it; the default is api://AzureADTokenExchange.")
TRUST_EXISTS          = graph("Request_BadRequest", 400, CALLER, "Issuer and subject combination already exists for this Application.", mark="V",
                              advice="The other credential already trusts exactly this.")
TRUST_LIMIT           = graph("Request_BadRequest", 400, CALLER, "A maximum of {limit} federated identity credentials can be added.", mark="A",
                              advice="Delete one, use an expression, or extended portability.")
PROPERTY_INVALID      = graph("Request_BadRequest", 400, CALLER, "Invalid value specified for property '{property}' of resource '{kind}'.", mark="A",
                              advice="Give a value of that form and repeat the change.")
EXPRESSION_SYNTAX     = graph("InvalidFederatedIdentityCredentialValue", 400, CALLER, _FRAME.format("{reason}"), mark="A",
                              advice="Correct it at that position. Version 1 is: claims['sub'] matches 'a*' and claims['x'] eq 'b', with single spaces. Version 2 (--language-version 2, in tenants with extended portability) also has or, in, ne and nested claims.")
EXPRESSION_CLAIMS     = graph("InvalidFederatedIdentityCredentialValue", 400, CALLER, _FRAME.format("Expression configured for issuer '{issuer}' either lacks all required claims or contains unallowed claims"), mark="V",
                              advice="Entra ID allows a few claims per issuer and demands an id among them; extended portability takes any.")
ISSUER_FORBIDDEN      = graph("InvalidFederatedIdentityCredentialValue", 400, CALLER, "FederatedIdentityCredential.Issuer value '{issuer}' not allowed as per assigned policy '{policy}'.", mark="R",
                              advice="The tenant allows other issuers only (accredit tenant show); whoever sets its policy may add this one: accredit tenant update --allow-issuer.")
IDS_MISSING           = graph("InvalidFederatedIdentityCredentialValue", 400, CALLER, "FederatedIdentityCredential.{property} value '{value}' not allowed as per assigned policy '{policy}'.", mark="A",
                              advice="The tenant demands that trust names what it trusts by ids that are never given to anybody else (accredit tenant show); accredit explain and accredit lint say which.")
LINT_BLOCKS           = graph("InvalidFederatedIdentityCredentialValue", 400, CALLER, "The trust breaks rules that the tenant enforces: {rules}.", mark="A",
                              advice="Change what is named, or override with a reason, which is recorded: accredit credential add or accredit credential update, with --override REASON, or the header accredit-override.")
VALUE_TAKEN           = graph("Request_MultipleObjectsWithSameKeyValue", 400, CALLER, "Another object with the same value for property {property} already exists.", mark="A",
                              advice="Choose another value, or change the object that has this one.")
IDENTIFIER_TAKEN      = graph("Request_BadRequest", 400, CALLER, "Another object with the same value for property {property} already exists.", mark="A",
                              advice="Choose another identifier, or take it from the application that has this one.")
REFERENCE_EXISTS      = graph("Request_BadRequest", 400, CALLER, "One or more added object references already exist for the following modified properties: '{property}'.", mark="A",
                              advice="Nothing needs to be done: it is there already.")
PRINCIPAL_EXISTS      = graph("Request_MultipleObjectsWithSameKeyValue", 409, CALLER, "The service principal cannot be created, updated, or restored because the service principal name {client} is already in use.", mark="A",
                              advice="It is there already: accredit sp list.")
APPLICATION_ABSENT    = graph("Request_BadRequest", 400, CALLER, "The appId '{client}' of the service principal does not reference a valid application object.", mark="A",
                              advice="Register the application first: accredit app create NAME.")
ASSIGNMENT_EXISTS     = graph("Request_BadRequest", 400, CALLER, "Permission being assigned already exists on the object", mark="A",
                              advice="Nothing needs to be done: accredit permission list.")
PERMISSION_UNKNOWN    = graph("Request_BadRequest", 400, CALLER, "Permission being assigned was not found on application", mark="A",
                              advice="Grant an app role that the resource offers, that is enabled, and that applications may have.")
ROLE_ENABLED          = graph("CannotDeleteOrUpdateEnabledEntitlement", 400, CALLER, "Permission (scope or role) cannot be deleted or updated unless disabled first.", mark="A",
                              advice="Disable the role first.")
CHANGED_MEANWHILE     = graph("Request_ConcurrencyViolation", 409, CALLER, "The object was changed by somebody else at the same time.", mark="A",
                              advice="Read it again and repeat the change.")
TOKEN_EMPTY           = graph("InvalidAuthenticationToken", 401, CALLER, "Access token is empty.", mark="A",
                              advice="Send Authorization: Bearer with a token for Microsoft Graph: scope https://graph.microsoft.com/.default.")
TOKEN_HOST_HINT       = graph("InvalidAuthenticationToken", 401, CALLER, "Access token is empty. The client sent no Authorization header: the SDK compares its allowed hosts without the port, so list the host name alone ({host}, not {host_and_port}).", mark="A",
                              advice="allowed_hosts=['localhost'] in the SDK's AzureIdentityAuthenticationProvider.")
TOKEN_REFUSED         = graph("InvalidAuthenticationToken", 401, CALLER, "Access token validation failure. {reason}", mark="A",
                              advice="Ask this authority for a new token, for Microsoft Graph, in the tenant that you mean.")
PRIVILEGES_MISSING    = graph("Authorization_RequestDenied", 403, CALLER, "Insufficient privileges to complete the operation.", mark="V",
                              advice="Grant the calling application one of the roles that this call needs: accredit permission grant.")
QUERY_SYNTAX          = graph("BadRequest", 400, CALLER, "Invalid {option} clause: {reason}", mark="A",
                              advice="Microsoft Graph's form is: $filter=startswith(displayName,'a') and appId eq 'b'.")
QUERY_UNSUPPORTED     = graph("Request_UnsupportedQuery", 400, CALLER, "Unsupported or invalid query filter clause specified for property '{property}' of resource '{kind}'.", mark="A",
                              advice="Ask by another property, or read all and choose in the client.")
SEGMENT_EMPTY         = graph("BadRequest", 400, CALLER, "The request URI is not valid. Since the segment '{segment}' refers to a collection, this must be the last segment in the request URI or it must be followed by an function or action that can be bound to it otherwise all intermediate segments must refer to a single resource.", mark="A",
                              advice="A key is missing after that segment.")
DELEGATED_ONLY        = graph("BadRequest", 400, CALLER, "/me request is only valid with delegated authentication flow.", mark="V",
                              advice="Nobody signs in here but applications: name the object, such as /servicePrincipals/ID.")
BODY_NOT_JSON         = graph("BadRequest", 400, CALLER, "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.", mark="A",
                              advice="Send one JSON object, in UTF-8, without duplicate members.")
GRAPH_PATH_UNKNOWN    = graph("BadRequest", 404, CALLER, "Resource not found for the segment '{segment}'.", mark="A",
                              advice="This part of Microsoft Graph is not served here: see docs.")
GRAPH_VERSION         = graph("BadRequest", 404, CALLER, "Invalid version: {version}. The paths of this API begin with /v1.0 or /beta.", mark="A",
                              advice="Give the client a base URL that ends in /v1.0, or in /beta.")
GRAPH_VERB            = graph("BadRequest", 405, CALLER, "Specified HTTP method is not allowed for the request target. Allowed: {valid_verbs}.", mark="A",
                              advice="Use one of the methods that are named.")
BATCH_INVALID         = graph("BadRequest", 400, CALLER, "Invalid batch payload format: {reason}", mark="A",
                              advice="At most 20 requests, each with an id of its own, a method and a url.")
BATCH_DEPENDENCY      = graph("FailedDependency", 424, CALLER, "Failed Dependency", mark="A",
                              advice="A request that this one depends on was refused.")
FIC_EMPTY             = graph("Request_BadRequest", 400, CALLER, "Federated Identity Credential from HTTP body has empty properties", mark="V",
                              advice="Send name, issuer, subject and audiences.")
GRAPH_THROTTLED       = graph("TooManyRequests", 429, CALLER, "Too many requests.", mark="A",
                              advice="Wait as long as Retry-After says.")
GRAPH_BROKEN          = graph("InternalServerError", 500, US, "An unexpected error occurred; it is recorded under the request id.", mark="A",
                              advice="The server's log has more under that id.")

# ── Azure resources, as Azure Resource Manager says it ───────────────────────────────────────────────────────────────
ARM_VERSION_MISSING   = graph("MissingApiVersionParameter", 400, CALLER, "The api-version query parameter (?api-version=) is required for all requests.", mark="A",
                              advice="Add ?api-version=2022-12-01; any value is accepted.")
ARM_UNAUTHORIZED      = graph("AuthorizationFailed", 403, CALLER, "The client '{client}' with object id '{principal}' does not have authorization to perform action '{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.", mark="A",
                              advice="Role assignments are written with AppRoleAssignment.ReadWrite.All or Application.ReadWrite.All on Microsoft Graph: accredit permission grant.")
ARM_NOT_FOUND         = graph("ResourceNotFound", 404, CALLER, "The resource '{path}' could not be found.", mark="A",
                              advice="There are no Azure resources here: subscriptions, tenants, role definitions and role assignments are all that is served.")
SUBSCRIPTION_UNKNOWN  = graph("SubscriptionNotFound", 404, CALLER, "The subscription '{subscription}' could not be found.", mark="A",
                              advice="Each tenant has one subscription: GET /subscriptions names it.")
ARM_QUERY_UNSUPPORTED = graph("UnsupportedQuery", 400, CALLER, "The query option '{option}' is not supported: {reason}", mark="A",
                              advice="Filters are those of the Azure CLI: atScope(), principalId eq 'ID', assignedTo('ID'), roleName eq 'NAME'.")
ARM_BODY_INVALID      = graph("InvalidRequestContent", 400, CALLER, "The request content was invalid and could not be deserialized: '{reason}'.", mark="A",
                              advice='The form is: {"properties":{"roleDefinitionId":"ID","principalId":"ID"}}.')
ROLE_ASSIGNED         = graph("RoleAssignmentExists", 409, CALLER, "The role assignment already exists.", mark="A",
                              advice="Nothing needs to be done: it is there already, under another name.")
ROLE_ASSIGNMENT_FIXED = graph("RoleAssignmentUpdateNotPermitted", 400, CALLER, "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.", mark="A",
                              advice="Delete the assignment and make another one.")
ROLE_ASSIGNMENT_UNKNOWN = graph("RoleAssignmentNotFound", 404, CALLER, "The role assignment '{id}' is not found.", mark="A",
                              advice="The list of role assignments at its scope shows those that exist.")
ROLE_DEFINITION_UNKNOWN = graph("RoleDefinitionDoesNotExist", 404, CALLER, "The specified role definition with ID '{id}' does not exist.", mark="A",
                              advice="The list of role definitions shows those that exist.")
ASSIGNEE_UNKNOWN      = graph("PrincipalNotFound", 400, CALLER, "Principal {id} does not exist in the directory {tenant}. Check that you have the correct principal ID.", mark="A",
                              advice="principalId is the object id of a service principal of this tenant: accredit sp list.")
ASSIGNEE_KIND         = graph("UnmatchedPrincipalType", 400, CALLER, "The PrincipalId '{id}' has type 'ServicePrincipal', which is different from specified PrincipalType '{kind}'.", mark="A",
                              advice="Leave principalType out, or say ServicePrincipal: there are no users and groups here.")

# ── our own ──────────────────────────────────────────────────────────────────────────────────────────────────────────
NOT_A_JWT             = local(1001, CALLER, "not a JWT", advice='Paste the whole value, without quotes or "Bearer ".')
INPUT_UNREADABLE      = local(1002, CALLER, "{what} cannot be read: {reason}", advice="Check the path and its permissions.")
INPUT_INVALID         = local(1003, CALLER, "{what} is not valid: {reason}", advice="Correct the value and repeat the command.")
DIALECT_UNKNOWN       = local(1004, CALLER, "there is no dialect {name} ({meant})", advice="accredit idp dialects lists them.")
FAULT_UNKNOWN         = local(1005, CALLER, "there is no fault {name} ({meant})", advice="accredit idp faults lists them.")
TENANT_AMBIGUOUS      = local(1006, CALLER, "this directory has {count} tenants", advice="Say which one: --tenant ID or DOMAIN.")
OUTPUT_UNWRITABLE     = local(1007, CALLER, "{what} cannot be written: {reason}", advice="Check the path, its permissions and the free space.")
PRESET_UNKNOWN        = local(1008, CALLER, "there is no preset {name}; {meant}", advice="accredit preset list shows them all.", status=404)
PRESET_FORM           = local(1009, CALLER, "the form of {preset} cannot be used: {reason}", advice="Correct every field that is named and repeat the command.")
MIGRATION_NOT_NOW     = local(1011, CALLER, "{what} cannot be done with {credential}: {reason}", advice="accredit migration list says where each credential stands.", status=409)
NOT_FOUND             = local(2404, CALLER, "This path is not served here.", status=404)
METHOD_NOT_ALLOWED    = local(2405, CALLER, "This path accepts {valid_verbs} only.", status=405)
BODY_TOO_LARGE        = local(2413, CALLER, "The request body is larger than {limit} bytes.", status=413)
MEDIA_TYPE            = local(2415, CALLER, "This path accepts {accepted} only.", status=415)
HOST_NOT_SERVED       = local(2421, CALLER, "This host name is not served here.", status=421)
CROSS_SITE            = local(2403, CALLER, "Requests from other sites are not accepted here.", status=403)
CONTROL_TOKEN         = local(2401, CALLER, "This path needs the control token.", status=401)
BROKEN                = local(2500, US, "An unexpected error occurred; it is recorded under the trace id.", status=500, error="server_error")
NOT_IMPLEMENTED       = local(2501, CALLER, "accredit signs in workloads only; there is no interactive sign-in here.", status=501, error="unsupported_response_type")
SETTING_INVALID       = local(3001, OPERATOR, "setting {name}: {reason}", advice="accredit config show says where each value comes from.")
EMULATOR_MARK         = local(3002, OPERATOR, "{what} bears a mark of the emulator and is never accepted by a production profile", advice="Make a new data directory: accredit init.")
MASTER_KEY            = local(3003, OPERATOR, "the master key {reason}", advice="Put back the key file that accredit init made, 0600 and owned by the server's user; without it the signing keys stay closed.")
OVERRIDE_INVALID      = local(3004, OPERATOR, "override of refusal {name}: {reason}", advice="Name a row of the catalogue and placeholders that it has.")
PORT_TAKEN            = local(3005, OPERATOR, "setting {name}: {address} is in use already", advice="End the program that listens there (ss -ltnp names it), or choose another port: --port, --admin-port.", status=409)
DATA_EXISTS           = local(3006, OPERATOR, "a database exists already: {path}", advice="Serve it (accredit serve), or make one elsewhere: accredit init --domain DOMAIN --data DIR.", status=409)
DATA_IN_USE           = local(3007, OPERATOR, "another server is serving {path}", advice="Stop that server, or give this one a data directory of its own: --data DIR.", status=409)
ADDRESS_UNUSABLE      = local(3008, OPERATOR, "setting {name}: cannot listen on {address}: {reason}", advice="Name an address of this machine; a port below 1024 needs a right of its own.")
TLS_UNUSABLE          = local(3009, OPERATOR, "the TLS certificate cannot be used: {reason}", advice="tls.certificate and tls.key name PEM files: a chain, and its key without a password.")
DATA_OPEN             = local(3010, OPERATOR, "the directory {path} is open to other users (mode {mode})", advice="accredit init changes no directory that exists: chmod 700 it, or name one that does not exist.")
SCHEMA_UNKNOWN        = local(4001, OPERATOR, "the database has schema {found}, this version needs {needed}", advice="accredit db status says which of the two is older: then accredit db upgrade, or a newer accredit.")
STORE_MISSING         = local(4002, OPERATOR, "there is no database at {path}", advice="Name the directory that holds one (--data DIR or ACCREDIT_DATA), or make one: accredit init --domain DOMAIN.")
STORE_BUSY            = local(4003, US, "the database is busy or cannot be written: {reason}", advice="Repeat the command; look at disk space, permissions, and whether another program holds the database.", status=503)
KEY_STATE             = local(4004, CALLER, "signing key {kid} is {state}: {reason}", advice="accredit keys list shows every key and its state.", status=409)
STORE_DAMAGED         = local(4005, OPERATOR, "the database is damaged: {reason}", advice="Stop the server and open the file with nothing else; put back a copy, or save what can be read: accredit db recover --to FILE. accredit db check says more.", status=500)
STORE_FOREIGN         = local(4006, OPERATOR, "{path} is not a database of accredit", advice="Move it away, or name another directory (--data DIR, ACCREDIT_DATA); accredit init --domain DOMAIN makes a new one.", status=409)
ISSUER_IN_USE         = local(4007, CALLER, "credentials name the issuer {issuer}: {count}", advice="Delete them first (accredit credential list APP), or accept nothing that it signed: accredit issuer block.", status=409)
STORE_UNLIKE          = local(4008, US, "the database cannot answer what this version asks: {reason}", advice="accredit db status says whether its schema is this version's, and then accredit db check whether all is well in it; if so, it is a fault of accredit: repeat the command with -vv and report what it prints.", status=500)
AUTHORITY_UNREACHABLE = local(5001, OUTSIDE, "the authority at {url} cannot be reached: {reason}", advice="Compare the address with what accredit serve prints; its CA is named by --ca-file or ACCREDIT_CA_FILE.", status=503)
SIGN_IN_NEEDED        = local(5002, CALLER, "nobody is signed in at {url}: {reason}", advice="accredit login URL, or ACCREDIT_CLIENT_ID with ACCREDIT_CLIENT_SECRET, or ACCREDIT_TOKEN; for the store on this machine: --local.", status=401)
PROFILE_UNKNOWN       = local(5003, CALLER, "there is no profile {name} (there are: {known})", advice="accredit login URL --name NAME makes one.", status=404)
HOST_ONLY             = local(5004, CALLER, "{url} does not do this over its API: it concerns more than one tenant, or the machine itself", advice="Run it on the host of the authority, with --local.", status=403)
SERVER_ONLY           = local(5005, CALLER, "{what} is for a running authority, and this is the store of one", advice="Sign in to it: accredit login URL; then the same command asks it.")
SOURCE_UNKNOWN        = local(5010, CALLER, "there is no token source {name}; {meant}", advice="accredit token sources lists them.", status=404)
SOURCE_NONE           = local(5011, CALLER, "no platform was recognised here that gives its workloads a token", advice="Say where the token comes from: --source NAME; accredit token sources says what each one looks for.", status=404)
SOURCE_MISSING        = local(5012, CALLER, "{source} has no token here: {reason}", advice="accredit token sources says what each source looks for.")
SOURCE_REFUSED        = local(5013, CALLER, "{source} gave no token: {reason}", advice="What the platform wants for it is in docs/token-sources.md.", status=403)
SOURCE_UNREACHABLE    = local(5014, OUTSIDE, "{source} cannot be asked at {url}: {reason}", advice="Repeat it; if this is not the platform that you meant, say which: --source NAME.", status=503)
SOURCE_EXTRA          = local(5015, CALLER, "{source} needs packages that are not installed", advice="They come as extras of accredit: pip install 'accredit[aws]' or 'accredit[spiffe]'.")
SOURCE_SPENT          = local(5016, CALLER, "the token that {source} gave this job {reason}, and there is no other", advice="Ask for the access token while the job's own is valid, or have the platform make it live longer.", status=403)
SOURCE_AUDIENCE       = local(5017, CALLER, "{source} gave a token for {found}, not for {audience}", advice="Have the platform make it for that audience, or trust the one that it has: accredit credential add --audience.", status=403)
# fmt: on


def _catalogue() -> Mapping[str, Row]:
    rows = {name: replace(value, name=name) for name, value in globals().items() if isinstance(value, Row)}
    globals().update(rows)
    return rows


CATALOGUE: Final = _catalogue()
"""Every row by its name here; names are unique, codes are not (700027 has three texts)."""

_CHANGEABLE: Final[Mapping[str, type]] = {"error": str, "status": int, "template": str, "uri": bool}
_STATUSES: Final = range(400, 600)
_ERROR: Final = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]+")  # RFC 6749 section 5.2


def override(changes: Mapping[str, Mapping[str, object]]) -> Mapping[str, Row]:
    """Return the catalogue with an operator's changes, keyed by row name or by a code that only one row has.

    Raises ``Refused(OVERRIDE_INVALID)`` for an unknown row, member or placeholder, for a value of another type and for
    a text that cannot be filled in: a mistake must not silently leave the old text in force, nor break an answer later.
    """
    rows = dict(CATALOGUE)
    for name, change in changes.items():
        row = _named(name)
        try:
            rows[row.name] = _changed(row, change)
        except ValueError as error:
            raise Refused(OVERRIDE_INVALID, name=name, reason=str(error)) from error
    return rows


def _changed(row: Row, change: Mapping[str, object]) -> Row:
    if unknown := change.keys() - _CHANGEABLE.keys():
        raise ValueError(f"unknown members {sorted(unknown)}")
    for member, value in change.items():
        if type(value) is not _CHANGEABLE[member]:
            raise ValueError(f"{member} is of type {type(value).__name__}, not {_CHANGEABLE[member].__name__}")
    changed = replace(row, **change)  # type: ignore[arg-type]  # names and types were checked
    if changed.status not in _STATUSES:
        raise ValueError(f"status {changed.status} is no refusal: 400 to 599 are")
    if changed.family == "sts" and changed.status == _UNAUTHORIZED and changed.error != "invalid_client":
        raise ValueError("status 401 belongs to invalid_client alone")
    if not _ERROR.fullmatch(changed.error):
        raise ValueError("error is empty or has characters that RFC 6749 does not allow")
    _refuse_template(changed)
    return changed


def _refuse_template(row: Row) -> None:
    """Fill the text in once, now. ``ValueError`` for what would fail later, with a caller's value."""
    parts = tuple(Formatter().parse(row.template))
    if any(form or conversion for _, _, form, conversion in parts):
        raise ValueError("a placeholder is a name in braces and nothing else")
    if extra := sorted(_fields(row.template) - row.fields):
        raise ValueError(f"unknown placeholders {extra}")
    row.template.format_map(dict.fromkeys(row.fields, "x"))


def _named(name: str) -> Row:
    if name in CATALOGUE:
        return CATALOGUE[name]
    found = [row for row in CATALOGUE.values() if str(row.code) == name.removeprefix("AADSTS")]
    if len(found) != 1:
        raise Refused(OVERRIDE_INVALID, name=name, reason=f"{len(found)} rows have this name or code")
    return found[0]
