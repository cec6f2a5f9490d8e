"""Fly.io: a Machine asks ``/.fly/api``, a Unix socket of its own (the Machines API, tokens).

The platform tells Machines apart by their sockets. Here there is one, so it speaks for the Machine that was begun last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accredit.testidp.native import Asked, Environment, Job, Native, json_answer, text_answer

if TYPE_CHECKING:
    from accredit.testidp.outages import Answer

ROUTE: Final = "/v1/tokens/oidc"
SOCKET: Final = "ACCREDIT_FLY_SOCKET"  # read by this project's own source; nobody else's client can be told
LONGEST: Final = 1_000  # characters of an audience
_CONTEXT: Final = {"FLY_APP_NAME": "app_name", "FLY_MACHINE_ID": "machine_id", "FLY_REGION": "region"}


class Fly(Native):
    """A Machine."""

    dialects = ("fly",)
    place = "socket"

    def answer(self, asked: Asked) -> Answer | None:
        """``POST /v1/tokens/oidc {"aud": …}``: the token, as text."""
        if asked.path != ROUTE:
            return None
        if asked.method != "POST":
            return json_answer({"error": "method not allowed"}, 405, allow="POST")
        try:
            audience = asked.json().get("aud")
        except ValueError as error:
            return json_answer({"error": f"the body cannot be read: {error}"}, 400)
        if audience is not None and (not isinstance(audience, str) or len(audience) > LONGEST):
            return json_answer({"error": f"aud must be text of at most {LONGEST} characters"}, 400)
        params = {"audience": audience} if audience else {}
        return text_answer(self.jobs.mint(self.jobs.latest("fly"), params=params).token)

    def environment(self, job: Job) -> Environment:
        """A Machine's variables, and where the socket is: on the platform it is always ``/.fly/api``."""
        claims = self.jobs.mint(job).claims
        context = {variable: str(claims[claim]) for variable, claim in _CONTEXT.items() if claim in claims}
        return Environment({**context, SOCKET: self.jobs.places.socket})
