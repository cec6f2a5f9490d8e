"""A dialect and the preset of its platform say the same, though neither was made from the other."""

from collections.abc import Callable, Iterator, Mapping
from types import NoneType
from typing import Any
from urllib.parse import urlsplit

from msgspec.structs import replace

from accredit import trust
from accredit.assertions import EXTENDED, parse, verify
from accredit.errors import Refused
from accredit.issuers import jwks
from accredit.testidp import Dialect, dialects
from accredit.trust import presets
from accredit.trust.presets import ledger
from accredit.trust.presets.model import Preset
from tests.forge import NOW
from tests.support.trusting import trusted
from tests.testidp.workbench import answering, shared
from tests.trust.presets.platforms import GOLDENS, Golden, held, rendered

TIED = {name: presets.preset(each.preset) for name, each in dialects().items() if each.preset}
TYPES = {str: "string", int: "integer", bool: "boolean", list: "list", dict: "object", NoneType: "null"}
# What platforms of the family of one preset have of their own
KEYS_ELSEWHERE = {"eks": "/keys", "gke": "/jwks"}
# Sets of claims that show what must be refused: where the platform breaks its own rule
OUT_OF_ORDER = {"kubernetes_legacy_secret", "spiffe_without_iss", "cognito_access", "nomad_without_exp"}

Law = Callable[[Dialect, Preset], Iterator[str]]


def tokens(dialect: Dialect) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    """Yield name, header and claims of a dialect's tokens: the one that nobody asked anything of, and its samples."""
    for name in ("", *dialect.samples):
        if name not in OUT_OF_ORDER:
            minted = shared().mint({"dialect": dialect.name, **({"sample": name} if name else {})})
            yield name or "by default", minted.header, minted.claims


def the_name(dialect: Dialect, preset: Preset) -> Iterator[str]:
    if preset.id not in (dialect.name, *dialect.aliases) and dialect.name not in preset.aliases:
        yield f"neither is called {preset.id} here, nor {dialect.name} there"


def the_issuer(dialect: Dialect, preset: Preset) -> Iterator[str]:
    """A platform's issuer is recognised as that platform's, and never as another's."""
    for name, _, claims in tokens(dialect):
        issuer = str(claims["iss"])
        recognised = presets.recognise(issuer, str(claims["sub"]))
        if recognised is not None and recognised.id != preset.id and dialect.name != "azure_devops":
            yield f"{name}: {issuer} is recognised as {recognised.id}"
        if preset.issuer.kind == "fixed" and issuer not in preset.issuer.canonical:
            yield f"{name}: {issuer} is none of {preset.issuer.canonical}"
        if preset.issuer.kind == "template" and recognised is None:
            yield f"{name}: {issuer} is not recognised"


def the_keys(dialect: Dialect, preset: Preset) -> Iterator[str]:
    """Where the preset says a path, the dialect's issuer and path end in it; or it in the path, on another host."""
    wanted = KEYS_ELSEWHERE.get(dialect.name) or preset.keys.jwks_path or urlsplit(preset.keys.jwks_url).path
    if not (dialect.issuer.rstrip("/") + dialect.jwks_path).endswith(wanted) and not wanted.endswith(dialect.jwks_path):
        yield f"keys are at {dialect.jwks_path}, and by the preset at {wanted}"
    if (preset.keys.source == "jwks_url") == bool(dialect.discovery_paths):
        yield f"the preset reads keys by {preset.keys.source}, and discovery is at {dialect.discovery_paths}"


def the_header(dialect: Dialect, preset: Preset) -> Iterator[str]:
    expected = preset.expectations
    for algorithm in dialect.algorithms:
        if algorithm not in expected.algorithms:
            yield f"{algorithm} is not in {expected.algorithms}"
    for name, header, _ in tokens(dialect):
        if header.get("typ") not in (expected.typ or (None,)) and not (expected.typ and "typ" not in header):
            yield f"{name}: typ {header.get('typ')} is not in {expected.typ}"
        if expected.kid_required and "kid" not in header:
            yield f"{name}: no kid"


def the_dates(dialect: Dialect, preset: Preset) -> Iterator[str]:
    longest = preset.expectations.max_lifetime
    if longest is not None and dialect.lifetime > longest:
        yield f"it lives {dialect.lifetime} s, and by the preset {longest} s at most"
    for name, _, claims in tokens(dialect):
        if preset.expectations.exp_required and "exp" not in claims:
            yield f"{name}: no exp"
        if preset.expectations.jti and "jti" not in claims:
            yield f"{name}: no jti"


def the_audience(dialect: Dialect, preset: Preset) -> Iterator[str]:
    shapes = {"string": (str,), "list": (list,), "either": (str, list)}[preset.audience.shape]
    for name, _, claims in tokens(dialect) if not preset.unsupported else ():
        if not isinstance(claims.get("aud"), shapes):
            yield f"{name}: aud {claims.get('aud')} is not of the shape {preset.audience.shape}"


def the_claims(dialect: Dialect, preset: Preset) -> Iterator[str]:
    """Every claim is in the preset's ledger, with the type that it says."""
    for name, _, claims in tokens(dialect):
        for claim, kind in ledger.unlisted(preset, claims).items():
            yield f"{name}: {claim} ({kind}) is not in the ledger"
        yield from (f"{name}: {each}" for each in _mistyped(preset, (), claims))


def _mistyped(preset: Preset, above: tuple[str, ...], claims: Mapping[str, Any]) -> Iterator[str]:
    for name, value in claims.items():
        path = (*above, name)
        row = preset.claim(path)
        kind = TYPES[type(value)]
        if path != ("aud",) and row is not None and kind != row.type and not (row.nullable and kind == "null"):
            yield f"{'.'.join(path)} is {kind}, and in the ledger {row.type}"
        if isinstance(value, dict):
            yield from _mistyped(preset, path, value)


def the_subject(dialect: Dialect, preset: Preset) -> Iterator[str]:
    """Every subject is of a form that the preset can take apart."""
    for name, _, claims in tokens(dialect):
        if preset.subject_forms and claims["sub"] and preset.read_subject(str(claims["sub"])) is None:
            yield f"{name}: no form fits {claims['sub']}"


def the_samples(dialect: Dialect, preset: Preset) -> Iterator[str]:
    unknown = {*dialect.samples} - {*preset.samples} - OUT_OF_ORDER
    if unknown:
        yield f"the preset does not name {sorted(unknown)}"


LAWS: tuple[Law, ...] = (
    *(the_name, the_issuer, the_keys, the_header, the_dates),
    *(the_audience, the_claims, the_subject, the_samples),
)


def test_dialects_and_presets_say_the_same():
    broken = [
        f"{name}, {law.__name__}: {says}"
        for name, preset in TIED.items()
        for law in LAWS
        for says in law(dialects()[name], preset)
    ]
    assert broken == []


def test_every_platform_with_samples_is_spoken_by_a_dialect():
    spoken = {preset.id for preset in TIED.values()}
    assert {name for name in presets.ids() if presets.preset(name).samples} - spoken == set()
    assert {*dialects()} - {*TIED} == {"custom"}


AUDIENCE = "api://AzureADTokenExchange"
GITHUB = {"org": "o", "org_id": "11", "repo": "r", "repo_id": "22"}
GITHUB_PARAMS = {"repository": "o/r", "repository_owner_id": 11, "repository_id": 22}
KUBERNETES = {"namespace": "prod", "service_account": "api"}
EKS = "https://oidc.eks.us-west-2.amazonaws.com/id/FEDCBA9876543210FEDCBA9876543210"
AKS = "https://eastus.oic.prod-aks.azure.com/22222222-2222-4333-8444-555555555555/33333333-7777-4888-8999-000000000000/"
GKE = "https://container.googleapis.com/v1/projects/p-2/locations/us-east1/clusters/test"
UUID_1, UUID_2, UUID_3 = (f"0000{n}000-aaaa-4bbb-8ccc-ddddeeeeffff" for n in (1, 2, 3))

# preset, mode, its form; dialect, and the parameters that correspond: nothing here is a default of either
CORRESPONDING: dict[str, tuple[str, str | None, dict[str, str], str, dict[str, Any]]] = {
    "an environment with a colon": (
        *("github_actions", "immutable", GITHUB | {"value": "a:b"}),
        *("github", GITHUB_PARAMS | {"environment": "a:b"}),
    ),
    "a branch, by names": (
        *("github_actions", "legacy", {"org": "o", "repo": "r", "entity": "branch", "value": "x"}),
        *("github_actions", GITHUB_PARAMS | {"branch": "x", "immutable": False}),
    ),
    "pull requests": (
        *("github_actions", None, GITHUB | {"entity": "pull_request"}),
        *("github", GITHUB_PARAMS | {"pull_request": 9}),
    ),
    "a folder of branches": (
        *("github_actions", "branches", GITHUB | {"folder": "release"}),
        *("github", GITHUB_PARAMS | {"branch": "release/2"}),
    ),
    "an enterprise's own issuer": (
        *("github_actions", None, GITHUB | {"value": "p", "enterprise": "big"}),
        *("github", GITHUB_PARAMS | {"environment": "p", "enterprise": "big", "enterprise_issuer": True}),
    ),
    "GHE.com": (
        *("github_actions", None, GITHUB | {"value": "p", "subdomain": "big"}),
        *("github", GITHUB_PARAMS | {"environment": "p", "subdomain": "big"}),
    ),
    "a server's tag": (
        *("ghes", None, {"hostname": "git.example", "org": "o", "repo": "r", "entity": "tag", "value": "v1"}),
        *("ghes", {"issuer": "https://git.example/_services/token", "repository": "o/r", "tag": "v1"}),
    ),
    "a tag of a GitLab of one's own": (
        *(
            "gitlab",
            None,
            {"host": "gitlab.example.com", "group": "a/b", "project": "c", "ref_type": "tag", "ref": "v"},
        ),
        *("gitlab", {"issuer": "https://gitlab.example.com", "project_path": "a/b/c", "tag": "v"}),
    ),
    "protected branches, for an environment": (
        *("gitlab", "protected", {"group": "a", "project": "c", "project_id": "7", "environment": "e"}),
        *("gitlab", {"project_path": "a/c", "project_id": 7, "branch": "rel/1", "environment": "e"}),
    ),
    "a service account of Google": (
        *("google_cloud", None, {"sa_unique_id": "109876543210987654321"}),
        *("google", {"unique_id": "109876543210987654321"}),
    ),
    "a user of AWS with a path": (
        *("aws_outbound", None),
        {
            "issuer": f"https://{UUID_1}.tokens.sts.global.api.aws",
            "account": "001234567890",
            "principal": "user",
            "path": "a/b",
            "name": "n",
        },
        "aws_outbound",
        {
            "issuer": f"https://{UUID_1}.tokens.sts.global.api.aws",
            "account": "001234567890",
            "principal": "user",
            "path": "a/b",
            "name": "n",
            "algorithm": "ES384",
        },
    ),
    "a cluster of one's own, by the account's uid": (
        *("kubernetes", "uid", KUBERNETES | {"cluster_issuer": "https://k8s.example", "uid": UUID_2}),
        *("kubernetes", KUBERNETES | {"issuer": "https://k8s.example", "service_account_uid": UUID_2}),
    ),
    "EKS": (
        *("kubernetes", None, KUBERNETES | {"flavour": "eks", "cluster_issuer": EKS}),
        *("eks", KUBERNETES | {"issuer": EKS}),
    ),
    "AKS": (
        *("kubernetes", None, KUBERNETES | {"flavour": "aks", "cluster_issuer": AKS}),
        *("aks", KUBERNETES | {"issuer": AKS}),
    ),
    "GKE": (
        *("kubernetes", None, KUBERNETES | {"flavour": "gke", "cluster_issuer": GKE}),
        *("gke", KUBERNETES | {"issuer": GKE}),
    ),
    "a SPIFFE id": (
        *("spiffe", None, {"issuer": "https://spire.example", "spiffe_id": "spiffe://td.example/a"}),
        *("spiffe", {"issuer": "https://spire.example", "spiffe_id": "spiffe://td.example/a", "algorithm": "PS384"}),
    ),
    "a plan in Europe": (
        *("terraform", "exact"),
        {
            "host": "app.eu.terraform.io",
            "organization": "o",
            "project": "P Q",
            "workspace": "w",
            "run_phase": "plan",
        },
        "terraform",
        {
            "issuer": "https://app.eu.terraform.io",
            "organization": "o",
            "project": "P Q",
            "workspace": "w",
            "run_phase": "plan",
        },
    ),
    "a service connection": (
        *("azure_devops", None),
        {"organization_id": UUID_1, "organization": "o", "project": "p", "connection": "c"},
        *("azure_devops", {"organization_id": UUID_1, "organization": "o", "project": "p", "connection": "c"}),
    ),
    "a service connection with the Entra issuer": (
        *("azure_devops", None),
        {
            "generation": "entra",
            "entra_issuer": f"https://login.microsoftonline.com/{UUID_1}/v2.0",
            "entra_subject": f"/eid1/c/pub/t/{'C' * 22}/a/{'D' * 22}/sc/{UUID_2}/{UUID_3}",
        },
        "azure_devops",
        {
            "form": "entra",
            "tenant_id": UUID_1,
            "tenant_code": "C" * 22,
            "application_code": "D" * 22,
            "organization_id": UUID_2,
            "connection_id": UUID_3,
        },
    ),
    "a managed identity, version 1": (
        *("managed_identity", None, {"tenant_id": UUID_1, "principal_id": UUID_2, "token_version": "v1"}),
        *("entra", {"tenant_id": UUID_1, "principal_id": UUID_2, "version": "v1"}),
    ),
}


def unmatched(trust_: presets.Rendered, request: Mapping[str, Any]) -> str | None:
    """Say why a token does not match what a form was rendered to, or is not verified; ``None``: it does and is."""
    stored = held(trust_)
    record = replace(stored.issuer, algorithms=EXTENDED.algorithms)
    try:
        token = parse(shared().mint(request).token, EXTENDED)
        chosen = trust.choose(token, trusted(stored))
        found = answering(trust_.issuer, str(request["dialect"]))
        published = shared().key_set(urlsplit(found.address).path + found.dialect.jwks_path)
        verify(token, record, jwks.parse(published, record), NOW)
    except Refused as refused:
        return f"{refused.row.name}: {refused}"
    return None if chosen == (stored,) else "it is not chosen"


def test_a_token_matches_the_trust_that_its_platforms_form_gives():
    wrong = {}
    for case, (name, mode, form, dialect, params) in CORRESPONDING.items():
        given = presets.render(presets.preset(name), form, mode=mode, audience=AUDIENCE)
        asked = {"dialect": dialect, "params": {"audience": AUDIENCE, **params}}
        if (said := unmatched(given, asked)) is not None:
            wrong[case] = said
    assert wrong == {}


def test_a_sample_matches_the_trust_that_its_platforms_form_gives():
    wrong = {case: said for case, golden in GOLDENS.items() if (said := unmatched(rendered(golden), _sample(golden)))}
    assert wrong == {}


def _sample(golden: Golden) -> dict[str, str]:
    return {"dialect": golden.preset, "sample": golden.sample}


def test_the_proven_presets_of_dialects_have_tokens_that_match():
    seen = {name for name, *_ in CORRESPONDING.values()} | {golden.preset for golden in GOLDENS.values()}
    proven = {preset.id for preset in TIED.values() if preset.standing == "proven"}
    assert {presets.preset(each).id for each in seen} >= proven
