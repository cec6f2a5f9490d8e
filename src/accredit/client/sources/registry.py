"""All sources, by name, in the order in which they are looked for.

Rule 1: a source is imported when it is asked for, and not before.
Rule 2: what stands behind a source (``proven``) is a file of the test suite, or it is said that nothing does.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Final, Literal

from accredit.client.sources.source import Surroundings
from accredit.errors import INPUT_INVALID, SOURCE_NONE, SOURCE_UNKNOWN, Refused

if TYPE_CHECKING:
    from accredit.client.sources.source import Detection, Source

Proof = Literal["client", "endpoint", "program", "surroundings", "nothing"]
"""``client``: an unmodified client of the platform gets the same token at the same place. ``endpoint``: the source asks
the platform's endpoint as the test issuer plays it. ``program``: a program in the place of the platform's own.
``surroundings``: variables or files as the platform is documented to leave them."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a source without importing it."""

    name: str
    place: str  # module:Class
    title: str
    reads: str  # where the token comes from, in a few words
    proof: Proof
    proven: str  # by what, in a few words
    test: str  # the file that shows it
    aliases: tuple[str, ...] = ()
    automatic: bool = True  # looked for when none is named
    asks: bool = False  # looking for it takes a request or a foreign package
    extra: str = ""  # of this package, that it needs


def _known(name: str, class_: str, title: str, reads: str, proven: tuple[Proof, str, str], **more: object) -> Known:
    return Known(name, f"{name}:{class_}", title, reads, *proven, **more)  # type: ignore[arg-type]  # members of Known


_HERE: Final = "tests/client/sources/test_variables.py"
_VARIABLES: Final[tuple[Proof, str, str]] = ("surroundings", "the job's variables as the test issuer plays them", _HERE)

SOURCES: Final[tuple[Known, ...]] = (
    _known(
        "github_actions",
        "GithubActions",
        "GitHub Actions",
        "`ACTIONS_ID_TOKEN_REQUEST_URL`",
        ("client", "PyPI id", "tests/clients/platforms/test_id.py"),
        aliases=("github", "github_enterprise_server", "ghes"),
    ),
    _known(
        "azure_devops",
        "AzureDevops",
        "Azure Pipelines",
        "`SYSTEM_OIDCREQUESTURI`",
        ("client", "azure-identity (AzurePipelinesCredential)", "tests/clients/platforms/test_azure_pipelines.py"),
        aliases=("azure_pipelines", "azure-pipelines"),
    ),
    _known("gitlab", "Gitlab", "GitLab CI", "the variable of `id_tokens`", _VARIABLES),
    _known(
        "buildkite",
        "Buildkite",
        "Buildkite",
        "`buildkite-agent oidc request-token`",
        ("program", "a program in the agent's place", "tests/client/sources/test_programs.py"),
    ),
    _known("circleci", "Circleci", "CircleCI", "`circleci run oidc get`, else `CIRCLE_OIDC_TOKEN_V2`", _VARIABLES),
    _known("terraform", "Terraform", "HCP Terraform", "`TFC_WORKLOAD_IDENTITY_TOKEN`", _VARIABLES, aliases=("tfc",)),
    _known("bitbucket", "Bitbucket", "Bitbucket Pipelines", "`BITBUCKET_STEP_OIDC_TOKEN`", _VARIABLES),
    _known("semaphore", "Semaphore", "Semaphore", "`SEMAPHORE_OIDC_TOKEN`", _VARIABLES),
    _known(
        "spacelift", "Spacelift", "Spacelift", "`SPACELIFT_OIDC_TOKEN`, `/mnt/workspace/spacelift.oidc`", _VARIABLES
    ),
    _known("env0", "Env0", "env0", "`ENV0_OIDC_TOKEN`", _VARIABLES),
    _known("vercel", "Vercel", "Vercel", "`VERCEL_OIDC_TOKEN`", _VARIABLES),
    _known(
        "fly",
        "Fly",
        "Fly.io",
        "the Unix socket `/.fly/api`",
        ("endpoint", "the socket as the test issuer plays it", "tests/testidp/native/test_fly.py"),
    ),
    _known(
        "kubernetes_file",
        "KubernetesFile",
        "Kubernetes, a projected token",
        "the file `AZURE_FEDERATED_TOKEN_FILE` names",
        ("client", "the Kubernetes Python client", "tests/clients/platforms/test_kubernetes.py"),
        aliases=("kubernetes", "aks", "eks", "gke"),
    ),
    _known(
        "spiffe",
        "Spiffe",
        "SPIFFE",
        "the Workload API at `SPIFFE_ENDPOINT_SOCKET`",
        ("client", "PyPI spiffe", "tests/clients/platforms/test_spiffe.py"),
        extra="spiffe",
    ),
    _known(
        "google_cloud",
        "GoogleCloud",
        "Google Cloud",
        "the metadata server",
        ("client", "google-auth", "tests/clients/platforms/test_google_auth.py"),
        aliases=("google", "gcp"),
        asks=True,
    ),
    _known(
        "aws_outbound",
        "AwsOutbound",
        "AWS",
        "STS `GetWebIdentityToken`",
        ("client", "boto3", "tests/clients/platforms/test_boto3.py"),
        aliases=("aws",),
        asks=True,
        extra="aws",
    ),
    _known(
        "imds",
        "Imds",
        "Azure, a managed identity",
        "`IDENTITY_ENDPOINT`, or the machine's metadata service",
        ("client", "azure-identity", "tests/clients/platforms/test_managed_identity.py"),
        aliases=("managed_identity",),
    ),
    _known(
        "vault",
        "Vault",
        "Vault, OpenBao",
        "`identity/oidc/token/ROLE` at `VAULT_ADDR`",
        ("endpoint", "the path as the test issuer plays it", "tests/client/sources/test_native.py"),
        aliases=("openbao",),
        automatic=False,
    ),
    _known(
        "client_credentials",
        "ClientCredentials",
        "Keycloak, Auth0, Okta",
        "any token endpoint, by client credentials",
        ("client", "requests-oauthlib", "tests/clients/platforms/test_token_endpoints.py"),
        aliases=("keycloak", "auth0", "okta"),
        automatic=False,
    ),
    _known(
        "jenkins", "Jenkins", "Jenkins", "the variable or file of its credentials binding", _VARIABLES, automatic=False
    ),
    _known(
        "file",
        "File",
        "a file",
        "the file that is named",
        ("surroundings", "a file", "tests/client/sources/test_plain.py"),
        automatic=False,
    ),
    _known(
        "env",
        "Env",
        "a variable",
        "the variable that is named",
        ("surroundings", "a variable", "tests/client/sources/test_variables.py"),
        automatic=False,
    ),
    _known(
        "exec",
        "Exec",
        "another program",
        "what the program prints",
        ("program", "a program", "tests/client/sources/test_programs.py"),
        automatic=False,
    ),
    _known(
        "stdin",
        "Stdin",
        "standard input",
        "standard input",
        ("surroundings", "standard input", "tests/client/sources/test_plain.py"),
        automatic=False,
    ),
)
"""Every source. Those that are looked for stand first, in the order in which they are."""

AUTO: Final = "auto"


@dataclass(frozen=True, slots=True)
class Looked:
    """What looking for one source has shown. ``detection`` ``None``: another was found before, and it was not asked."""

    known: Known
    detection: Detection | None


def known(name: str) -> Known:
    """Return what is known of a source, by its name or another name of it. ``SOURCE_UNKNOWN``."""
    for each in SOURCES:
        if name == each.name or name in each.aliases:
            return each
    names = [each.name for each in SOURCES]
    near = get_close_matches(name, names, n=1)
    meant = f"did you mean {near[0]}?" if near else f"there are: {', '.join(names)}"
    raise Refused(SOURCE_UNKNOWN, name=name, meant=meant)


def source(name: str, around: Surroundings | None = None, **options: object) -> Source:
    """Make a source. ``SOURCE_UNKNOWN``.

    ``options``: what is said of it by name, as its class has it; ``INPUT_INVALID`` for one that it does not have.
    """
    found = known(name)
    module, _, class_ = found.place.partition(":")
    made = getattr(import_module(f"accredit.client.sources.{module}"), class_)
    takes = [each.name for each in fields(made) if each.name != "around"]
    for each in options:
        if each not in takes:
            has = f"it takes {', '.join(takes)}" if takes else "it takes none"
            raise Refused(INPUT_INVALID, what=f"the option {each} of {found.name}", reason=has)
    built: Source = made(around or Surroundings(), **options)
    return built


def look(around: Surroundings) -> list[Looked]:
    """Look for every platform, in order. Once one is found, no other is asked for that takes a request."""
    seen, found = list[Looked](), False
    for each in SOURCES:
        if not each.automatic:
            continue
        detection = None if found and each.asks else source(each.name, around).detect()
        found = found or (detection is not None and detection.found)
        seen.append(Looked(each, detection))
    return seen


def chosen(seen: list[Looked]) -> list[Known]:
    """Return those that were found, that which is taken first. ``SOURCE_NONE``, which says why it is none of them."""
    found = [each.known for each in seen if each.detection is not None and each.detection.found]
    if not found:
        looked = [(each.known.name, each.detection) for each in seen if each.detection is not None]
        looked.sort(key=lambda each: not each[1].partly)  # this is the platform, most likely
        why = "\n".join(f"{name}: {detection.why}" for name, detection in looked)
        raise Refused(SOURCE_NONE, detail=why)
    return found
