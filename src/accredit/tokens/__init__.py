"""What we hand out: the scope that asks for it, its claims, and the keys that sign it."""

from accredit.tokens.claims import V2, AccessToken, Grant, Proof, claims, issuer, uti
from accredit.tokens.keys import SigningKey, key_set
from accredit.tokens.scope import read_scope

__all__ = ["V2", "AccessToken", "Grant", "Proof", "SigningKey", "claims", "issuer", "key_set", "read_scope", "uti"]
