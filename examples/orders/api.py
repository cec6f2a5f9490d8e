"""Who may read orders. A web framework would call this for every request."""

from dataclasses import dataclass

import jwt


class Forbidden(Exception):
    """The caller may not."""


@dataclass(frozen=True)
class Guard:
    """Checks access tokens: signature, issuer, audience, dates, role."""

    issuer: str
    audience: str
    keys: jwt.PyJWKClient
    role: str = "Orders.Read.All"

    def caller(self, token: str) -> str:
        """Return who calls. ``Forbidden`` says why nobody does."""
        try:
            key = self.keys.get_signing_key_from_jwt(token)
            claims = jwt.decode(token, key.key, algorithms=["RS256"], issuer=self.issuer, audience=self.audience)
        except jwt.PyJWTError as error:
            raise Forbidden(str(error)) from error
        if self.role not in claims.get("roles", []):
            raise Forbidden(f"the role {self.role} is missing")
        return str(claims["azp"])
