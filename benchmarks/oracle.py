"""Answers, believed only after a library that is not ours has verified the tokens in them (joserfc)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from joserfc import jwt
from joserfc.jwk import KeySet

if TYPE_CHECKING:
    from collections.abc import Sequence


def refuse_unverified(
    samples: Sequence[bytes], key_set: dict[str, Any], *, algorithm: str, expected: dict[str, Any]
) -> None:
    """Stop unless every sample holds a token of this algorithm, by these keys, with these claims and no two alike."""
    keys = KeySet.import_key_set({"keys": key_set["keys"]})
    seen = set()
    for sample in samples:
        text = json.loads(sample)["access_token"]
        token = jwt.decode(text, keys, algorithms=[algorithm])
        jwt.JWTClaimsRegistry(exp={"essential": True}).validate(token.claims)
        wrong = {name: token.claims.get(name) for name in expected if token.claims.get(name) != expected[name]}
        if wrong:
            raise SystemExit(f"a token says {wrong}, expected {expected}")
        seen.add(text)
    if not samples or len(seen) != len(samples):
        raise SystemExit(f"{len(samples)} sampled answers hold {len(seen)} different tokens")
