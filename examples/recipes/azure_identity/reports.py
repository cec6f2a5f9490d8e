"""Sends reports to an API of ours, signed in by whatever the surroundings offer."""

import logging

from azure.core.exceptions import ClientAuthenticationError
from azure.identity import DefaultAzureCredential

SCOPE = "api://reports/.default"


class NotAllowed(Exception):
    """Nobody let us in; to try again would change nothing."""


class Reports:
    """What is sent goes through ``post(path, headers=…, json=…)``, such as that of ``requests.Session``."""

    def __init__(self, post):
        self._post = post
        self._credential = DefaultAzureCredential()

    def send(self, report):
        try:
            token = self._credential.get_token(SCOPE).token
        except ClientAuthenticationError as error:
            logging.getLogger(__name__).exception("cannot sign in for %s", SCOPE)
            raise NotAllowed(SCOPE) from error
        return self._post("/reports", headers={"Authorization": f"Bearer {token}"}, json=report)
