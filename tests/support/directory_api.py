"""The directory API of a running emulator, as its administrator uses it without any library."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import httpx2

from accredit.app import seed
from tests.support.emulator import Emulator


@dataclass(frozen=True)
class DirectoryApi:
    """Calls with the token of the emulator's administrator, who holds every role."""

    emulator: Emulator

    @cached_property
    def token(self) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": str(seed.ADMIN_ID),
            "client_secret": seed.ADMIN_SECRET,
            "scope": f"{self.emulator.url}/.default",
        }
        answer = self.emulator.http.post(self.emulator.token_endpoint(), data=form)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        """Make one call, whatever comes of it. ``path``: from the version on."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.emulator.http.request(
            method,
            f"{self.emulator.url}{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.token}", **named},
        )

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Make one call that must succeed; what it answers."""
        answer = self.send(method, path, body, **headers)
        assert answer.is_success, (method, path, answer.text)
        return answer.json() if answer.content else None
