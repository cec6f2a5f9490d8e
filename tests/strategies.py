"""What hypothesis draws: issuers, subjects, claim sets, compact tokens, and JSON of any shape."""

import json
from base64 import urlsafe_b64encode
from typing import Any

from hypothesis import strategies as st

from tests.forge import AT, AUDIENCE, ISSUER, SUBJECT

ISSUERS = (
    ISSUER,
    "https://token.actions.githubusercontent.com/octo-corp",
    "https://gitlab.com",
    "https://eastus.oic.prod-aks.azure.com/72f988bf-86f1-41af-91ab-2d7cd011db47/cluster/",
    "https://oidc.eks.eu-central-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF",
    "https://accounts.google.com",
)
SUBJECTS = (
    SUBJECT,
    "repo:octo-org@123456/octo-repo@456789:environment:production",
    "project_path:group/project:ref_type:branch:ref:main",
    "system:serviceaccount:default:wl",
    "104297361123456789012",
)


def issuers() -> st.SearchStrategy[str]:
    """Issuers as administrators register them; some close to each other."""
    labels = st.text(alphabet="abcxyz019-", min_size=1, max_size=8).filter(lambda text: text.strip("-") == text)
    made = st.builds(
        lambda a, b, slash: f"https://{a}.{b}.example{slash}", labels, labels, st.sampled_from(["", "/", "/x"])
    )
    return st.sampled_from(ISSUERS) | made


def subjects() -> st.SearchStrategy[str]:
    """Subjects of known platforms, and others: any printable text without white space at its ends."""
    return st.sampled_from(SUBJECTS) | st.text(min_size=1, max_size=60).filter(
        lambda text: text.strip() == text and text.isprintable()
    )


def audiences() -> st.SearchStrategy[Any]:
    """``aud`` as platforms write it: a string or a short list."""
    one = st.just(AUDIENCE) | st.sampled_from(["https://github.com/octo-org", "sts.amazonaws.com"])
    return one | st.lists(one, min_size=1, max_size=3)


def json_values(leaves: int = 20) -> st.SearchStrategy[Any]:
    """Any JSON value within the limits of an assertion."""
    plain = (
        st.none()
        | st.booleans()
        | st.integers(-(2**53) + 1, 2**53 - 1)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20)
    )
    names = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=10)
    return st.recursive(
        plain,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
        max_leaves=leaves,
    ).filter(lambda value: _depth(value) <= 6)


def claim_sets() -> st.SearchStrategy[dict[str, Any]]:
    """Claims of an honest token that is valid at ``forge.NOW``, with further claims of any shape."""
    further = st.dictionaries(st.text(alphabet="abcdefgh_./:#", min_size=1, max_size=12), json_values(6), max_size=4)
    usual = st.fixed_dictionaries(
        {"iss": issuers(), "sub": subjects(), "aud": audiences(), "exp": st.integers(AT + 1, AT + 3600)},
        optional={"iat": st.integers(AT - 600, AT), "nbf": st.integers(AT - 600, AT), "jti": st.text(max_size=20)},
    )
    return st.builds(lambda more, must: {**more, **must}, further, usual)


def odd_claim_sets() -> st.SearchStrategy[dict[str, Any]]:
    """Claims of any type under the names that matter."""
    names = st.sampled_from(["iss", "sub", "aud", "exp", "nbf", "iat", "jti"])
    return st.dictionaries(names | st.text(max_size=6), json_values(6) | audiences() | subjects(), max_size=8)


def headers() -> st.SearchStrategy[dict[str, Any]]:
    """Headers, most of them honest."""
    algs = st.sampled_from(["RS256", "ES256", "EdDSA", "PS384", "HS256", "none", "nOnE", "ES521", ""])
    return st.fixed_dictionaries(
        {"alg": algs | json_values(2)},
        optional={
            "kid": st.text(max_size=300) | json_values(2),
            "typ": st.sampled_from(["JWT", "at+jwt", "dpop+jwt", "JOSE"]) | json_values(2),
            "x5t": st.text(max_size=30),
            "crit": json_values(2),
            "jwk": json_values(3),
            "cty": st.sampled_from(["JWT", "text"]),
        },
    )


def compact_tokens() -> st.SearchStrategy[str]:
    """Compact tokens, honest and not; the signature is of nobody."""
    parts = st.builds(
        lambda header, claims, signature: [_encoded(header), _encoded(claims), _b64(signature)],
        headers(),
        claim_sets() | odd_claim_sets() | json_values(),
        st.binary(max_size=64),
    )
    noise = st.text(alphabet="abcXYZ019-_.=+ \n\u00e9", max_size=80)
    return parts.map(".".join) | noise | st.builds(lambda text, extra: text + extra, parts.map(".".join), noise)


def _encoded(value: Any) -> str:
    return _b64(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"))


def _b64(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list) else 0
